/** The envelope of a sound as bars, with how far it has played. */
import { playing } from "./player";

const WIDTH = 128;
const HEIGHT = 32;

export function Wave({ values, row }: { values: readonly number[]; row: number }) {
  const state = playing.value;
  const done = state !== null && state.row === row ? state.at : 0;
  const step = WIDTH / Math.max(1, values.length);
  const path = (from: number, to: number): string =>
    values
      .slice(from, to)
      .map((value, i) => {
        const height = Math.max(1.5, (Math.min(255, Math.max(0, Number(value) || 0)) / 255) * HEIGHT);
        return `M${((from + i + 0.5) * step).toFixed(1)} ${((HEIGHT - height) / 2).toFixed(1)}v${height.toFixed(1)}`;
      })
      .join("");
  const split = Math.round(values.length * done);
  return (
    <svg class="ls-wave" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <path d={path(0, split)} class="done" stroke-width={step * 0.6} />
      <path d={path(split, values.length)} stroke-width={step * 0.6} />
    </svg>
  );
}
