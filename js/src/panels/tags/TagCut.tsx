/** One side of a tag: bars of how probably it is missing, or wrong, a threshold, and what lies above it. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Side, TagCount } from "../../protocol";
import type { Store } from "../../store/types";
import { count, decimal, rows as rowsText } from "../format";
import { uiOf } from "../ui";
import { countAbove, FIRST_CUT, heights } from "./tail";

const REST = 160;

const SAYS: Record<Side, { head: string; act: string; slider: string }> = {
  missing: { head: "missing", act: "add to", slider: "Least probability that the tag is missing" },
  spurious: { head: "wrong", act: "remove from", slider: "Least probability that the tag is wrong" },
};

interface Found {
  at: number;
  rows: number[];
  wrong: number;
}

/** The bars count at once; the kernel's own count, and which rows they are, follows. */
function useCut(store: Store, tag: TagCount, side: Side) {
  const at = useSignal(FIRST_CUT);
  const found = useSignal<Found | null>(null);
  const live = store.connection.value === "live";
  const threshold = at.value;
  useEffect(() => {
    if (!live) return;
    let late = false;
    const timer = setTimeout(async () => {
      const cut = await store.tagCut(tag.tag, side, threshold);
      if (!late && cut !== null) found.value = { at: threshold, rows: cut.found, wrong: cut.expected_wrong };
    }, REST);
    return () => {
      late = true;
      clearTimeout(timer);
    };
  }, [store, live, tag, side, threshold]);
  return { at, found };
}

export function TagCut({ store, tag, side }: { store: Store; tag: TagCount; side: Side }) {
  const { at, found } = useCut(store, tag, side);
  const bins = side === "missing" ? tag.missing_histogram : tag.spurious_histogram;
  const exact = found.value?.at === at.value ? found.value : null;
  const n = exact?.rows.length ?? countAbove(bins, at.value);
  const says = SAYS[side];
  const usable = store.canDecide.value && exact !== null && n > 0;
  const open = async (): Promise<void> => {
    if (exact === null) return;
    const value = side === "missing" ? 1 : 0;
    uiOf(store).sheet.value = { kind: "many", rows: exact.rows, edit: { kind: "tag", tag: tag.tag, value } };
  };
  return (
    <fieldset class={`ls-cut ${side}`} aria-label={`${tag.tag}: probably ${says.head}`} data-side={side}>
      <span class="ls-cut-bars">
        {heights(bins).map((height, k) => (
          <i
            key={k}
            class={(k + 0.5) / bins.length >= at.value ? "above" : ""}
            style={{ height: height === 0 ? "0" : `max(2px, ${100 * height}%)` }}
          />
        ))}
        <input
          type="range"
          min="0.05"
          max="1"
          step="0.01"
          value={at.value}
          aria-label={says.slider}
          aria-valuetext={`${decimal(at.value)}: ${rowsText(n)}`}
          data-action={`cut-${side}`}
          onKeyDown={(event) => {
            if (event.key !== "Tab" && event.key !== "Escape") event.stopPropagation();
          }}
          onInput={(event) => {
            at.value = Number(event.currentTarget.value);
          }}
        />
      </span>
      <span class="ls-cut-says" role="status">
        <span class="ls-sr">{rowsText(n)}: </span>
        {says.head} ≥ <b>{decimal(at.value)}</b>
        {exact !== null && n > 0 && <em> · ~{count(exact.wrong)} not so</em>}
      </span>
      <button
        type="button"
        class="ls-chip on"
        data-action={`accept-${side}`}
        disabled={!usable}
        aria-haspopup="dialog"
        title={`Look at what changes, then ${says.act} ${rowsText(n)} in one step`}
        onClick={() => void open()}
      >
        {says.act} {count(n)}
      </button>
      <button
        type="button"
        class="ls-chip"
        data-action={`check-${side}`}
        disabled={!usable || uiOf(store).run.value !== null}
        aria-haspopup="dialog"
        title="Check some at random, then accept the rest"
        onClick={() => {
          const cut = { tag: tag.tag, side, threshold: at.peek() };
          uiOf(store).sheet.value = { kind: "tag-check", cut, n };
        }}
      >
        check…
      </button>
    </fieldset>
  );
}
