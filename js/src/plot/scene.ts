/** What a frame is drawn from: the list of points, their colors and the theme's inks, kept up to date with the store. */
import type { ColumnData, Store, Table } from "../store/types";
import { boundsOf } from "./camera";
import { buildLut, type Coloring, coloringOf, columnName, type Lut } from "./coloring";
import { buildDrawList, type DrawList, EMPTY } from "./drawlist";
import { readInks } from "./inks";
import { type Inks, lookFor } from "./look";
import { planFor, roomFor } from "./plan";
import type { Frame } from "./renderer";
import { COLORS, DATA } from "./scheduler";
import type { View } from "./view";

/** The values of the column that colors the points; null while they are on their way, and for other colorings. */
export function coloringColumn(store: Store): ColumnData | null {
  const name = columnName(store.colorBy.value);
  return name === null ? null : store.columnOf(name).value;
}

/** The mask of rows that pass; all pass while the store is between two tables. */
export function passingOf(store: Store): Uint8Array {
  const mask = store.passing.peek();
  const { n } = store.table.peek();
  return mask.length === n ? mask : new Uint8Array(n).fill(1);
}

/** Rows whose columns have come, while the picture is a sample of them; null when all have. */
function knownOf(store: Store): Uint8Array | null {
  const known = store.known.peek();
  return known?.length === store.table.peek().n ? known : null;
}

export class Scene {
  list: DrawList = EMPTY;
  coloring: Coloring | null = null;
  private lut: Lut | null = null;
  private inks: Inks | null = null;
  private measured: Uint16Array | null = null;
  private built = false;
  private coloredFor: readonly unknown[] = [];

  constructor(
    private readonly store: Store,
    private readonly stage: HTMLElement,
    private readonly view: View,
    private readonly pen: () => CanvasRenderingContext2D | null,
  ) {}

  /** Rebuilds what is out of date. */
  prepare(dirty: number): void {
    const { store } = this;
    const table = store.table.peek();
    if (table.x !== null && table.y !== null && this.measured !== table.x) {
      this.measured = table.x;
      this.view.setBounds(boundsOf(table.x, table.y));
    }
    const recolored = dirty & (DATA | COLORS) || this.coloring === null ? this.recolor(table) : false;
    this.inks = this.readInks();
    if (dirty & COLORS || recolored || this.lut === null)
      this.lut = buildLut(this.coloring!, store.dark.peek(), this.inks.ink3);
    if (dirty & DATA || recolored || !this.built) this.rebuild(table);
  }

  frame(dpr: number, stride: number): Frame {
    const { camera, zoomed } = this.view;
    const area = camera.width * camera.height;
    const plan = planFor(this.list, area, zoomed);
    const look = lookFor({ room: roomFor(this.list.count, area, zoomed), density: plan.density });
    return { camera, dpr, list: this.list, lut: this.lut!, look, plan, inks: this.inks!, stride };
  }

  readInks(): Inks {
    return readInks(this.stage, this.store.dark.peek(), this.pen());
  }

  /** Whether the theme's colors are others than those drawn with. */
  get stale(): boolean {
    return JSON.stringify(this.readInks()) !== JSON.stringify(this.inks);
  }

  private recolor(table: Table): boolean {
    const { store } = this;
    const colorBy = store.colorBy.peek();
    const classes = store.classes.peek().length;
    const name = columnName(colorBy);
    const column = name === null ? null : store.columnOf(name).peek();
    const wanted = [table, colorBy, classes, column];
    if (wanted.every((value, i) => value === this.coloredFor[i])) return false;
    this.coloredFor = wanted;
    this.coloring = coloringOf(table, colorBy, classes, column);
    return true;
  }

  private rebuild(table: Table): void {
    const { mask } = this.store.selection.peek();
    const selected = mask.length === table.n ? mask : new Uint8Array(table.n);
    const attributes = {
      coloring: this.coloring!,
      selected,
      passing: passingOf(this.store),
      known: knownOf(this.store),
    };
    this.list = buildDrawList(table, attributes, this.list.words);
    this.built = true;
  }
}
