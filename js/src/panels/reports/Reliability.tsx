/** Shares of a report against confidence, each with its interval; on the diagonal confidence is what it says. */
import type { ReportPlot } from "../../protocol";
import { percent } from "../format";

const SIZE = 280;
const PAD = 36;
const INKS = ["var(--ink3)", "var(--accent)"];

export function Reliability({ plot }: { plot: ReportPlot }) {
  const { series } = plot;
  const from = Math.min(0.5, ...series.flatMap(({ points }) => points.map(([x]) => x)));
  const x = (value: number): number => PAD + ((value - from) / (1 - from || 1)) * (SIZE - PAD - 8);
  const y = (value: number): number => 8 + (1 - value) * (SIZE - PAD);
  const says = series.map(
    ({ name, points }) =>
      `${name}: ${points.map(([at, share, , , n]) => `${percent(share)} of ${n} at ${percent(at)}`).join(", ")}`,
  );
  return (
    <figure class="ls-report-line">
      <figcaption>{plot.title}</figcaption>
      <svg
        viewBox={`0 0 ${SIZE} ${SIZE}`}
        style={{ maxWidth: SIZE }}
        role="img"
        aria-label={`${plot.y} by ${plot.x}. ${says.join(". ")}.`}
      >
        <path class="axis" d={`M${PAD} ${y(1)}V${y(0)}H${x(1)}`} fill="none" />
        <path class="axis" d={`M${x(from)} ${y(from)}L${x(1)} ${y(1)}`} stroke-dasharray="3" />
        <text x={PAD + 6} y={y(1) + 3}>
          {plot.y}
        </text>
        {[0, 0.5, 1].map((value) => (
          <text key={value} x={PAD - 4} y={y(value) + 3} text-anchor="end">
            {percent(value)}
          </text>
        ))}
        <text x={PAD} y={SIZE - 12}>
          {percent(from)}
        </text>
        <text x={x(1)} y={SIZE - 12} text-anchor="end">
          100 % {plot.x}
        </text>
        {series.map(({ name, points }, k) => (
          // beside each other where both are at one confidence
          <g key={name} style={{ color: INKS[k] }} stroke="currentColor" transform={`translate(${5 * k} 0)`}>
            {points.map(([at, share, low, high, n]) => (
              <g key={at} data-series={name}>
                <title>{`${name} ${percent(at)}: ${percent(share)} of ${n} reviewed (${percent(low)} to ${percent(high)})`}</title>
                <path d={`M${x(at)} ${y(low)}V${y(high)}`} />
                <path d={`M${x(at)} ${y(share)}h0`} stroke-width="6.5" stroke-linecap="round" />
              </g>
            ))}
          </g>
        ))}
      </svg>
      <p aria-hidden="true">
        {series.map(({ name }, k) => (
          <span key={name} style={{ color: INKS[k] }}>
            ● {name}
            {"\u2003"}
          </span>
        ))}
      </p>
    </figure>
  );
}
