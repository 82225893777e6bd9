import { describe, expect, it } from "vitest";
import { fitTo } from "../../src/plot/camera";
import { buildLut, coloringOf } from "../../src/plot/coloring";
import { Density } from "../../src/plot/density";
import { buildDrawList } from "../../src/plot/drawlist";
import { type Inks, lookFor } from "../../src/plot/look";
import { planFor, roomFor } from "../../src/plot/plan";
import { rasterize } from "../../src/plot/raster";
import { deviceSize, deviceTransform, type Frame, type Picture } from "../../src/plot/renderer";
import { coverage, shapeDistance, tickDistance } from "../../src/plot/sdf";
import { SpriteSheet } from "../../src/plot/sprites";
import { FLAGGED, type Table, UNLABELLED } from "../../src/store/types";
import { makeTable } from "./fixtures";

const inks: Inks = {
  panel: [255, 255, 255],
  ink: [0, 0, 0],
  ink3: [138, 148, 163],
  accent: [0, 0, 255],
  ok: [0, 128, 0],
  ring: [255, 0, 0],
};

function draw(
  table: Table,
  change: { selected?: number[]; passing?: Uint8Array; dpr?: number; classes?: number } = {},
) {
  const { dpr = 1, classes = 3 } = change;
  const camera = fitTo({ left: 0, right: 1, bottom: 0, top: 1 }, 200, 160);
  const selected = new Uint8Array(table.n);
  for (const row of change.selected ?? []) selected[row] = 1;
  const passing = change.passing ?? new Uint8Array(table.n).fill(1);
  const list = buildDrawList(table, {
    coloring: coloringOf(table, "given", classes, null),
    selected,
    passing,
  });
  const plan = planFor(list, 32000, 1);
  const look = lookFor({ room: roomFor(table.n, 32000, 1), density: plan.density });
  const size = deviceSize(camera, dpr);
  const width = size.width + 2 * size.margin;
  const height = size.height + 2 * size.margin;
  const pixels: Picture = { data: new Int32Array(width * height), width, height };
  const lut = buildLut({ kind: "class", last: classes }, false, inks.ink3);
  const frame: Frame = { camera, dpr, list, lut, look, plan, inks, stride: 1 };
  new Density().paint(frame, pixels, size.margin);
  rasterize(frame, pixels, new SpriteSheet(look, dpr, width));
  const t = deviceTransform(camera, dpr);
  const at = (x: number, y: number, dx = 0, dy = 0): number[] => {
    const px = Math.floor(t.ax * x + t.bx) + dx;
    const py = Math.floor(t.ay * y + t.by) + dy;
    const word = pixels.data[py * width + px]!;
    return [word & 255, (word >> 8) & 255, (word >> 16) & 255];
  };
  return { pixels, at, look };
}

const colored = (pixels: Picture): number => pixels.data.reduce((sum, word) => sum + Number(word !== -1), 0);

