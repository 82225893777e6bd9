/** The map of all rows: canvases, tools, tooltip and legend around one controller. */
import { type Signal, useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { Store } from "../store/types";
import { columnName } from "./coloring";
import { PlotController } from "./controller";
import { Keys } from "./keyboard";
import { Legend } from "./Legend";
import { Pointers } from "./pointer";
import { Tools } from "./Tools";
import { Tooltip } from "./Tooltip";

const HINT_MS = 1600;

const INSTRUCTIONS =
  "Arrow keys walk from point to point, with Shift they add to the selection. j and k go by rank, period and comma " +
  "from true neighbor to true neighbor, Page Down and Page Up from class to class, Home to the most suspicious " +
  "point in view. Plus and minus zoom, z zooms to the selection, f shows the whole map.";

function Notice({ store }: { store: Store }) {
  const { x, n } = store.table.value;
  if (n > 0 && x !== null) return null;
  return (
    <output class="ls-plot-empty">
      <b>{n === 0 ? "No rows" : "The map is being made"}</b>
      <span>
        {n === 0
          ? "There is nothing to draw yet."
          : `Placing ${n.toLocaleString("en-US")} rows so that similar ones lie together. The gallery works meanwhile.`}
      </span>
    </output>
  );
}

interface Refs {
  root: RefObject<HTMLDivElement | null>;
  stage: RefObject<HTMLDivElement | null>;
  points: RefObject<HTMLCanvasElement | null>;
  overlay: RefObject<HTMLCanvasElement | null>;
}

/** The controller with its listeners, from mount to unmount; `hint` is on for a moment after a wheel without focus. */
function useController(store: Store, refs: Refs, hint: Signal<boolean>): PlotController | null {
  const [plot, setPlot] = useState<PlotController | null>(null);
  const { root, stage, points, overlay } = refs;
  useEffect(() => {
    const controller = new PlotController(store, {
      root: root.current!,
      stage: stage.current!,
      points: points.current!,
      overlay: overlay.current!,
    });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const pointers = new Pointers(controller, () => {
      hint.value = true;
      clearTimeout(timer);
      timer = setTimeout(() => {
        hint.value = false;
      }, HINT_MS);
    });
    const keys = new Keys(controller, pointers);
    setPlot(controller);
    return () => {
      clearTimeout(timer);
      keys.dispose();
      pointers.dispose();
      controller.dispose();
    };
  }, [store, hint, root, stage, points, overlay]);
  return plot;
}

export function Plot({ store }: { store: Store }) {
  const root = useRef<HTMLDivElement>(null);
  const stage = useRef<HTMLDivElement>(null);
  const points = useRef<HTMLCanvasElement>(null);
  const overlay = useRef<HTMLCanvasElement>(null);
  const hint = useSignal(false);
  const help = useId();
  const plot = useController(store, { root, stage, points, overlay }, hint);
  const { n } = store.table.value;
  const { count } = store.selection.value;
  const colors = columnName(store.colorBy.value) ?? store.colorBy.value;
  const label = `Map of ${n.toLocaleString("en-US")} rows, colored by ${colors}, ${count.toLocaleString("en-US")} selected`;
  const tip = plot?.tip.value ?? null;
  return (
    <div class="ls-plot" ref={root}>
      <div class="ls-plot-area">
        <div
          class="ls-plot-stage"
          ref={stage}
          role="application"
          aria-roledescription="scatter plot"
          aria-label={label}
          aria-describedby={help}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: the map is walked with the arrow keys
          tabIndex={0}
          data-tool={store.tool.value}
        >
          <canvas ref={points} />
          <canvas ref={overlay} />
        </div>
        <p id={help} class="ls-plot-help">
          {INSTRUCTIONS}
        </p>
        <Notice store={store} />
        <Tools store={store} onFit={() => plot?.view.fit()} onZoom={() => plot?.zoomToSelection()} />
        {hint.value && <div class="ls-plot-hint">Click the map, then the wheel zooms</div>}
        {plot !== null && tip !== null && (
          <Tooltip store={store} tip={tip} width={plot.view.camera.width} height={plot.view.camera.height} />
        )}
      </div>
      <Legend store={store} />
    </div>
  );
}
