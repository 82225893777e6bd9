/** Which points of a list are drawn one by one, and which as a density, at the zoom of a frame. */
import { DIM_LAYER, type DrawList, PLAIN_LAYER, RING_LAYER, SELECTED_LAYER } from "./drawlist";
import { smoothstep } from "./look";

/** Points from…to of the list, drawn one by one. */
export interface Batch {
  readonly from: number;
  readonly to: number;
  /** opacity fades with the density's weight */
  readonly faint: boolean;
  /** with rings and outlines */
  readonly rings: boolean;
}

/** Points from…to of the list that the density counts. */
export interface Heap {
  readonly from: number;
  readonly to: number;
  /** faded: not selected, beside a selection that is a heap itself */
  readonly as: "dimmed" | "faded" | "plain" | "selected";
}

export interface Plan {
  /** 0 = points only, 1 = the density replaces all points but the marked ones */
  readonly density: number;
  readonly batches: readonly Batch[];
  readonly heaps: readonly Heap[];
  /** points with a ring that are drawn as such: the most suspicious */
  readonly rings: number;
}

/** A point has this many square pixels to itself where full sizes look right. */
export const ROOMY = 170;
/** CSS pixels of the map a ring at least: more of them would hide the classes. */
const RING_AREA = 700;
/** More selected points than one in so many pixels are drawn as a density too. */
const SELECTED_AREA = 120;
/** Room (see below) where the density has taken over, and where it begins. */
const DENSE = 0.13;
const SPARSE = 0.27;

/** 1: points have the room that they need; less where they crowd. */
export function roomFor(points: number, area: number, zoom: number): number {
  return Math.sqrt(area / (ROOMY * Math.max(1, points))) * zoom;
}

export function planFor(list: DrawList, area: number, zoom: number): Plan {
  const { starts, count } = list;
  const density = 1 - smoothstep(DENSE, SPARSE, roomFor(count, area, zoom));
  const onMap = area * zoom * zoom;
  const rings = Math.min(starts[RING_LAYER + 1]! - starts[RING_LAYER]!, Math.ceil(onMap / RING_AREA));
  const chosen = starts[SELECTED_LAYER]!;
  const ringed = chosen - rings;
  const heapSelected = density > 0.5 && count - chosen > onMap / SELECTED_AREA;
  const batches: Batch[] = [];
  const heaps: Heap[] = [];
  if (density < 1) batches.push({ from: 0, to: ringed, faint: density > 0, rings: false });
  if (density > 0) {
    heaps.push({ from: starts[DIM_LAYER]!, to: starts[PLAIN_LAYER]!, as: "dimmed" });
    heaps.push({ from: starts[PLAIN_LAYER]!, to: ringed, as: heapSelected ? "faded" : "plain" });
  }
  batches.push({ from: ringed, to: chosen, faint: false, rings: true });
  // Outlines of a crowd would run together and hide its colors.
  if (heapSelected) heaps.push({ from: chosen, to: count, as: "selected" });
  batches.push({ from: chosen, to: count, faint: heapSelected, rings: !heapSelected });
  const drawn = (one: { from: number; to: number }): boolean => one.to > one.from;
  return {
    density,
    rings,
    heaps: heaps.filter(drawn),
    batches: batches.filter((batch) => drawn(batch) && !(batch.faint && density >= 1)),
  };
}

const PRIMES = [1, 2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61];

/** The stride for a sample: a prime, since rows often repeat with a period of 10 or so. */
export function strideFor(fullMs: number, aimMs: number): number {
  const wanted = fullMs / aimMs;
  return PRIMES.find((prime) => prime >= wanted) ?? 61;
}
