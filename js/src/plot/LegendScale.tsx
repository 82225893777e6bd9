/** Legend of a number: its ramp under a histogram, with two handles that filter. */
import { useComputed, useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useRef } from "preact/hooks";
import type { Store } from "../store/types";
import { columnName, plainName } from "./coloring";
import { chosenRange, setRange } from "./legendFilter";
import { ShapeMark } from "./Mark";
import { missingColor, numericRamp, ramp } from "./palette";
import { BINS, columnScale, numberText, type Scale, suspicionScale } from "./scale";
import { coloringColumn } from "./scene";

interface Range {
  min: number;
  max: number;
}

/** Steps of a handle over the whole ramp; with Page keys ten at once. */
const STEPS = 50;

/** Handles at the ends of the ramp take in what lies beyond. */
function rangeAt(scale: Scale, from: number, to: number): Range | null {
  if (from <= 0 && to >= 1) return null;
  const value = (t: number): number => scale.low + t * (scale.high - scale.low);
  return { min: from <= 0 ? scale.least : value(from), max: to >= 1 ? scale.most : value(to) };
}

function sharesOf(scale: Scale, range: Range | null): [from: number, to: number] {
  if (range === null) return [0, 1];
  const share = (value: number): number =>
    Math.min(1, Math.max(0, (value - scale.low) / (scale.high - scale.low)));
  return [share(range.min), share(range.max)];
}

interface HandleProps {
  end: "lower" | "upper";
  name: string;
  scale: Scale;
  shares: [number, number];
  track: RefObject<HTMLSpanElement | null>;
  onMove: (shares: [number, number]) => void;
}

function Handle({ end, name, scale, shares, track, onMove }: HandleProps) {
  const at = end === "lower" ? shares[0] : shares[1];
  const value = scale.low + at * (scale.high - scale.low);
  const moveTo = (share: number): void => {
    const inside = Math.min(1, Math.max(0, share));
    if (end === "lower") onMove([Math.min(inside, shares[1]), shares[1]]);
    else onMove([shares[0], Math.max(inside, shares[0])]);
  };
  const drag = (event: PointerEvent): void => {
    if (event.buttons === 0) return;
    const box = track.current!.getBoundingClientRect();
    moveTo((event.clientX - box.left) / Math.max(1, box.width));
  };
  const key = (event: KeyboardEvent): void => {
    const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[
      event.key
    ];
    const to =
      by !== undefined ? at + by / STEPS : event.key === "Home" ? 0 : event.key === "End" ? 1 : undefined;
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    moveTo(to);
  };
  return (
    <span
      class="ls-legend-handle"
      role="slider"
      tabIndex={0}
      aria-label={`${end === "lower" ? "Least" : "Greatest"} ${name} shown`}
      aria-valuemin={scale.low}
      aria-valuemax={scale.high}
      aria-valuenow={value}
      aria-valuetext={numberText(value, scale.format)}
      style={{ left: `${100 * at}%` }}
      onPointerDown={(event) => {
        event.stopPropagation();
        event.currentTarget.setPointerCapture?.(event.pointerId);
      }}
      onPointerMove={drag}
      onKeyDown={key}
    />
  );
}

function Histogram({ bins }: { bins: Uint32Array }) {
  const most = Math.sqrt(Math.max(1, ...bins));
  const path = Array.from(bins, (count, k) => {
    const height = count === 0 ? 0 : Math.max(0.6, (14 * Math.sqrt(count)) / most);
    return `M${k} 14V${(14 - height).toFixed(2)}h.86V14z`;
  }).join("");
  return (
    <svg class="ls-legend-bins" viewBox={`0 0 ${BINS} 14`} preserveAspectRatio="none" aria-hidden="true">
      <path d={path} />
    </svg>
  );
}

export function LegendScale({ store }: { store: Store }) {
  const track = useRef<HTMLSpanElement>(null);
  /** while a handle is dragged: filtered once a frame, not once an event */
  const waiting = useSignal(0);
  const scale = useComputed(() => {
    const mask = store.passing.value;
    if (store.colorBy.value === "suspicion") return suspicionScale(store.table.value, mask);
    const column = coloringColumn(store);
    return column === null ? null : columnScale(column, mask);
  }).value;
  if (scale === null) return null;
  const colorBy = store.colorBy.value;
  const dark = store.dark.value;
  const name = plainName(columnName(colorBy) ?? colorBy);
  const shares = sharesOf(scale, chosenRange(store.filters.value, colorBy));
  const color = colorBy === "suspicion" ? ramp : numericRamp;
  const stops = [0, 0.2, 0.4, 0.6, 0.8, 1].map((t) => color(t, dark)).join(",");
  const move = (to: [number, number]): void => {
    cancelAnimationFrame(waiting.peek());
    waiting.value = requestAnimationFrame(() => {
      store.filters.value = setRange(store.filters.peek(), colorBy, rangeAt(scale, ...to));
    });
  };
  const value = (t: number): string => numberText(scale.low + t * (scale.high - scale.low), scale.format);
  return (
    <fieldset class="ls-legend-number" aria-label={`${name}: range shown`}>
      <b title={name}>{name}</b>
      <span class="ls-legend-ramp">
        <em>{value(shares[0])}</em>
        <span class="ls-legend-track" ref={track}>
          <Histogram bins={scale.bins} />
          <i style={{ background: `linear-gradient(90deg in oklab,${stops})` }} />
          <s style={{ left: 0, width: `${100 * shares[0]}%` }} />
          <s style={{ left: `${100 * shares[1]}%`, right: 0 }} />
          <Handle end="lower" {...{ name, scale, shares, track }} onMove={move} />
          <Handle end="upper" {...{ name, scale, shares, track }} onMove={move} />
        </span>
        <em>{value(shares[1])}</em>
      </span>
      <em>
        {scale.passing === scale.total ? "" : `${scale.passing.toLocaleString("en-US")} / `}
        {scale.total.toLocaleString("en-US")}
      </em>
      {scale.missing > 0 && (
        <span class="ls-legend-missing" title={`${scale.missing.toLocaleString("en-US")} rows have no value`}>
          <ShapeMark shape="cross" color={missingColor(dark)} /> missing{" "}
          <em>{scale.missing.toLocaleString("en-US")}</em>
        </span>
      )}
    </fieldset>
  );
}
