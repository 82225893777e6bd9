import type { Detail } from "../../protocol";
import type { Store } from "../../store/types";
import { ClassName } from "../ClassName";
import { nameOf, percent } from "../format";

/** Bars are for the likely few; the other digits follow as small buttons. */
const BARS = 4;

function Candidate({
  store,
  row,
  code,
  share,
  digit,
}: {
  store: Store;
  row: number;
  code: number;
  share: number;
  digit: number;
}) {
  store.version.value;
  const table = store.table.value;
  const name = nameOf(store.classNames.value, code);
  const mark = code === table.current[row] ? "now" : code === table.given[row] ? "given" : "";
  return (
    <li>
      <button
        type="button"
        class="ls-candidate"
        data-code={code}
        title={`Relabel to ${name}${digit > 0 ? ` (${digit})` : ""}`}
        aria-label={`Relabel to ${name}, ${percent(share)}`}
        aria-keyshortcuts={digit > 0 ? String(digit) : undefined}
        onClick={() => store.relabel(store.classes.peek()[code] ?? null)}
      >
        {digit > 0 ? <kbd>{digit}</kbd> : <span />}
        <span class="ls-candidate-name">
          <ClassName store={store} code={code} />
          {mark && <em>{mark}</em>}
        </span>
        <span class="ls-meter">
          <i style={{ width: `${100 * Math.min(1, Math.max(0, share))}%` }} />
        </span>
        <span class="ls-share">{percent(share)}</span>
      </button>
    </li>
  );
}

function Other({ store }: { store: Store }) {
  return (
    <button
      type="button"
      class="ls-quiet-btn"
      data-action="relabel"
      title="Type any label (l)"
      aria-keyshortcuts="l"
      aria-haspopup="dialog"
      onClick={() => {
        store.palette.value = store.selection.peek().count > 1 ? "selection" : "current";
      }}
    >
      other label… <kbd>l</kbd>
    </button>
  );
}

/** What else the label could be; a digit or a click relabels. */
export function Candidates({ store, row, detail }: { store: Store; row: number; detail: Detail | null }) {
  const codes = store.keyCodes.value;
  const names = store.classNames.value;
  const shown = detail?.candidates.slice(0, BARS) ?? [];
  const bars = new Set(shown.map((candidate) => candidate.code));
  const rest = codes.map((code, k) => ({ code, digit: k + 1 })).filter(({ code }) => !bars.has(code));
  return (
    <section class="ls-part" aria-label="Candidates">
      <header class="ls-part-head">
        <h3 class="ls-heading">candidates</h3>
        <Other store={store} />
      </header>
      {shown.length > 0 && (
        <ul class="ls-candidates">
          {shown.map(({ code, probability }) => (
            <Candidate
              key={code}
              store={store}
              row={row}
              code={code}
              share={probability}
              digit={codes.indexOf(code) + 1}
            />
          ))}
        </ul>
      )}
      {rest.length > 0 && (
        <div class="ls-more-codes">
          {rest.map(({ code, digit }) => (
            <button
              key={code}
              type="button"
              class="ls-chip"
              data-code={code}
              title={`Relabel to ${nameOf(names, code)} (${digit})`}
              aria-label={`Relabel to ${nameOf(names, code)}`}
              aria-keyshortcuts={String(digit)}
              onClick={() => store.relabel(store.classes.peek()[code] ?? null)}
            >
              <kbd>{digit}</kbd>
              <ClassName store={store} code={code} />
            </button>
          ))}
        </div>
      )}
    </section>
  );
}
