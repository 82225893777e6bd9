// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { fitTo } from "../../src/plot/camera";
import { buildLut, coloringOf } from "../../src/plot/coloring";
import { buildDrawList } from "../../src/plot/drawlist";
import { lookFor } from "../../src/plot/look";
import { planFor } from "../../src/plot/plan";
import type { Frame } from "../../src/plot/renderer";
import { makeTable } from "./fixtures";

/** A context that remembers what was called and can be lost. */
class FakeGl {
  lost = false;
  calls: string[] = [];
  loseContext = vi.fn();
  readonly gl = new Proxy(this as object, {
    get: (_, name: string) => {
      if (name === "isContextLost") return () => this.lost;
      if (name === "getExtension") return (what: string) => this.extension(what);
      if (name === "getParameter") return () => this.vendor;
      if (name === "getProgramParameter") return () => true;
      if (/^[A-Z0-9_]+$/.test(name)) return 1;
      return (...values: unknown[]) => {
        this.calls.push(name);
        return /^create|^getUniform/.test(name) ? { name, values } : undefined;
      };
    },
  });

  constructor(readonly vendor: string) {}

  private extension(what: string): unknown {
    return what === "WEBGL_lose_context" ? { loseContext: this.loseContext } : null;
  }
}

let opened: FakeGl[];
let canvases: HTMLCanvasElement[];
let vendor: string;
let shared: typeof import("../../src/plot/shared");
let webgl2: typeof import("../../src/plot/webgl2");
const backdrop = { paint: () => undefined };
const target = () =>
  ({ drawImage: vi.fn(), putImageData: vi.fn() }) as unknown as CanvasRenderingContext2D & {
    drawImage: ReturnType<typeof vi.fn>;
  };

function frame(): Frame {
  const table = makeTable([
    [1, 1],
    [60000, 60000],
  ]);
  const coloring = coloringOf(table, "given", 2, null);
  const none = new Uint8Array(2);
  const list = buildDrawList(table, { coloring, selected: none, passing: none.map(() => 1) });
  const ink: [number, number, number] = [1, 2, 3];
  return {
    camera: fitTo({ left: 0, right: 1, bottom: 0, top: 1 }, 300, 200),
    dpr: 1,
    list,
    lut: buildLut(coloring, false, ink),
    look: lookFor({ room: 1, density: 0 }),
    plan: planFor(list, 60000, 1),
    inks: { panel: ink, ink, ink3: ink, accent: ink, ok: ink, ring: ink },
    stride: 1,
  };
}

beforeEach(async () => {
  opened = [];
  canvases = [];
  vendor = "GeForce";
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockImplementation(function (this: HTMLCanvasElement) {
    const fake = new FakeGl(vendor);
    opened.push(fake);
    canvases.push(this);
    return fake.gl as never;
  });
  // One context a page: each test has a page of its own.
  vi.resetModules();
  shared = await import("../../src/plot/shared");
  webgl2 = await import("../../src/plot/webgl2");
});

afterEach(() => vi.restoreAllMocks());

it("opens one context for all plots and lets go of it after the last", () => {
  const plots = Array.from({ length: 20 }, () => webgl2.openWebgl2("webgl2", backdrop, () => undefined)!);
  const pen = target();
  for (const plot of plots) expect(plot.draw(frame(), pen)).toBe(true);
  expect(opened.length).toBe(1);
  expect(pen.drawImage).toHaveBeenCalledTimes(20);
  for (const plot of plots) plot.dispose();
  expect(opened[0]!.loseContext).toHaveBeenCalledTimes(1);
  for (let k = 0; k < 50; k++) webgl2.openWebgl2("webgl2", backdrop, () => undefined)!.dispose();
  expect(opened.every((one) => one.loseContext.mock.calls.length === 1)).toBe(true);
});

it("draws nothing while the context is lost, tells when it is back, and uploads again", () => {
  const changed = vi.fn();
  const plot = webgl2.openWebgl2("webgl2", backdrop, changed)!;
  plot.draw(frame(), target());
  const fake = opened[0]!;
  fake.lost = true;
  const lost = new Event("webglcontextlost", { cancelable: true });
  canvases[0]!.dispatchEvent(lost);
  expect(lost.defaultPrevented).toBe(true);
  expect(changed).toHaveBeenCalledTimes(1);
  expect(plot.draw(frame(), target())).toBe(false);
  fake.lost = false;
  fake.calls = [];
  canvases[0]!.dispatchEvent(new Event("webglcontextrestored"));
  expect(changed).toHaveBeenCalledTimes(2);
  expect(plot.draw(frame(), target())).toBe(true);
  expect(fake.calls).toContain("bufferData");
  expect(fake.calls).toContain("texImage2D");
});

it("leaves software rendering to the raster, and looks only once", () => {
  vendor = "Google SwiftShader";
  expect(shared.gpuKnown()).toBe(false);
  for (let k = 0; k < 3; k++) expect(webgl2.openWebgl2("auto", backdrop, () => undefined)).toBeNull();
  expect(shared.gpuKnown()).toBe(true);
  expect(opened.length).toBe(1);
  expect(opened[0]!.loseContext).toHaveBeenCalledTimes(1);
  expect(opened[0]!.calls).not.toContain("linkProgram");
});

it("uses the card where there is one", () => {
  const plot = webgl2.openWebgl2("auto", backdrop, () => undefined);
  expect(plot?.ready).toBe(true);
  expect(opened.length).toBe(1);
});
