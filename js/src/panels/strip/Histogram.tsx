import { useComputed, useSignal } from "@preact/signals";
import type { Gate } from "../../protocol";
import type { Store } from "../../store/types";
import { count, decimal, rows } from "../format";
import { uiOf } from "../ui";
import { BINS, type Bins, binRange, binsOf, levels } from "./counts";
import { GateHandle } from "./GateHandle";
import { curve, expectedRight } from "./gate";
import { gateNow } from "./moveGate";

const ALL = Array.from({ length: BINS }, (_, bin) => bin);

function Bar({ bin, found, hover }: { bin: number; found: Bins; hover: (bin: number) => void }) {
  const all = found.all[bin]!;
  const flagged = found.flagged[bin]!;
  const done = found.done[bin]!;
  const height = Math.min(100, (100 * all) / found.top);
  const part = (n: number) => ({ flexGrow: n });
  return (
    <span class="ls-bar" aria-hidden="true" onPointerEnter={() => hover(bin)}>
      {all > 0 && (
        <i class={all > found.top ? "cut" : ""} style={{ height: `max(2px, ${height}%)` }}>
          {flagged > done && <b class="hot" style={part(flagged - done)} />}
          {done > 0 && <b class="done" style={part(done)} />}
          {all > flagged && <b style={part(all - flagged)} />}
        </i>
      )}
    </span>
  );
}

/** "118 above the gate, about 28 of them right." */
export function describe(found: Bins, gate: Gate | null, at: number | null, probability: boolean): string {
  if (found.nFlagged === 0)
    return gate === null ? "Nothing is suspicious enough to be flagged." : "Nothing is above the gate.";
  const right = gate === null || at === null ? null : expectedRight(gate, at, found.nFlagged);
  const many = `${count(found.nFlagged)} above the gate`;
  if (right !== null) return `${many}, about ${count(Math.min(found.nFlagged, right))} of them right.`;
  return probability ? `${many}, about ${count(found.expected)} of them wrong.` : `${many}.`;
}

function describeBin(found: Bins, bin: number): string {
  const [low, high] = binRange(bin);
  const flagged = found.flagged[bin]!;
  const parts = [`${decimal(low)}–${decimal(high)}: ${rows(found.all[bin]!)}`];
  if (flagged > 0) parts.push(`${count(flagged)} above the gate, ${count(found.done[bin]!)} decided`);
  return parts.join(", ");
}

/** The two populations that the fit tells apart. Its bins are narrower than the bars, so its heights are scaled. */
function Curves({ gate, top }: { gate: Gate; top: number }) {
  if (gate.clean.length === 0 || gate.wrong.length === 0) return null;
  const scaled = (top * BINS) / gate.clean.length;
  return (
    <svg class="ls-curves" viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
      <path class="clean" d={curve(gate.clean, scaled)} />
      <path class="wrong" d={curve(gate.wrong, scaled)} />
    </svg>
  );
}

function Key({ gate }: { gate: Gate | null }) {
  if (!gate || gate.clean.length === 0) return null;
  return (
    <span class="ls-curve-key" title="A mixture of two fitted to the suspicion of all rows">
      <i class="clean" /> fitted right <i class="wrong" /> fitted wrong
    </span>
  );
}

/** How suspicious the rows are, and which of them are above the gate. */
export function Histogram({ store }: { store: Store }) {
  const hovered = useSignal<number | null>(null);
  const gate = store.gate.value;
  // one pass over the rows after a decision; moving the gate costs nothing, at any number of rows
  const rowsBy = useComputed(() => {
    store.version.value;
    return levels(store.whole.value);
  });
  const found = useComputed(() =>
    binsOf(rowsBy.value, uiOf(store).gateAt.value ?? store.gate.value?.at ?? null),
  );
  const at = gateNow(store);
  const sentence = describe(found.value, gate, at, store.meta.value.hasProbability);
  const note = hovered.value === null ? sentence : describeBin(found.value, hovered.value);
  return (
    <section class="ls-strip-part hist" aria-label="Suspicion">
      <header>
        <h3 class="ls-heading">suspicion</h3>
        <span class="ls-gap" />
        <Key gate={gate} />
      </header>
      <fieldset
        class="ls-hist"
        aria-label={`Histogram of suspicion. ${at === null ? "" : `The gate is at ${decimal(at)}. `}${sentence}`}
        onPointerLeave={() => {
          hovered.value = null;
        }}
      >
        {ALL.map((bin) => (
          <Bar
            key={bin}
            bin={bin}
            found={found.value}
            hover={(over) => {
              hovered.value = over;
            }}
          />
        ))}
        {gate && <Curves gate={gate} top={found.value.top} />}
        {at !== null && <GateHandle store={store} at={at} says={sentence} />}
      </fieldset>
      <p class="ls-footnote">
        <span class="ls-clip">{note}</span>
        {hovered.value === null && gate !== null && (
          <span>
            Drag the gate, or press <kbd>[</kbd> <kbd>]</kbd>
          </span>
        )}
      </p>
    </section>
  );
}