describe("raster", () => {
  it("draws a point in the color of its class on the panel's color", () => {
    const table = makeTable([[30000, 30000]], { suspicion: Uint8Array.of(255) });
    const { at, pixels } = draw(table);
    const [r, g, b] = at(30000, 30000) as [number, number, number];
    expect(b).toBeGreaterThan(r);
    expect([r, g, b].every((c, i) => Math.abs(c - [0, 0x72, 0xb2][i]!) < 20)).toBe(true);
    expect(pixels.data[0]).toBe(-1);
    expect(colored(pixels)).toBeGreaterThan(10);
  });

  it("draws a hole into rows without a label, in every shape and state", () => {
    const places = Array.from({ length: 7 }, (_, k): [number, number] => [8000 * (k + 1), 30000]);
    const given = Uint16Array.from(places, (_, code) => code);
    const every = [0, 1, 2, 3, 4, 5, 6];
    const white = every.map(() => [255, 255, 255]);
    for (const change of [{}, { selected: every }, { passing: new Uint8Array(7) }]) {
      const drawn = (current: Uint16Array) =>
        draw(makeTable(places, { given, current }), { dpr: 3, classes: 7, ...change });
      const [full, hollow] = [drawn(given), drawn(given.slice().fill(UNLABELLED))];
      const middles = ({ at }: typeof full) => places.map(([x, y]) => at(x, y));
      for (const color of middles(full)) expect(color).not.toEqual([255, 255, 255]);
      expect(middles(hollow)).toEqual(white);
      const share = colored(hollow.pixels) / colored(full.pixels);
      expect(share).toBeGreaterThan(0.6);
      expect(share).toBeLessThan(0.95);
    }
  });

  it("draws rings only around flagged rows whose suggestion differs", () => {
    const table = makeTable(
      [
        [20000, 30000],
        [45000, 30000],
      ],
      { flags: Uint8Array.of(FLAGGED, FLAGGED), suggested: Uint16Array.of(1, 0) },
    );
    const { at, look } = draw(table);
    const ring = Math.round(look.radius[0]! + look.ringGap);
    expect(at(20000, 30000, ring)[2]).toBeLessThan(160);
    expect(at(20000, 30000, ring)[0]).toBeGreaterThan(200);
    expect(at(45000, 30000, ring)).toEqual([255, 255, 255]);
  });

  it("outlines selected rows in the accent color and dims what is filtered out", () => {
    const table = makeTable([
      [20000, 30000],
      [45000, 30000],
    ]);
    const plain = draw(table).at(45000, 30000);
    const { at, look } = draw(table, { selected: [0], passing: Uint8Array.of(1, 0) });
    const around = at(20000, 30000, Math.round(look.radius[0]! + look.outlineGap));
    expect(around[2]).toBeGreaterThan(around[0]! + 60);
    const spread = (c: number[]): number => Math.max(...c) - Math.min(...c);
    expect(spread(at(45000, 30000))).toBeLessThan(spread(plain));
  });

  it("marks edited rows with a tick to the upper right", () => {
    const table = makeTable([[30000, 30000]], { state: Uint8Array.of(1) });
    const without = colored(draw(makeTable([[30000, 30000]])).pixels);
    const { pixels } = draw(table);
    expect(colored(pixels)).toBeGreaterThan(without + 4);
  });

  it("draws twice as large on a screen of twice the density", () => {
    const table = makeTable([[30000, 30000]]);
    const ratio = colored(draw(table, { dpr: 2 }).pixels) / colored(draw(table).pixels);
    expect(ratio).toBeGreaterThan(2.5);
    expect(ratio).toBeLessThan(5);
  });

  it("keeps within its pixels for points at the edges", () => {
    const edge = [0, 65535].flatMap((x) => [0, 65535].map((y) => [x, y] as [number, number]));
    expect(colored(draw(makeTable(edge), { selected: [0, 1, 2, 3] }).pixels)).toBeGreaterThan(40);
  });
});

describe("shapes", () => {
  it("cover about the same area and have their middle inside", () => {
    for (let shape = 0; shape < 7; shape++) {
      let area = 0;
      for (let x = -40; x <= 40; x++)
        for (let y = -40; y <= 40; y++) area += coverage(shapeDistance(shape, x, y, 20));
      expect(area / (Math.PI * 400), `shape ${shape}`).toBeGreaterThan(0.85);
      expect(area / (Math.PI * 400), `shape ${shape}`).toBeLessThan(1.15);
      expect(shapeDistance(shape, 0, 0, 20)).toBeLessThan(0);
    }
  });

  it("has a tick that goes through its three corners", () => {
    for (const [x, y] of [
      [-1.9, 0],
      [-0.5, 1.5],
      [2.2, -1.7],
    ] as const)
      expect(tickDistance(x * 2, y * 2, 2)).toBeCloseTo(0, 6);
  });
});
