import { useComputed, useSignal } from "@preact/signals";
import type { Store } from "../../store/types";
import { count, decimal, rows } from "../format";
import { BINS, type Bins, binRange, bins } from "./counts";

const ALL = Array.from({ length: BINS }, (_, bin) => bin);

function Bar({ bin, found, hover }: { bin: number; found: Bins; hover: (bin: number) => void }) {
  const all = found.all[bin]!;
  const flagged = found.flagged[bin]!;
  const done = found.done[bin]!;
  const height = Math.min(100, (100 * all) / found.top);
  const part = (n: number) => ({ flexGrow: n });
  return (
    <span class="ls-bar" onPointerEnter={() => hover(bin)}>
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

function describe(found: Bins, probability: boolean): string {
  if (found.nFlagged === 0) return "Nothing is suspicious enough to be flagged.";
  const wrong = probability ? `, about ${count(found.expected)} of them wrong` : "";
  return `${count(found.nFlagged)} above the gate${wrong}.`;
}

function describeBin(found: Bins, bin: number): string {
  const [low, high] = binRange(bin);
  const flagged = found.flagged[bin]!;
  const parts = [`${decimal(low)}–${decimal(high)}: ${rows(found.all[bin]!)}`];
  if (flagged > 0) parts.push(`${count(flagged)} above the gate, ${count(found.done[bin]!)} decided`);
  return parts.join(", ");
}

/** How suspicious the rows are, and which of them are above the gate. */
export function Histogram({ store }: { store: Store }) {
  const hovered = useSignal<number | null>(null);
  const found = useComputed(() => {
    store.version.value;
    return bins(store.table.value);
  });
  const { gate } = found.value;
  const sentence = describe(found.value, store.meta.value.hasProbability);
  const note = hovered.value === null ? sentence : describeBin(found.value, hovered.value);
  const at = gate === null ? 0 : (gate * 255) / 256;
  return (
    <section class="ls-strip-part" aria-label="Suspicion">
      <header>
        <h3 class="ls-heading">suspicion</h3>
      </header>
      <div
        class="ls-hist"
        role="img"
        aria-label={`Histogram of suspicion. ${gate === null ? "" : `The gate is at ${decimal(gate)}. `}${sentence}`}
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
        {gate !== null && (
          <span class={`ls-gate${at > 0.8 ? " left" : ""}`} style={{ left: `${100 * at}%` }}>
            <em>gate {decimal(gate)}</em>
          </span>
        )}
      </div>
      <p class="ls-footnote">{note}</p>
    </section>
  );
}
