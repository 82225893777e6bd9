/** How far along one is and whether going on is worth it: opened from the estimate in the toolbar. */
import { useSignal } from "@preact/signals";
import type { LeftEstimate } from "../../protocol";
import type { Store } from "../../store/types";
import { count, percent } from "../format";
import { Popover } from "../Popover";
import { effortCurve, leftText, paceText, rangeText } from "./left";

function Curve({ estimate }: { estimate: LeftEstimate }) {
  const curve = effortCurve(estimate);
  if (!curve) return <p class="ls-quiet">The curve starts after a few decisions.</p>;
  const { next } = curve;
  return (
    <figure class="ls-effort">
      <svg
        viewBox="0 0 100 100"
        preserveAspectRatio="none"
        role="img"
        aria-label={`${count(curve.found)} errors found in ${count(curve.looks)} looks; the next 100 find about ${count(estimate.next_100)}`}
      >
        <path class="area" d={curve.area} />
        <path class="line" d={curve.path} />
        <path class="next" d={`M${next.from.x} ${next.from.y}L${next.x} ${next.y}`} />
      </svg>
      <figcaption style={{ gridTemplateColumns: `${curve.looks}fr minmax(90px, 100fr)` }}>
        <span>0 looks</span>
        <span>{count(curve.looks)}</span>
        <span>+ 100</span>
      </figcaption>
    </figure>
  );
}

function Panel({ estimate }: { estimate: LeftEstimate }) {
  const { low, high, level, measured, looks, random_looks, per_minute, next_100, advice } = estimate;
  return (
    <>
      <p class="ls-effort-left">
        <b>about {count(estimate.left)}</b> wrong labels left
      </p>
      <p class="ls-quiet">
        {measured
          ? `${percent(level)} interval ${count(low)}–${count(high)}, measured on ${count(random_looks)} of your ${count(looks)} looks that were drawn at random; it holds however often you look.`
          : "Assumed from the model's own estimate: nothing is measured until rows drawn at random were looked at."}
      </p>
      <Curve estimate={estimate} />
      <dl class="ls-stats">
        <dt>the next 100 looks find about</dt>
        <dd>{count(next_100)}</dd>
        {per_minute !== null && (
          <>
            <dt>errors found a minute</dt>
            <dd>{paceText(per_minute).split(" ")[0]}</dd>
          </>
        )}
      </dl>
      {advice && <p class="ls-advice">{advice}</p>}
    </>
  );
}

export function Effort({ store }: { store: Store }) {
  const open = useSignal(false);
  const estimate = store.estimate.value;
  if (estimate === null) return null;
  const text = leftText(estimate);
  return (
    <Popover
      open={open}
      label={`${text}. Effort and advice`}
      title="Errors left and effort"
      hint={`${text}: what you found so far, and whether to go on`}
      action="effort"
      align="end"
      wide
      class="ls-left"
      button={
        <>
          <b>≈ {count(estimate.left)}</b> left
          <span class="ls-range-text">
            {rangeText(estimate)}
            {estimate.measured ? ", measured" : "assumed"}
          </span>
        </>
      }
    >
      <Panel estimate={estimate} />
    </Popover>
  );
}
