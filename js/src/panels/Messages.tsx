/** What the view has to say: toasts, the live region, the evidence line with its notices. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { REVIEWER } from "../store/columnData";
import type { Store, Toast } from "../store/types";
import { Chips } from "./Chips";
import { filterChips } from "./filters";
import { count, rows } from "./format";
import { Icon } from "./Icon";
import { guardKeys } from "./keys";

/** Only what informs goes by itself; warnings and errors wait to be read. */
const STAYS = 6000;

function Line({ store, toast }: { store: Store; toast: Toast }) {
  const { key, level, message, hint } = toast;
  const held = useSignal(false);
  useEffect(() => {
    if (level !== "info" || held.value) return;
    const timer = setTimeout(() => store.dismiss(key), STAYS);
    return () => clearTimeout(timer);
  }, [key, level, held.value]);
  return (
    <div
      class="ls-toast"
      data-level={level}
      role={level === "error" ? "alert" : "status"}
      onPointerEnter={() => {
        held.value = true;
      }}
      onPointerLeave={() => {
        held.value = false;
      }}
    >
      <Icon name={level} />
      <div>
        <p>{message}</p>
        {hint && <p class="ls-quiet">{hint}</p>}
      </div>
      <button
        type="button"
        class="ls-btn icon"
        aria-label={`Dismiss: ${message}`}
        title="Dismiss"
        onClick={() => store.dismiss(key)}
      >
        <Icon name="close" />
      </button>
    </div>
  );
}

export function Toasts({ store }: { store: Store }) {
  return (
    <section class="ls-toasts" aria-label="Messages" onKeyDown={guardKeys}>
      {store.toasts.value.map((toast) => (
        <Line key={toast.key} store={store} toast={toast} />
      ))}
    </section>
  );
}

export function LiveRegion({ store }: { store: Store }) {
  return (
    <div class="ls-live ls-sr" role="status" aria-live="polite" aria-atomic="true">
      {store.announcement.value}
    </div>
  );
}

/** The evidence line, one line high, or the filters while there are any; the notices of the audit unfold below it. */
export function NoticesBar({ store }: { store: Store }) {
  const open = useSignal(false);
  const { summary, notices } = store.meta.value;
  const filters = store.filters.value;
  const infos = store.columnInfos.value;
  // Whoever decided is no column of the kernel's: the page counts them itself.
  const who = REVIEWER in filters.column ? store.columnOf(REVIEWER).value?.info : undefined;
  const chips = filterChips(filters, store.classNames.value, who ? [...infos, who] : infos);
  if (!summary && notices.length === 0 && chips.length === 0) return null;
  return (
    <section class="ls-notices" aria-label="Evidence and notices" onKeyDown={guardKeys}>
      <div class="ls-notices-line">
        {chips.length > 0 && <Chips store={store} chips={chips} />}
        {(chips.length === 0 || open.value) && (
          <span class={open.value ? "" : "ls-clip"} title={open.value ? undefined : summary}>
            {summary}
          </span>
        )}
        <span class="ls-gap" />
        {(notices.length > 0 || summary.length > 80) && (
          <button
            type="button"
            class={`ls-chip${notices.length > 0 ? " warn" : ""}`}
            aria-expanded={open.value}
            title={open.value ? "Fold" : "Show the whole line and all notices"}
            onClick={() => {
              open.value = !open.value;
            }}
          >
            {notices.length > 0 && <Icon name="warning" />}
            {notices.length > 0
              ? `${count(notices.length)} ${notices.length === 1 ? "notice" : "notices"}`
              : "more"}
            <span aria-hidden="true">{open.value ? "▴" : "▾"}</span>
          </button>
        )}
      </div>
      {open.value && notices.length > 0 && (
        <ul class="ls-scroll">
          {notices.map((notice, k) => (
            <li key={`${k}${notice.code}`} data-code={notice.code}>
              <span>{notice.message}</span>
              {notice.hint && <span class="ls-quiet">{notice.hint}</span>}
              {notice.rows.length > 0 && (
                <button
                  type="button"
                  class="ls-chip"
                  title="Select the rows that this is about"
                  onClick={() => {
                    store.select(notice.rows, "replace");
                    store.say(`${rows(notice.rows.length)} selected.`);
                  }}
                >
                  select {rows(notice.rows.length)}
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
