/** A curve of a report: one line, its mark, and what the axes are. */
import type { ReportLine } from "../../protocol";

const WIDTH = 320;
const HEIGHT = 110;
const PAD = { left: 44, right: 10, top: 8, bottom: 20 };

export interface Scaled {
  path: string;
  mark: [x: number, y: number] | null;
  low: [x: number, y: number];
  high: [x: number, y: number];
}

/** Points in the picture; a flat line lies in its middle. */
export function scaled({ points, mark }: Pick<ReportLine, "points" | "mark">): Scaled {
  const all = mark === null ? points : [...points, mark];
  const ends = (k: 0 | 1): [number, number] => {
    const values = all.map((point) => point[k]);
    return [Math.min(...values), Math.max(...values)];
  };
  const [x0, x1] = ends(0);
  const [y0, y1] = ends(1);
  const share = (value: number, from: number, to: number): number =>
    to > from ? (value - from) / (to - from) : 0.5;
  const place = ([x, y]: readonly [number, number]): [number, number] => [
    PAD.left + share(x, x0, x1) * (WIDTH - PAD.left - PAD.right),
    HEIGHT - PAD.bottom - share(y, y0, y1) * (HEIGHT - PAD.top - PAD.bottom),
  ];
  const path = points
    .map((point, k) => `${k === 0 ? "M" : "L"}${place(point).map((v) => v.toFixed(1))}`)
    .join("");
  return { path, mark: mark && place(mark), low: [x0, y0], high: [x1, y1] };
}

export function short(value: number): string {
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(3)));
}

export function Line({ line }: { line: ReportLine }) {
  const { path, mark, low, high } = scaled(line);
  const at = line.mark;
  const says = `${line.title}: from ${short(low[0])} to ${short(high[0])} ${line.x} it goes from ${short(line.points[0]![1])} to ${short(line.points.at(-1)![1])} ${line.y}${at ? `; marked at ${short(at[0])} ${line.x}, ${short(at[1])} ${line.y}` : ""}.`;
  return (
    <figure class="ls-report-line">
      <figcaption>{line.title}</figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={says}>
        <path
          class="axis"
          d={`M${PAD.left} ${PAD.top}V${HEIGHT - PAD.bottom}H${WIDTH - PAD.right}`}
          fill="none"
        />
        <text x={PAD.left - 4} y={PAD.top + 8} text-anchor="end">
          {short(high[1])}
        </text>
        <text x={PAD.left - 4} y={HEIGHT - PAD.bottom} text-anchor="end">
          {short(low[1])}
        </text>
        <text x={PAD.left} y={HEIGHT - 6}>
          {short(low[0])}
        </text>
        <text x={WIDTH - PAD.right} y={HEIGHT - 6} text-anchor="end">
          {short(high[0])} {line.x}
        </text>
        <path class="curve" d={path} fill="none" />
        {mark && <circle cx={mark[0]} cy={mark[1]} r="3.6" />}
      </svg>
    </figure>
  );
}
