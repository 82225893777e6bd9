import type { ColorBy, Store, ThemeName } from "../store/types";
import { FilterPopover } from "./filter/FilterPopover";
import { count, words } from "./format";
import { Icon, type IconName } from "./Icon";
import { guardKeys, withMod } from "./keys";
import { Menu, type MenuItem } from "./Menu";
import { Options } from "./Options";
import { ProgressBar } from "./ProgressBar";
import { QueueMenu } from "./queues/QueueMenu";
import { SCORE } from "./queues/queue";
import { toggleReports } from "./reports/act";
import { Search } from "./Search";
import { uiOf } from "./ui";

const COLORS: { value: ColorBy; label: string; hint: string }[] = [
  { value: "given", label: "given", hint: "as the data came" },
  { value: "current", label: "current", hint: "with your changes" },
  { value: "suggested", label: "suggested", hint: "what the model says" },
  { value: "suspicion", label: "suspicion", hint: "how likely wrong" },
  { value: "state", label: "state", hint: "what was decided" },
];

const FORMATS: Record<string, [label: string, hint: string]> = {
  parquet: ["Parquet", "table, .parquet"],
  csv: ["CSV", "table, .csv"],
  jsonl: ["JSON lines", "table, .jsonl"],
  npy: ["NumPy", "labels only, .npy"],
  cleanlab: ["cleanlab issues", "frame, .csv"],
};

/** not a format of the labels: a page for somebody else */
const PACKET = "packet";
const PACKET_ITEM: MenuItem = {
  value: PACKET,
  label: "Offline packet",
  hint: "one .html to review in without Python",
};

const THEMES: Record<ThemeName, { next: ThemeName; icon: IconName; says: string }> = {
  auto: { next: "light", icon: "auto", says: "follows the page" },
  light: { next: "dark", icon: "sun", says: "light" },
  dark: { next: "auto", icon: "moon", says: "dark" },
};

/** What the labels, the model and the decisions say, then the user's columns. */
function colorItems(store: Store): MenuItem[] {
  const columns = store.columnInfos.value.filter(({ kind }) => kind !== "text");
  return [
    ...COLORS,
    { value: "column::reviewer", label: "reviewer", hint: "who decided" },
    ...columns.map(({ name, kind }) => ({
      value: `column:${name}`,
      label: name,
      hint: kind === "numeric" ? "numbers" : "values",
    })),
  ];
}

/** Order and color by what one scorer says; the mix of all again with the first entry. */
function Scores({ store }: { store: Store }) {
  const scorers = store.scorers.value;
  if (scorers.length < 2) return null;
  const [mix, ...others] = scorers;
  const by = store.queue.value.startsWith(SCORE) ? store.queue.value.slice(SCORE.length) : null;
  const items: MenuItem[] = [
    { value: "", label: "all together", hint: words(mix ?? "") },
    ...others.map((name) => ({ value: name, label: words(name), hint: "order and color" })),
  ];
  return (
    <Menu
      label={`Score: ${by === null ? "all together" : words(by)}`}
      title="Order and color by one scorer"
      items={items}
      value={by ?? ""}
      action="score"
      onPick={(name) => {
        store.queue.value = name === "" ? "most_suspicious" : `${SCORE}${name}`;
        store.colorBy.value = name === "" ? "suspicion" : `column::score ${name}`;
      }}
    >
      <span class="ls-menu-prefix">score </span>
      <b class="ls-clip">{by === null ? "all" : words(by)}</b>
    </Menu>
  );
}

function Color({ store }: { store: Store }) {
  const by = store.colorBy.value.replace(/^column::?/, "");
  return (
    <Menu
      label={`color ${by}`}
      title="What the colors on the map mean"
      items={colorItems(store)}
      value={store.colorBy.value}
      action="color"
      onPick={(value) => {
        store.colorBy.value = value as ColorBy;
      }}
    >
      <span class="ls-menu-prefix">color </span>
      <b class="ls-clip">{by}</b>
    </Menu>
  );
}

function History({ store }: { store: Store }) {
  const undo = withMod("Z");
  const redo = withMod("Z", true);
  return (
    <>
      <button
        type="button"
        class="ls-btn"
        data-action="undo"
        title={`Undo (${undo})`}
        aria-label="Undo"
        aria-keyshortcuts="Control+Z Meta+Z"
        disabled={!store.canUndo.value}
        onClick={() => store.undo()}
      >
        <Icon name="undo" />
        <kbd class="ls-wide">{undo}</kbd>
      </button>
      <button
        type="button"
        class="ls-btn icon"
        data-action="redo"
        title={`Redo (${redo})`}
        aria-label="Redo"
        aria-keyshortcuts="Shift+Control+Z Shift+Meta+Z"
        disabled={!store.canRedo.value}
        onClick={() => store.redo()}
      >
        <Icon name="redo" />
      </button>
    </>
  );
}

