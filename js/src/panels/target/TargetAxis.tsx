/** Where the target stands among all: density, interval, given, current and suggested, neighbors that pull and push. */
import type { Target } from "../../protocol";
import { scaleOf, ticks } from "./axis";
import { numberText } from "./number";

const WIDTH = 100;

function Strip({ counts }: { counts: readonly number[] }) {
  const most = Math.max(1, ...counts);
  const path = counts
    .map((n, k) => (n === 0 ? "" : `M${k} 20V${(20 - Math.max(1, (20 * n) / most)).toFixed(1)}h.9V20z`))
    .join("");
  return (
    <svg
      class="ls-density"
      viewBox={`0 0 ${Math.max(1, counts.length)} 20`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <path d={path} />
    </svg>
  );
}

/** What the picture says, for those who hear it. */
export function axisWords(target: Target): string {
  const { given, current, suggested, low, high, neighbors } = target;
  const said = [`given ${numberText(given)}`];
  if (current !== given) said.push(`now ${numberText(current)}`);
  said.push(`suggested ${numberText(suggested)}`);
  if (low !== null && high !== null) said.push(`usual from ${numberText(low)} to ${numberText(high)}`);
  const pull = neighbors.filter(({ kind }) => kind === "pull").length;
  if (neighbors.length > 0) said.push(`${pull} of ${neighbors.length} neighbors have about this target`);
  return said.join(", ");
}

export function TargetAxis({ target }: { target: Target }) {
  const scale = scaleOf(target);
  if (scale === null) return null;
  const { given, current, suggested, low, high, density, neighbors } = target;
  const place = (value: number) => `${WIDTH * scale.at(value)}%`;
  return (
    <div class="ls-axis" role="img" aria-label={axisWords(target)}>
      {density && <Strip counts={density.counts} />}
      <div class="ls-axis-line">
        {low !== null && high !== null && (
          <span
            class="ls-axis-band"
            title={`${numberText(low)} to ${numberText(high)}`}
            style={{ left: place(low), width: `${WIDTH * (scale.at(high) - scale.at(low))}%` }}
          />
        )}
        {neighbors.map(({ row, value, kind, weight }) => (
          <i
            key={row}
            class={kind}
            title={`row ${row}: ${numberText(value)}`}
            style={{ left: place(value), opacity: 0.45 + 0.55 * Math.min(1, Math.max(0, weight)) }}
          />
        ))}
        {given !== null && (
          <b class="given" title={`given ${numberText(given)}`} style={{ left: place(given) }} />
        )}
        {current !== null && current !== given && (
          <b class="now" title={`now ${numberText(current)}`} style={{ left: place(current) }} />
        )}
        {suggested !== null && (
          <b
            class="suggested"
            title={`suggested ${numberText(suggested)}`}
            style={{ left: place(suggested) }}
          />
        )}
      </div>
      <div class="ls-axis-ticks" aria-hidden="true">
        {ticks(scale.low, scale.high).map((tick) => (
          <span key={tick} style={{ left: place(tick) }}>
            {numberText(tick)}
          </span>
        ))}
      </div>
    </div>
  );
}
