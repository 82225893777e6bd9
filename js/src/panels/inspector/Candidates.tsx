import type { Detail } from "../../protocol";
import type { Store } from "../../store/types";
import { relabelTargets } from "../bulk/preview";
import { ClassName } from "../ClassName";
import { nameOf, percent } from "../format";
import { uiOf } from "../ui";

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
        class="ls-item ls-candidate"
        data-code={code}
        title={`Relabel to ${name}${digit > 0 ? ` (${digit})` : ""}`}
        aria-label={`Relabel to ${name}, ${percent(share)}`}
        aria-keyshortcuts={digit > 0 ? String(digit) : undefined}
        onClick={() => relabelTargets(store, code)}
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
      other… <kbd>l</kbd>
    </button>
  );
}

function Several({ store, row }: { store: Store; row: number }) {
  return (
    <button
      type="button"
      class="ls-quiet-btn"
      data-action="several"
      title="More than one label is right (m)"
      aria-keyshortcuts="m"
      aria-haspopup="dialog"
      disabled={!store.canDecide.value}
      onClick={() => {
        uiOf(store).sheet.value = { kind: "several", row };
      }}
    >
      several… <kbd>m</kbd>
    </button>
  );
}

/** Classes that the model rules out, so that nobody looks for them. */
function SurelyNot({ store, detail }: { store: Store; detail: Detail }) {
  const sure = detail.surely_not ?? [];
  if (sure.length === 0) return null;
  return (
    <p class="ls-surely" title="The model gives each of these less than 0.2 %">
      <span>surely not</span>
      {sure.map(({ code }) => (
        <ClassName key={code} store={store} code={code} quiet />
      ))}
    </p>
  );
}

/** What else the label could be; a digit or a click relabels. */
export function Candidates({
  store,
  row,
  detail,
  hidden,
}: {
  store: Store;
  row: number;
  detail: Detail | null;
  /** the suggestion is not to be given away yet: no bars */
  hidden: boolean;
}) {
  const codes = store.keyCodes.value;
  const names = store.classNames.value;
  const shown = detail?.candidates.slice(0, BARS) ?? [];
  const bars = new Set(shown.map((candidate) => candidate.code));
  const rest = codes.map((code, k) => ({ code, digit: k + 1 })).filter(({ code }) => !bars.has(code));
  return (
    <section class="ls-part" aria-label="Candidates">
      <header class="ls-part-head">
        <h3 class="ls-heading">{hidden ? "labels" : "candidates"}</h3>
        <span class="ls-part-acts">
          <Several store={store} row={row} />
          <Other store={store} />
        </span>
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
              onClick={() => relabelTargets(store, code)}
            >
              <kbd>{digit}</kbd>
              <ClassName store={store} code={code} />
            </button>
          ))}
        </div>
      )}
      {detail && <SurelyNot store={store} detail={detail} />}
    </section>
  );
}
