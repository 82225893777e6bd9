/** In the queue of mistakes: where the rows of the given and of the predicted class lie in the middle of the map. */
import type { Store, Table } from "../store/types";
import { UNIT } from "./camera";

export interface Center {
  /** on the map, in 0…1 */
  x: number;
  y: number;
  code: number;
  name: string;
  given: boolean;
}

/** The mean place of the rows that have a label now, without the one that is looked at; null where there is none. */
export function middleOf({ x, y, n, current }: Table, code: number, but: number): [number, number] | null {
  if (x === null || y === null) return null;
  let [sumX, sumY, count] = [0, 0, 0];
  for (let row = 0; row < n; row++) {
    if (current[row] !== code || row === but) continue;
    sumX += x[row]!;
    sumY += y[row]!;
    count++;
  }
  return count === 0 ? null : [sumX / count / UNIT, sumY / count / UNIT];
}

/** Of the case at hand; none in other queues. Takes a pass over all rows: to be computed, not called at each frame. */
export function centersOf(store: Store): Center[] {
  const { mistakes, classes, classNames, table, current, version } = store;
  if (!mistakes.on.value) return [];
  version.value;
  const found = mistakes.found.value;
  const one = mistakes.one();
  if (found === null || one === null || found.row !== current.value) return [];
  return [found.given, one.prediction].flatMap((label, place) => {
    const code = classes.value.indexOf(label);
    const at = code < 0 ? null : middleOf(table.value, code, found.row);
    if (at === null) return [];
    return [{ x: at[0], y: at[1], code, name: classNames.value[code] ?? "", given: place === 0 }];
  });
}
