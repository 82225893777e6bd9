/** Tags by how often they are given, and how many rows a cut would change. */
import type { TagCount } from "../../protocol";

export type Share = "many" | "medium" | "few";

/** As in the literature on long tails: more than 100 rows, 20 to 100, fewer than 20. */
const MANY = 100;
const FEW = 20;

export function shareOf({ given }: Pick<TagCount, "given">): Share {
  return given > MANY ? "many" : given >= FEW ? "medium" : "few";
}

export const SHARE_SAYS: Record<Share, string> = {
  many: `more than ${MANY} rows`,
  medium: `${FEW} to ${MANY} rows`,
  few: `fewer than ${FEW} rows`,
};

export interface TailGroup {
  share: Share;
  tags: TagCount[];
}

/** Most frequent first, in groups; a group without tags is left out. */
export function tailGroups(counts: readonly TagCount[]): TailGroup[] {
  const ordered = [...counts].sort((a, b) => b.given - a.given);
  return (["many", "medium", "few"] as const)
    .map((share) => ({ share, tags: ordered.filter((tag) => shareOf(tag) === share) }))
    .filter(({ tags }) => tags.length > 0);
}

/** Rows from a threshold on; of the bin that it lies in, the part above it. */
export function countAbove(histogram: readonly number[], threshold: number): number {
  const n = histogram.length;
  const at = Math.min(n, Math.max(0, threshold * n));
  const bin = Math.floor(at + 1e-9);
  let rows = 0;
  for (let k = bin + 1; k < n; k++) rows += histogram[k]!;
  if (bin < n) rows += histogram[bin]! * (1 - (at - bin));
  return Math.round(rows);
}

/** Where a cut starts: the lowest threshold from one half on. */
export const FIRST_CUT = 0.5;

/** Heights of bars in 0…1; the crowd near 0 is cut so that what is suspected can be seen. */
export function heights(histogram: readonly number[]): number[] {
  const top = Math.max(1, ...histogram.slice(Math.ceil(histogram.length / 5)));
  return histogram.map((count) => Math.min(1, Math.sqrt(count / top)));
}
