/** Classes, or tags, in trees: how far two are apart, how they are listed, and what comes and goes along. */
import type { Tree } from "../../protocol";
import type { Store } from "../../store/types";

/** Places that are classes, or tags; what is only above them follows. */
export const sizeOf = ({ parents, upper }: Tree): number => parents.length - upper.length;

/** From the top of a tree down to a place. */
export function pathTo({ parents }: Tree, place: number): number[] {
  const path: number[] = [];
  for (let at = place; at >= 0 && path.length < parents.length; at = parents[at] ?? -1) path.unshift(at);
  return path;
}

/** Steps from one class to another through the lowest one that is above both. */
export function steps(tree: Tree, from: number, to: number): number | null {
  const n = sizeOf(tree);
  if (from >= n || to >= n) return null;
  const [a, b] = [pathTo(tree, from), pathTo(tree, to)];
  const shared = a.filter((place, k) => b[k] === place).length;
  return a.length + b.length - 2 * shared;
}

const lists = new WeakMap<Tree, [number, number][]>();

/** Codes in the order of a table of contents, each with how deep it stands below others that are listed. */
export function outline(tree: Tree): [code: number, depth: number][] {
  let found = lists.get(tree);
  if (found === undefined) {
    const n = sizeOf(tree);
    const below = new Map<number, number[]>();
    tree.parents.forEach((parent, place) => {
      const known = below.get(parent);
      if (known) known.push(place);
      else below.set(parent, [place]);
    });
    const list: [number, number][] = [];
    const walk = (parent: number, depth: number): void => {
      for (const place of below.get(parent) ?? []) {
        if (place < n) list.push([place, depth]);
        walk(place, place < n ? depth + 1 : depth);
      }
    };
    walk(-1, 0);
    found = list;
    lists.set(tree, found);
  }
  return found;
}

/** Tags that come along when one is put in (1), or go along when it is taken out (0). */
export function along(store: Store, tag: string, value: 0 | 1): string[] {
  const tree = store.meta.value.taxonomy;
  const tags = store.tags.value;
  const column = tags.indexOf(tag);
  if (!tree || column < 0 || store.task.value !== "multilabel") return [];
  const path = pathTo(tree, column);
  return tags.filter((_, other) =>
    other === column ? false : value === 1 ? path.includes(other) : pathTo(tree, other).includes(column),
  );
}
