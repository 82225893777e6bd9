/** Reports at the side: a list, and the one that is open. Not modal: what its numbers select is seen beside it. */
import { useEffect, useId, useLayoutEffect, useRef } from "preact/hooks";
import type { ReportInfo } from "../../protocol";
import type { Shown } from "../../store/methods";
import type { Store } from "../../store/types";
import { Icon } from "../Icon";
import { guardKeys } from "../keys";
import { decidedRows } from "../ProgressBar";
import { uiOf } from "../ui";
import { closeReports, runAction, stepText, valuesOf, widthOf } from "./act";
import { Fields } from "./Fields";
import { Section } from "./Parts";

/** Reports that say what votes come to: made again when votes rest. */
const OF_VOTES: ReadonlySet<string> = new Set(["mistakes", "validation"]);
const REST = 400;

function Entry({ store, info, open }: { store: Store; info: ReportInfo; open: boolean }) {
  const id = useId();
  return (
    <li>
      <button
        type="button"
        class="ls-item ls-report-entry"
        data-report={info.name}
        aria-current={open ? "true" : undefined}
        aria-describedby={info.ready ? undefined : id}
        aria-disabled={!info.ready}
        onClick={() => info.ready && void store.methods.openReport(info.name)}
      >
        <b>{info.title}</b>
        <span id={id}>{info.ready ? info.about : info.missing}</span>
      </button>
    </li>
  );
}

function List({ store }: { store: Store }) {
  const reports = store.methods.reports.value;
  const open = store.methods.shown.value?.name;
  if (reports === null) return <p class="ls-quiet">asking which reports there are…</p>;
  return (
    <ul class="ls-report-list" aria-label="Reports">
      {reports.map((info) => (
        <Entry key={info.name} store={store} info={info} open={info.name === open} />
      ))}
    </ul>
  );
}

/** How far it is; the report before stays in sight, faded, until the new one is there. */
function Progress({ store, shown }: { store: Store; shown: Shown }) {
  const { state, problem } = shown;
  if (problem !== null)
    return (
      <div class="ls-report-problem" role="alert">
        <b>{problem.message}</b>
        {problem.hint && <span>{problem.hint}</span>}
      </div>
    );
  if (state?.state === "canceled") return <p class="ls-quiet">Given up. Choose it again to start over.</p>;
  if (state !== null && state.state !== "running") return null;
  const { what = "", done = 0, total = 0, seconds = 0 } = state ?? {};
  return (
    <div class="ls-report-progress" role="status">
      <progress
        max={total || undefined}
        value={total > 0 ? Math.min(done, total) : undefined}
        aria-label="Progress"
      />
      <span>
        {stepText(what, done, total)}
        {seconds >= 2 && ` · ${Math.round(seconds)} s`}
      </span>
      {state !== null && (
        <button
          type="button"
          class="ls-btn line"
          data-action="cancel-report"
          onClick={() => store.methods.cancelReport()}
        >
          Cancel
        </button>
      )}
    </div>
  );
}

function Open({ store, shown }: { store: Store; shown: Shown }) {
  const { report, name } = shown;
  const info = store.methods.reports.value?.find((one) => one.name === name);
  const busy = shown.problem === null && (shown.state === null || shown.state.state === "running");
  const box = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    if (box.current) box.current.scrollTop = 0;
  }, [name]);
  const votes = store.mistakes.votes.value;
  useEffect(() => {
    if (votes === 0 || !OF_VOTES.has(name)) return;
    const timer = setTimeout(() => {
      const options = store.methods.shown.peek()?.report?.options ?? [];
      void store.methods.openReport(name, valuesOf(options));
    }, REST);
    return () => clearTimeout(timer);
  }, [store, votes, name]);
  return (
    <article ref={box} class="ls-report-open ls-scroll" aria-busy={busy} aria-label={info?.title ?? name}>
      <header>
        <button
          type="button"
          class="ls-btn icon ls-report-back"
          data-action="all-reports"
          aria-label="All reports"
          title="All reports"
          onClick={() => void store.methods.openReport("")}
        >
          <Icon name="chevron" />
        </button>
        <h2>{report?.title ?? info?.title ?? name}</h2>
        {report && !busy && (
          <button
            type="button"
            class="ls-btn line"
            data-action="save-report"
            title="Download as one HTML file"
            onClick={() => void store.methods.saveReport()}
          >
            <Icon name="download" /> HTML
          </button>
        )}
      </header>
      {report && (
        <Fields
          options={report.options}
          disabled={busy}
          set={(option, value) =>
            void store.methods.openReport(name, { ...valuesOf(report.options), [option]: value })
          }
        />
      )}
      <Progress store={store} shown={shown} />
      {report && (
        <div class={busy ? "ls-report-body old" : "ls-report-body"}>
          {report.actions.length > 0 && (
            <div class="ls-report-actions">
              {report.actions.map((action, k) => (
                <button
                  key={action.label}
                  type="button"
                  class={`ls-btn ${k === 0 ? "primary" : "line"}`}
                  data-action={`report-${action.do}`}
                  disabled={busy || !store.canDecide.value}
                  onClick={(event) => runAction(store, action, widthOf(event.currentTarget))}
                >
                  {action.label}
                </button>
              ))}
            </div>
          )}
          {report.sections.map((section) => (
            <Section key={section.heading} store={store} section={section} />
          ))}
        </div>
      )}
    </article>
  );
}

function Sheet({ store }: { store: Store }) {
  const box = useRef<HTMLElement>(null);
  const shown = store.methods.shown.value;
  const version = decidedRows(store.progress.value);
  useLayoutEffect(() => box.current?.focus({ preventScroll: true }), []);
  useEffect(() => {
    if (store.connection.peek() === "live") void store.methods.loadReports();
  }, [store, version]);
  const open = shown !== null;
  return (
    <aside
      ref={box}
      class={`ls-reports${open ? " open" : ""}`}
      aria-label="Reports"
      tabIndex={-1}
      onKeyDown={(event) => {
        guardKeys(event);
        if (event.key !== "Escape" || event.defaultPrevented) return;
        event.preventDefault();
        event.stopPropagation();
        closeReports(store);
      }}
    >
      <div class="ls-reports-head">
        <b>Reports</b>
        <span class="ls-gap" />
        <button
          type="button"
          class="ls-btn icon"
          data-action="close-reports"
          aria-label="Close reports"
          title="Close (Esc)"
          onClick={() => closeReports(store)}
        >
          <Icon name="close" />
        </button>
      </div>
      <div class="ls-reports-body">
        <nav class="ls-report-nav ls-scroll" aria-label="All reports">
          <List store={store} />
        </nav>
        {open ? (
          <Open store={store} shown={shown} />
        ) : (
          <p class="ls-report-hint ls-quiet">
            Choose a report. Numbers in blue stand for rows: click one to select them, with Shift to show only
            these.
          </p>
        )}
      </div>
    </aside>
  );
}

export function Reports({ store }: { store: Store }) {
  return uiOf(store).reports.value ? <Sheet store={store} /> : null;
}
