/** given against suggested, in place of the matrix: a cell filters plot and gallery to its rows. */
import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { numericRamp } from "../../plot/palette";
import { TARGET } from "../../store/taskColumns";
import type { Store } from "../../store/types";
import { rows as rowsText } from "../format";
import { binOf, cellRange, type Grid, gridOf } from "./grid";
import { numberText } from "./number";

const COLUMNS = 48;
const ROWS = 20;
const SUGGESTED = "suggested target";

function draw(canvas: HTMLCanvasElement, grid: Grid, dark: boolean): void {
  const pen = canvas.getContext("2d");
  if (pen === null) return;
  const dpr = globalThis.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth || 480, canvas.clientHeight || 110];
  canvas.width = Math.round(width * dpr);
  canvas.height = Math.round(height * dpr);
  pen.scale(dpr, dpr);
  const [w, h] = [width / grid.columns, height / grid.rows];
  const ink = getComputedStyle(canvas).color;
  pen.strokeStyle = ink;
  pen.globalAlpha = 0.35;
  pen.setLineDash([3, 3]);
  pen.beginPath();
  pen.moveTo(0, height);
  pen.lineTo(width, 0);
  pen.stroke();
  pen.globalAlpha = 1;
  for (let at = 0; at < grid.counts.length; at++) {
    const n = grid.counts[at]!;
    if (n === 0) continue;
    const [column, row] = [at % grid.columns, Math.floor(at / grid.columns)];
    // Single rows matter most here: they are those far from the diagonal.
    pen.fillStyle = numericRamp(0.25 + 0.75 * (Math.log1p(n) / Math.log1p(grid.most)), dark);
    pen.fillRect(column * w + 0.5, height - (row + 1) * h + 0.5, Math.max(1.5, w - 1), Math.max(1.5, h - 1));
  }
}