/** Ranks again with what was decided; where that happens by itself it only tells that it does. */
function Rerank({ store }: { store: Store }) {
  const live = store.live.value;
  const busy = store.rescoring.value;
  return (
    <button
      type="button"
      class={`ls-btn icon${busy ? " busy" : ""}`}
      data-action="rerank"
      title={
        live
          ? "Ranks again by itself after each decision; click to do it now (r)"
          : "Rank again with what you decided (r)"
      }
      aria-label={live ? "Rank again (live)" : "Rank again"}
      aria-keyshortcuts="r"
      aria-busy={busy}
      disabled={busy || store.connection.value !== "live"}
      onClick={() => store.rescore()}
    >
      <Icon name="rerank" />
      {live && <i class="ls-live-dot" aria-hidden="true" />}
    </button>
  );
}

function Export({ store }: { store: Store }) {
  const formats = store.exportFormats.value;
  const live = store.connection.value === "live";
  const items: MenuItem[] = formats.map((value) => {
    const [label, hint] = FORMATS[value] ?? [words(value), `.${value}`];
    return { value, label, hint };
  });
  if (items.length > 0) items.push(PACKET_ITEM);
  const usable = live && items.length > 0;
  return (
    <Menu
      label="Export"
      title={
        usable
          ? "Download the labels as they are now; a copy is written beside the notebook"
          : "Exporting needs the kernel"
      }
      items={items}
      class="primary"
      action="export"
      align="end"
      disabled={!usable}
      onPick={(value) => (value === PACKET ? store.packet() : store.exportAs(value))}
    >
      Export
    </Menu>
  );
}

function View({ store }: { store: Store }) {
  const theme = THEMES[store.theme.value] ?? THEMES.auto;
  return (
    <>
      <button
        type="button"
        class="ls-btn icon"
        data-action="theme"
        title={`Theme: ${theme.says}. Click for ${THEMES[theme.next].says}.`}
        aria-label={`Theme: ${theme.says}`}
        onClick={() => {
          store.theme.value = theme.next;
        }}
      >
        <Icon name={theme.icon} />
      </button>
      <button
        type="button"
        class="ls-btn icon ls-help-button"
        data-action="help"
        title="All keys (?)"
        aria-label="Help: all keys"
        aria-keyshortcuts="?"
        aria-haspopup="dialog"
        aria-expanded={store.helpOpen.value}
        onClick={() => {
          store.helpOpen.value = !store.helpOpen.value;
        }}
      >
        ?
      </button>
    </>
  );
}

function ReportsButton({ store }: { store: Store }) {
  // A packet has no Python to make them with.
  if (!store.canQuery.value) return null;
  return (
    <button
      type="button"
      class="ls-btn"
      data-action="reports"
      aria-label="Reports"
      title="Reports: health, regimes, effort, budgets, plans (i)"
      aria-keyshortcuts="i"
      aria-expanded={uiOf(store).reports.value}
      disabled={store.connection.value !== "live" && !uiOf(store).reports.value}
      onClick={() => toggleReports(store)}
    >
      <Icon name="chart" />
      <span class="ls-reports-word">Reports</span>
    </button>
  );
}

/** While the kernel is being asked; that it is gone is said by a bar of its own. */
function Link({ store }: { store: Store }) {
  if (store.connection.value !== "connecting") return null;
  return (
    <span class="ls-chip" title="Waiting for the kernel">
      connecting…
    </span>
  );
}

export function Toolbar({ store }: { store: Store }) {
  const name = store.meta.value.name;
  return (
    <section class="ls-toolbar" aria-label="Dataset, queue and export" onKeyDown={guardKeys}>
      <span class="ls-title">
        <b class="ls-clip" title={name}>
          {name}
        </b>
        <span class="ls-count">{count(store.table.value.n)} rows</span>
      </span>
      <span class="ls-sep" />
      <QueueMenu store={store} />
      <Scores store={store} />
      <Color store={store} />
      <Search store={store} />
      <FilterPopover store={store} />
      <Link store={store} />
      <span class="ls-gap" />
      <ProgressBar store={store} />
      <span class="ls-sep" />
      <span class="ls-tools">
        <History store={store} />
        <Rerank store={store} />
        <ReportsButton store={store} />
        <Export store={store} />
        <Options store={store} />
        <View store={store} />
      </span>
    </section>
  );
}
