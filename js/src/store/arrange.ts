/** The order in which `visible` shows rows: sorted, grouped, and with a control row where the reviewer is. */
import { bySuspicion } from "./ranking";
import type { Group, Sort } from "./shapes";
import { FLAGGED, type Table, UNLABELLED } from "./types";

/** By falling suspicion, flagged or not. */
function bySuspicionOnly(table: Table): Uint32Array {
  return bySuspicion({ ...table, flags: new Uint8Array(table.n) });
}

/** Pairs of given and suggested label with the most suspects first; rows that agree come last. */
function byPair(table: Table, order: Uint32Array): Uint32Array {
  const { given, suggested, flags } = table;
  return grouped(order, (row) => {
    const differs = suggested[row] !== UNLABELLED && suggested[row] !== given[row];
    return { key: differs ? given[row]! * 65_536 + suggested[row]! : -1, weight: flags[row]! & FLAGGED };
  });
}

/** Rows of one key together, keys by falling weight; key -1 comes last. Keeps the order inside a key. */
function grouped(order: Uint32Array, of: (row: number) => { key: number; weight: number }): Uint32Array {
  const slots = new Map<number, { weight: number; size: number; first: number; at: number }>();
  const slotOf = new Array<{ weight: number; size: number; first: number; at: number }>(order.length);
  for (let i = 0; i < order.length; i++) {
    const { key, weight } = of(order[i]!);
    let slot = slots.get(key);
    if (slot === undefined) {
      slot = { weight: 0, size: 0, first: key === -1 ? Number.POSITIVE_INFINITY : i, at: 0 };
      slots.set(key, slot);
    }
    slot.weight += weight;
    slot.size += 1;
    slotOf[i] = slot;
  }
  const last = (slot: { first: number }): number => (slot.first === Number.POSITIVE_INFINITY ? 1 : 0);
  const ranked = [...slots.values()].sort(
    (a, b) => last(a) - last(b) || b.weight - a.weight || a.first - b.first,
  );
  let start = 0;
  for (const slot of ranked) {
    slot.at = start;
    start += slot.size;
  }
  const rows = new Uint32Array(order.length);
  for (let i = 0; i < order.length; i++) {
    const slot = slotOf[i]!;
    rows[slot.at] = order[i]!;
    slot.at += 1;
  }
  return rows;
}

export function sorted(
  table: Table,
  order: Uint32Array,
  sort: Sort,
  similar: Uint32Array | null,
): Uint32Array {
  if (sort === "suspicion") return bySuspicionOnly(table);
  if (sort === "pair") return byPair(table, order);
  return sort === "similar" && similar !== null ? similar : order;
}

/** Groups rows that pass by a label, the group with the most suspects first. */
export function groupedRows(table: Table, visible: Uint32Array, group: Group): Uint32Array {
  if (group === "none") return visible;
  const codes = group === "given" ? table.given : table.suggested;
  return grouped(visible, (row) => ({
    key: codes[row] === UNLABELLED ? -1 : codes[row]!,
    weight: table.flags[row]! & FLAGGED,
  }));
}

/** The control stands where the reviewer is, like the card that would have come next. */
export function withControl(visible: Uint32Array, control: number, before: number | null): Uint32Array {
  const rows = new Uint32Array(visible.length + (visible.includes(control) ? 0 : 1));
  let to = 0;
  if (before === null || before === control || !visible.includes(before)) rows[to++] = control;
  for (const row of visible) {
    if (row === control) continue;
    if (row === before) rows[to++] = control;
    rows[to++] = row;
  }
  return rows;
}
