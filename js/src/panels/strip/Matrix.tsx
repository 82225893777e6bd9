/** given → suggested (or → now): where labels are confused; a cell filters plot and gallery to its rows. */
import { type Signal, useComputed, useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { Store } from "../../store/types";
import { count, nameOf } from "../format";
import { uiOf } from "../ui";
import { Cells } from "./Cells";
import { chosenCell } from "./cell";
import { type Against, confusions, worstClasses } from "./counts";
import { Pairs } from "./Pairs";

const TOP = 12;
/** Beyond this many classes the whole table is a list of pairs: nobody reads a million cells. */
const WHOLE = 40;

/** Offered for the cell that the filters show: look at a few at random, accept the rest. */
function Check({ store }: { store: Store }) {
  const cell = chosenCell(store.filters.value);
  if (cell === null || uiOf(store).run.value !== null) return null;
  const names = store.classNames.value;
  return (
    <button
      type="button"
      class="ls-chip on"
      data-action="check"
      title={`Look at some rows given ${nameOf(names, cell.given)} at random; when enough are ${nameOf(names, cell.suggested)}, accept the rest (c)`}
      aria-haspopup="dialog"
      aria-keyshortcuts="c"
      onClick={() => {
        uiOf(store).sheet.value = { kind: "check", ...cell };
      }}
    >
      check some, accept the rest <kbd>c</kbd>
    </button>
  );
}

function Switch({ against }: { against: Signal<Against> }) {
  const other: Against = against.value === "suggested" ? "current" : "suggested";
  const says = { suggested: "suggested", current: "now" };
  return (
    <button
      type="button"
      class="ls-quiet-btn"
      title={`Show given → ${says[other]} instead`}
      onClick={() => {
        against.value = other;
      }}
    >
      show → {says[other]}
    </button>
  );
}

function nothing(store: Store, against: Against): string {
  const veil = store.veil.value;
  if (veil === "labels") return "Labels are hidden while people vote.";
  if (against === "current") return "No label was changed yet.";
  return veil === "hint" ? "Only decided rows are counted." : "No suggestion differs from the given label.";
}

export function Matrix({ store, onRules }: { store: Store; onRules?: () => void }) {
  const against = useSignal<Against>("suggested");
  const whole = useSignal(false);
  const box = useRef<HTMLDivElement>(null);
  const found = useComputed(() => {
    // a decision changes the current labels only: with a million rows the suggestions are counted once
    if (against.value === "current") store.version.value;
    return confusions(store.table.value, store.classes.value.length, against.value);
  });
  const n = store.classes.value.length;
  const asList = whole.value && n > WHOLE;
  const codes = asList ? [] : worstClasses(found.value, n, whole.value ? WHOLE : TOP);
  const to = against.value === "suggested" ? "suggested" : "now";
  return (
    <section class="ls-strip-part matrix" aria-label={`Given and ${to} labels`}>
      <header>
        <h3 class="ls-heading">given → {to}</h3>
        <span class="ls-gap" />
        {n > TOP && (
          <button
            type="button"
            class="ls-quiet-btn"
            aria-pressed={whole.value}
            title={
              whole.value ? `Show the ${TOP} classes with most confusions` : `Show all ${count(n)} classes`
            }
            onClick={() => {
              whole.value = !whole.value;
              box.current?.scrollTo?.(0, 0);
            }}
          >
            {whole.value ? `top ${TOP}` : `top ${TOP} · show all ${count(n)}`}
          </button>
        )}
        {against.value === "suggested" && <Check store={store} />}
        {onRules && (
          <button type="button" class="ls-quiet-btn" data-action="show-rules" onClick={onRules}>
            attributes
          </button>
        )}
        {store.veil.value !== "labels" && <Switch against={against} />}
      </header>
      {found.value.total === 0 ? (
        <p class="ls-quiet">{nothing(store, against.value)}</p>
      ) : (
        <div class={`ls-matrix-box${whole.value ? " whole ls-scroll" : ""}`} ref={box}>
          {asList ? (
            <Pairs store={store} found={found.value} />
          ) : (
            <Cells store={store} found={found.value} codes={codes} />
          )}
        </div>
      )}
    </section>
  );
}