const MOVES: Record<string, [right: number, up: number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

function moved(at: number, [right, up]: [number, number]): number {
  const column = Math.min(COLUMNS - 1, Math.max(0, (at % COLUMNS) + right));
  const row = Math.min(ROWS - 1, Math.max(0, Math.floor(at / COLUMNS) + up));
  return row * COLUMNS + column;
}

function useGrid(store: Store) {
  return useComputed(() => {
    store.version.value;
    const suggested = store.columnOf(SUGGESTED).value;
    const { given, n } = store.table.value;
    if (suggested?.kind !== "numeric") return null;
    const values = new Float64Array(n);
    for (let row = 0; row < n; row++) {
      const value = store.classes.value[given[row]!];
      values[row] = typeof value === "number" ? value : Number.NaN;
    }
    const mask = new Uint8Array(n).fill(1);
    return {
      grid: gridOf(values, suggested.values, mask, COLUMNS, ROWS),
      values,
      suggested: suggested.values,
    };
  }).value;
}

export function Scatter({ store }: { store: Store }) {
  const found = useGrid(store);
  const canvas = useRef<HTMLCanvasElement>(null);
  const cursor = useSignal<number | null>(null);
  const dark = store.dark.value;
  const grid = found?.grid ?? null;
  useEffect(() => {
    const element = canvas.current;
    if (element === null || grid === null) return;
    const paint = (): void => draw(element, grid, dark);
    paint();
    if (typeof ResizeObserver === "undefined") return;
    const observer = new ResizeObserver(paint);
    observer.observe(element);
    return () => observer.disconnect();
  }, [grid, dark]);
  const filters = store.filters.value.column;
  const filtered = TARGET in filters && SUGGESTED in filters;
  const pick = (at: number): void => {
    if (grid === null || grid.counts[at] === 0) return;
    const { given, suggested } = cellRange(grid, at);
    store.filterColumn(TARGET, { min: given[0], max: given[1] });
    store.filterColumn(SUGGESTED, { min: suggested[0], max: suggested[1] });
  };
  const clear = (): void => {
    store.filterColumn(TARGET, null);
    store.filterColumn(SUGGESTED, null);
  };
  const row = store.current.value;
  const here =
    grid === null ||
    found === null ||
    row === null ||
    !Number.isFinite(found.values[row]!) ||
    !Number.isFinite(found.suggested[row]!)
      ? null
      : binOf(found.suggested[row]!, grid.low, grid.high, ROWS) * COLUMNS +
        binOf(found.values[row]!, grid.low, grid.high, COLUMNS);
  return (
    <section class="ls-strip-part ls-scatter-part" aria-label="Given and suggested targets">
      <header>
        <h3 class="ls-heading">given → suggested target</h3>
        <span class="ls-gap" />
        {filtered && (
          <button type="button" class="ls-chip on" data-action="clear-scatter" onClick={clear}>
            show all rows
          </button>
        )}
      </header>
      {grid === null ? (
        <p class="ls-quiet">
          {store.connection.value === "live"
            ? "No suggestions, or they are on their way."
            : "Suggestions need the kernel."}
        </p>
      ) : (
        <Chart
          grid={grid}
          canvas={canvas}
          cursor={cursor.value}
          here={here}
          set={(at) => {
            cursor.value = at;
          }}
          pick={pick}
        />
      )}
    </section>
  );
}

interface ChartProps {
  grid: Grid;
  canvas: { current: HTMLCanvasElement | null };
  cursor: number | null;
  here: number | null;
  set: (at: number | null) => void;
  pick: (at: number) => void;
}

function Box({ at, name }: { at: number; name: string }) {
  const style = {
    left: `${(100 * (at % COLUMNS)) / COLUMNS}%`,
    bottom: `${(100 * Math.floor(at / COLUMNS)) / ROWS}%`,
    width: `${100 / COLUMNS}%`,
    height: `${100 / ROWS}%`,
  };
  return <i class={name} style={style} />;
}

function says(grid: Grid, at: number): string {
  const { given, suggested } = cellRange(grid, at);
  const range = ([from, to]: [number, number]) =>
    `${numberText(Number(from.toPrecision(4)))} to ${numberText(Number(to.toPrecision(4)))}`;
  return `given ${range(given)}, suggested ${range(suggested)}: ${rowsText(grid.counts[at] ?? 0)}`;
}

function Chart({ grid, canvas, cursor, here, set, pick }: ChartProps) {
  const placeOf = (event: MouseEvent): number => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const column = binOf(event.clientX - box.left, 0, Math.max(1, box.width), COLUMNS);
    const row = ROWS - 1 - binOf(event.clientY - box.top, 0, Math.max(1, box.height), ROWS);
    return row * COLUMNS + column;
  };
  const shown = cursor ?? here;
  return (
    <>
      <button
        type="button"
        class="ls-scatter"
        data-action="scatter"
        aria-label={`Given against suggested targets, ${rowsText(grid.total)}. Arrows walk over cells, Enter shows their rows. ${shown === null ? "" : says(grid, shown)}`}
        onPointerMove={(event) => set(placeOf(event))}
        onPointerLeave={() => set(null)}
        onBlur={() => set(null)}
        onClick={(event) => {
          // a click by keyboard has no place
          if (event.detail === 0) pick(shown ?? 0);
          else pick(placeOf(event));
        }}
        onKeyDown={(event) => {
          const step = MOVES[event.key];
          if (step === undefined) return;
          event.preventDefault();
          event.stopPropagation();
          set(moved(shown ?? 0, step));
        }}
      >
        <canvas ref={canvas} />
        <span class="ls-scatter-y">suggested ↑</span>
        <span class="ls-scatter-x">given →</span>
        {here !== null && <Box at={here} name="here" />}
        {cursor !== null && <Box at={cursor} name="cursor" />}
      </button>
      <p class="ls-footnote">
        {shown === null ? `${rowsText(grid.total)}; on the line the two agree` : says(grid, shown)}
      </p>
    </>
  );
}
