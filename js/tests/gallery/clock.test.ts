// @vitest-environment happy-dom
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { IDLE_MS, PageClock, watch } from "../../src/gallery/clock";

describe("the time of a page", () => {
  it("counts on while somebody is there", () => {
    const clock = new PageClock(1_000);
    for (let at = 1_000; at <= 121_000; at += 10_000) clock.touch(at);
    expect(clock.read(125_000)).toEqual({ seconds: 124, idle: 0 });
  });

  it("leaves out what goes beyond the cut-off, and what passes in a hidden tab", () => {
    const clock = new PageClock(0);
    clock.touch(200_000);
    expect(clock.read(200_000)).toEqual({ seconds: IDLE_MS / 1000, idle: 200 - IDLE_MS / 1000 });
    clock.show(false, 205_000);
    clock.touch(230_000);
    clock.show(true, 265_000);
    expect(clock.read(270_000)).toEqual({ seconds: 70, idle: 200 });
  });

  it("adds up to the time by the wall, whatever happens", () => {
    const steps = fc.array(fc.tuple(fc.nat(300_000), fc.constantFrom("touch", "hide", "show")));
    fc.assert(
      fc.property(steps, (all) => {
        const clock = new PageClock(0);
        let now = 0;
        for (const [gap, what] of all) {
          now += gap;
          if (what === "touch") clock.touch(now);
          else clock.show(what === "show", now);
        }
        const { seconds, idle } = clock.read(now);
        expect(seconds + idle).toBeCloseTo(now / 1000, 6);
        expect(Math.min(seconds, idle)).toBeGreaterThanOrEqual(0);
        expect(seconds).toBeLessThanOrEqual((all.length * IDLE_MS) / 1000 + 1e-6);
      }),
    );
  });

  it("is kept going by keys, pointers and the tab, until it is stopped", () => {
    const now = vi.spyOn(performance, "now").mockReturnValue(0);
    const host = document.createElement("div");
    const clock = new PageClock(0, 1_000);
    const stop = watch(host, () => clock);
    for (const [at, sign] of [
      [800, "keydown"],
      [1_600, "pointermove"],
      [2_400, "wheel"],
    ] as const) {
      now.mockReturnValue(at);
      host.dispatchEvent(new Event(sign));
    }
    expect(clock.read(2_400)).toEqual({ seconds: 2.4, idle: 0 });
    const shown = vi.spyOn(document, "visibilityState", "get").mockReturnValue("hidden");
    document.dispatchEvent(new Event("visibilitychange"));
    now.mockReturnValue(9_400);
    shown.mockReturnValue("visible");
    document.dispatchEvent(new Event("visibilitychange"));
    expect(clock.read(9_400)).toEqual({ seconds: 2.4, idle: 7 });
    stop();
    now.mockReturnValue(10_000);
    host.dispatchEvent(new Event("keydown"));
    expect(clock.read(11_400).seconds).toBeCloseTo(3.4);
    vi.restoreAllMocks();
  });
});
