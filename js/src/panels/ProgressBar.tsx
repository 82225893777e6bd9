import type { Progress } from "../protocol";
import type { Meta, Store } from "../store/types";
import { count, percent } from "./format";
import { Effort } from "./progress/Effort";
import { paceText } from "./progress/left";

/** Errors that the estimate says are still in the labels, with half the width of its interval; null without one. */
export function errorsLeft(
  progress: Progress,
  noise: Meta["noiseRate"],
): { left: number; half: number } | null {
  if (!noise || !Number.isFinite(noise.value) || progress.n_labeled === 0) return null;
  const found = progress.relabelled + progress.excluded;
  return {
    left: Math.max(0, Math.round(noise.value * progress.n_labeled - found)),
    half: Math.round(((noise.high - noise.low) / 2) * progress.n_labeled),
  };
}

/** Rows with a decision, whatever it rests on. */
export function decidedRows(progress: Progress): number {
  return progress.reviewed + progress.taken_over + progress.by_machine;
}

/** Decisions made, of those that there are to make: each decision counts, also on a row below the gate. */
export function workload(progress: Progress): { done: number; total: number; changed: number } {
  const done = decidedRows(progress);
  return { done, total: done + progress.flagged_left, changed: Math.min(progress.relabelled, done) };
}

export function ProgressBar({ store }: { store: Store }) {
  const progress = store.progress.value;
  const { done, total, changed } = workload(progress);
  const unseen = done - progress.reviewed;
  const apart = [
    `${count(progress.reviewed)} reviewed`,
    progress.taken_over > 0 && `${count(progress.taken_over)} accepted in one go`,
    progress.by_machine > 0 && `${count(progress.by_machine)} decided by a method`,
  ].filter(Boolean);
  const last = apart.pop();
  const seen =
    unseen > 0
      ? `${apart.join(", ")} and ${last}, of ${count(total)}`
      : `${count(done)} of ${count(total)} reviewed`;
  const share = (part: number) => (total > 0 ? `${(100 * part) / total}%` : "0");
  const noise = store.meta.value.noiseRate;
  const left = errorsLeft(progress, noise);
  const measured = store.estimate.value;
  const pace = measured === null ? "" : paceText(measured.per_minute);
  const title = [
    `${seen}: ${count(changed)} relabelled, ${count(progress.kept)} kept, ` +
      `${count(progress.unsure)} unsure, ${count(progress.excluded)} excluded.`,
    left && noise && !measured
      ? `About ${count(left.left)} wrong labels are left, by ${noise.measured ? "measurement" : "the model's estimate"} ` +
        `(${percent(noise.level)} interval ± ${count(left.half)}).`
      : "",
  ].join("\n");
  return (
    <div class="ls-progress" data-reviewed={progress.reviewed} title={title.trim()}>
      <div
        class="ls-track"
        role="progressbar"
        aria-label="Reviewed"
        aria-valuemin={0}
        aria-valuemax={Math.max(1, total)}
        aria-valuenow={done}
        aria-valuetext={seen}
      >
        <i class="changed" style={{ width: share(changed) }} />
        <i class="looked" style={{ width: share(Math.max(0, done - changed)) }} />
      </div>
      <span class="ls-progress-count">
        {count(progress.reviewed)}
        {unseen > 0 && ` + ${count(unseen)}`} / {count(total)}
      </span>
      {measured ? (
        <>
          {pace && <span class="ls-pace">· {pace}</span>}
          <Effort store={store} />
        </>
      ) : (
        left && (
          <span class="ls-progress-left">
            · <b>≈ {count(left.left)}</b>
            {left.half > 0 && ` ± ${count(left.half)}`} left
          </span>
        )
      )}
    </div>
  );
}
