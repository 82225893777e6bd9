import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Meta, Store } from "../../store/types";
import { ago, count, shortPath } from "../format";

/** "5.1 % (4.2–6.0)" */
export function noiseText(noise: NonNullable<Meta["noiseRate"]>): string {
  const share = (value: number) => (100 * value).toFixed(1);
  return `${share(noise.value)} % (${share(noise.low)}–${share(noise.high)})`;
}

/** Where the decisions are. Ticks by itself; nothing is announced, the words are for the eye. */
function Saved({ store }: { store: Store }) {
  const now = useSignal(Date.now());
  const journal = store.journal.value;
  const at = store.savedAt.value;
  useEffect(() => {
    if (at === null) return;
    now.value = Date.now();
    const timer = setInterval(() => {
      now.value = Date.now();
    }, 5000);
    return () => clearInterval(timer);
  }, [at]);
  if (store.connection.value === "connecting") return <p class="ls-footnote">connecting…</p>;
  if (store.connection.value === "offline")
    return (
      <p class="ls-footnote warn">
        {store.canDecide.value ? "no kernel: decisions wait in this page" : "no kernel: nothing can be saved"}
      </p>
    );
  if (store.unsaved.value > 0) return <p class="ls-footnote">saving…</p>;
  if (journal === null)
    return (
      <p class="ls-footnote warn" title="Decisions are lost when the kernel stops">
        in memory only: pass <code>journal=…</code>
      </p>
    );
  return (
    <p class="ls-footnote ls-saved" title={journal}>
      <span class="ls-clip">saved to {shortPath(journal)}</span>
      {at !== null && <span>{` · ${ago(at, Math.max(now.value, at))}`}</span>}
    </p>
  );
}

export function SoFar({ store }: { store: Store }) {
  const progress = store.progress.value;
  const noise = store.meta.value.noiseRate;
  const pace = store.estimate.value?.per_minute ?? null;
  const seen = progress.reviewed > 0;
  return (
    <section class="ls-strip-part" aria-label="So far">
      <header>
        <h3 class="ls-heading">so far</h3>
      </header>
      <dl class="ls-stats">
        {progress.taken_over > 0 && (
          <>
            <dt>accepted in one go</dt>
            <dd data-stat="taken_over">{count(progress.taken_over)}</dd>
          </>
        )}
        {progress.by_machine > 0 && (
          <>
            <dt>decided by a method</dt>
            <dd data-stat="by_machine">{count(progress.by_machine)}</dd>
          </>
        )}
        <dt>relabelled</dt>
        <dd data-stat="relabelled">{count(progress.relabelled)}</dd>
        <dt>kept</dt>
        <dd data-stat="kept">{count(progress.kept)}</dd>
        <dt>unsure · excluded</dt>
        <dd data-stat="unsure">
          {count(progress.unsure)} · {count(progress.excluded)}
        </dd>
        <dt>found per 100 looks{pace !== null && " · a minute"}</dt>
        <dd data-stat="per_100">
          {seen ? count(progress.per_100) : "–"}
          {pace !== null && ` · ${pace.toFixed(1)}`}
        </dd>
        {noise && (
          <>
            <dt>
              estimated noise
              {!noise.measured && (
                <em title="From the model's probabilities; not measured on rows drawn at random">
                  {" "}
                  model estimate
                </em>
              )}
            </dt>
            <dd data-stat="noise" title={`${Math.round(100 * noise.level)} % interval`}>
              {noiseText(noise)}
            </dd>
          </>
        )}
      </dl>
      <Saved store={store} />
    </section>
  );
}
