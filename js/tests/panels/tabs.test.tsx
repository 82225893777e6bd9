// @vitest-environment happy-dom
import { useRef } from "preact/hooks";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Tabs, useTab } from "../../src/panels/index";
import { act, click, draw, get, press } from "./draw";

let resize: (width: number) => void = () => {};
let gone = 0;

beforeEach(() => {
  gone = 0;
  vi.stubGlobal(
    "ResizeObserver",
    class {
      constructor(heard: (entries: { contentRect: { width: number } }[]) => void) {
        resize = (width) => act(() => heard([{ contentRect: { width } }]));
      }
      observe() {}
      disconnect() {
        gone += 1;
      }
    },
  );
});
afterEach(() => vi.unstubAllGlobals());

function View() {
  const box = useRef<HTMLDivElement>(null);
  const folding = useTab(box, "v");
  return (
    <div ref={box} data-tab={folding.tab.value}>
      <Tabs folding={folding} id="v" />
      <div class="plot" {...folding.part("plot")} />
      <div class="matrix" {...folding.part("matrix")} />
    </div>
  );
}

it("are there in a narrow cell only, and are tabs to those who hear the view", () => {
  const drawn = draw(<View />);
  const tabs = () => [...drawn.root.querySelectorAll<HTMLElement>("[role=tab]")];
  resize(1200);
  expect(tabs()).toHaveLength(0);
  expect(get(drawn.root, ".plot").hasAttribute("role")).toBe(false);
  resize(400);
  expect(tabs().map((tab) => tab.textContent)).toEqual(["plot", "gallery", "inspector", "matrix"]);
  const panel = get(drawn.root, ".plot");
  expect(panel.getAttribute("role")).toBe("tabpanel");
  expect(panel.id).toBe(tabs()[0]!.getAttribute("aria-controls"));
  expect(panel.getAttribute("aria-labelledby")).toBe(tabs()[0]!.id);
  // a cell that is hidden has no width: nothing changes
  resize(0);
  expect(tabs()).toHaveLength(4);
  drawn.end();
  expect(gone).toBe(1);
});

it("are walked by arrows, chosen by a click, and keep Enter from the rows", () => {
  const drawn = draw(<View />);
  resize(400);
  const tabs = () => [...drawn.root.querySelectorAll<HTMLElement>("[role=tab]")];
  const chosen = () => tabs().filter((tab) => tab.getAttribute("aria-selected") === "true");
  expect(chosen().map((tab) => tab.dataset.tab)).toEqual(["gallery"]);
  expect(tabs().filter((tab) => tab.tabIndex === 0)).toEqual(chosen());
  press(tabs()[1]!, "ArrowRight");
  expect(drawn.root.activeElement).toBe(tabs()[2]);
  press(tabs()[2]!, "End");
  press(tabs()[3]!, "ArrowRight");
  expect(chosen()[0]!.dataset.tab).toBe("plot");
  const heard = vi.fn();
  drawn.host.addEventListener("keydown", heard);
  press(tabs()[0]!, "Enter");
  press(tabs()[0]!, " ");
  expect(heard).not.toHaveBeenCalled();
  click(tabs()[3]!);
  expect(chosen()[0]!.dataset.tab).toBe("matrix");
  drawn.end();
});
