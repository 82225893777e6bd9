/** The queue as a grid of cards: only those near the view exist. Focus stays on the grid and names its active cell. */
import type { ComponentChildren } from "preact";
import { useId, useMemo } from "preact/hooks";
import { NO_FILTERS } from "../store/ranking";
import type { Store } from "../store/types";
import { Chooser } from "./choose";
import { GalleryCard } from "./GalleryCard";
import { GalleryHead } from "./GalleryHead";
import { gridKey } from "./keys";
import { PageGrid } from "./PageGrid";
import { cardSize, useViewport, type Viewport } from "./viewport";
import { type GridWindow, gridWindow } from "./window";

function Empty({ store }: { store: Store }) {
  const { n } = store.table.value;
  return (
    <output class="ls-gallery-empty">
      <b>{n === 0 ? "No rows" : "No row passes the filters"}</b>
      {n === 0 ? (
        <span>This dataset is empty.</span>
      ) : (
        <button
          type="button"
          class="ls-chip"
          data-action="show-all"
          onClick={() => {
            store.filters.value = { ...NO_FILTERS };
          }}
        >
          show all rows <kbd>Esc</kbd>
        </button>
      )}
    </output>
  );
}

interface LineProps {
  store: Store;
  viewport: Viewport;
  line: number;
  shift: number;
  prefix: string;
}

function Line({ store, viewport, line, shift, prefix }: LineProps) {
  const { columns, stride } = viewport.shape.value;
  const { height } = cardSize(store);
  const visible = store.visible.value;
  const current = store.current.value;
  const { mask } = store.selection.value;
  const dragged = viewport.band.value?.rows;
  const pixels = Math.ceil((height - 44) * (globalThis.devicePixelRatio || 1));
  const cards: ComponentChildren[] = [];
  for (let column = 0; column < columns; column++) {
    const row = visible[line * columns + column];
    if (row === undefined) break;
    cards.push(
      <GalleryCard
        key={row}
        store={store}
        row={row}
        id={`${prefix}-${row}`}
        column={column}
        current={row === current}
        selected={mask[row] === 1}
        dragged={dragged?.has(row) === true}
        pixels={pixels}
      />,
    );
  }
  const style = {
    transform: `translateY(${line * stride + shift}px)`,
    gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`,
    height: `${height}px`,
  };
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: focus stays on the grid, which names its active cell
    // biome-ignore lint/a11y/useSemanticElements: a virtual grid is no table, most of its rows do not exist
    <div class="ls-grid-row" role="row" aria-rowindex={line + 1} style={style}>
      {cards}
    </div>
  );
}

function BandBox({ viewport, shift }: { viewport: Viewport; shift: number }) {
  const box = viewport.band.value?.box;
  if (box === undefined) return null;
  const style = {
    left: `${Math.min(box.x0, box.x1)}px`,
    top: `${Math.min(box.y0, box.y1) + shift}px`,
    width: `${Math.abs(box.x1 - box.x0)}px`,
    height: `${Math.abs(box.y1 - box.y0)}px`,
  };
  return <span class="ls-band" style={style} />;
}

/** Id of the current card where it exists. */
function activeCell(store: Store, { shape }: Viewport, { from, to }: GridWindow, prefix: string) {
  const row = store.current.value;
  const { columns } = shape.value;
  const shown = store.visible.value.subarray(from * columns, to * columns);
  return row !== null && shown.includes(row) ? { "aria-activedescendant": `${prefix}-${row}` } : {};
}

function listen(store: Store, chooser: Chooser, viewport: Viewport) {
  const rowAt = (target: EventTarget | null): number | null => {
    const card = target instanceof Element ? target.closest<HTMLElement>(".ls-card") : null;
    return card === null ? null : Number(card.dataset.row);
  };
  return {
    onScroll: (event: Event) => {
      viewport.scroll.value = (event.currentTarget as HTMLElement).scrollTop;
    },
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key === "Escape" && viewport.rubber.current?.cancel()) {
        event.stopPropagation();
        return;
      }
      const { columns, stride } = viewport.shape.peek();
      const page = Math.max(1, Math.floor(viewport.size.peek().height / stride)) * columns;
      gridKey(event, store, chooser, { columns, page });
    },
    onClick: (event: MouseEvent) => {
      const rubber = viewport.rubber.current;
      if (rubber?.swallowClick) {
        rubber.swallowClick = false;
        return;
      }
      const row = rowAt(event.target);
      if (row !== null) chooser.click(row, event);
      else if (!event.shiftKey && !event.ctrlKey && !event.metaKey) store.clearSelection();
    },
    onPointerOver: (event: PointerEvent) => {
      store.hover.value = rowAt(event.target);
    },
    onPointerLeave: () => {
      store.hover.value = null;
    },
  };
}

export function Gallery({ store }: { store: Store }) {
  return store.pageMode.value ? <PageGrid store={store} /> : <Cards store={store} />;
}

function Cards({ store }: { store: Store }) {
  const chooser = useMemo(() => new Chooser(store), [store]);
  const viewport = useViewport(store, chooser);
  const prefix = useId();
  const handlers = useMemo(() => listen(store, chooser, viewport), [store, chooser]);
  const shape = viewport.shape.value;
  const shown = gridWindow(shape, viewport.scroll.value, viewport.size.value.height);
  const count = store.visible.value.length;
  const lines: ComponentChildren[] = [];
  for (let line = shown.from; line < shown.to; line++)
    lines.push(<Line key={line} {...{ store, viewport, line, prefix }} shift={shown.shift} />);
  return (
    <section class="ls-gallery" aria-label="Gallery">
      <GalleryHead store={store} chooser={chooser} />
      {/* biome-ignore lint/a11y/useSemanticElements: a virtual grid is no table, most of its rows do not exist */}
      <div
        ref={viewport.scroller}
        class="ls-grid ls-scroll"
        role="grid"
        tabIndex={0}
        aria-label={`${count.toLocaleString("en-US")} rows in the order of the queue`}
        aria-multiselectable="true"
        aria-rowcount={shape.rows}
        aria-colcount={shape.columns}
        {...activeCell(store, viewport, shown, prefix)}
        {...handlers}
      >
        {count === 0 && <Empty store={store} />}
        <div class="ls-grid-all" role="presentation" style={{ height: `${shape.height}px` }}>
          {lines}
          <BandBox viewport={viewport} shift={shown.shift} />
        </div>
      </div>
    </section>
  );
}
