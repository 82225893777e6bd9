import type { Store, Tool } from "../store/types";

const TOOLS: readonly [tool: Tool, title: string][] = [
  ["lasso", "Select by drawing around points (Shift adds, Alt takes away)"],
  ["box", "Select a rectangle (Shift adds, Alt takes away)"],
  ["pan", "Move the map by dragging (or hold Space, or use the middle button)"],
];

interface Props {
  store: Store;
  onFit: () => void;
  onZoom: () => void;
}

/** Tools of the map, over its upper left corner. */
export function Tools({ store, onFit, onZoom }: Props) {
  return (
    <div class="ls-plot-tools" role="toolbar" aria-label="Map tools">
      {TOOLS.map(([tool, title]) => (
        <button
          key={tool}
          type="button"
          data-action={tool}
          title={title}
          aria-pressed={store.tool.value === tool}
          onClick={() => {
            store.tool.value = tool;
          }}
        >
          {tool}
        </button>
      ))}
      <button
        type="button"
        data-action="fit"
        title="Show the whole map (f)"
        aria-keyshortcuts="f"
        onClick={onFit}
      >
        fit
      </button>
      <button
        type="button"
        data-action="zoom"
        title="Zoom to the selection (z)"
        aria-keyshortcuts="z"
        disabled={store.selection.value.count === 0 && store.current.value === null}
        onClick={onZoom}
      >
        zoom
      </button>
    </div>
  );
}
