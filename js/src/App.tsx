/** The layout: toolbar, then plot, gallery and inspector, then the strip; tabs where it is narrow. */
import { useId, useRef } from "preact/hooks";
import { ErrorBoundary } from "./ErrorBoundary";
import { Gallery } from "./gallery/Gallery";
import {
  BottomStrip,
  CheckBar,
  Controls,
  Help,
  Inspector,
  LiveRegion,
  NoticesBar,
  Palette,
  QueueBar,
  Reports,
  Sheets,
  Tabs,
  Toasts,
  Toolbar,
  useTab,
} from "./panels/index";
import { Plot } from "./plot/index";
import type { Task } from "./protocol";
import type { Store } from "./store/types";

/** The last tab, by task; a matrix has no own word. */
const OVERVIEW: Record<Task, string> = {
  classification: "matrix",
  multilabel: "tags",
  regression: "targets",
  concepts: "rules",
};

function Offline({ store }: { store: Store }) {
  if (store.connection.value !== "offline") return null;
  const waiting = store.unsaved.value;
  return (
    <div class="ls-offline" role="status">
      <b>Kernel not connected — changes cannot be saved.</b>
      <span>
        {waiting > 0
          ? `${waiting} ${waiting === 1 ? "decision waits" : "decisions wait"} here and will be sent when it is back.`
          : "What was decided so far is shown. Run the cell to go on."}
      </span>
      <button type="button" class="ls-chip" data-action="reconnect" onClick={() => store.retry()}>
        try again
      </button>
    </div>
  );
}

export function App({ store }: { store: Store }) {
  const box = useRef<HTMLDivElement>(null);
  const id = useId();
  const folding = useTab(box, id);
  return (
    <ErrorBoundary what="view">
      <div
        ref={box}
        class="ls-app"
        data-tab={folding.tab.value}
        onScroll={(event) => {
          // Focus by keyboard may scroll a box that is not meant to; what it shows would be out of reach then.
          if (event.target === event.currentTarget) event.currentTarget.scrollTop = 0;
        }}
        style={{ "--ls-height": `${store.height.value}px` }}
      >
        <ErrorBoundary what="toolbar">
          <Toolbar store={store} />
        </ErrorBoundary>
        <div class="ls-bars">
          <Offline store={store} />
          <ErrorBoundary what="list of notices">
            <NoticesBar store={store} />
          </ErrorBoundary>
        </div>
        <ErrorBoundary what="check">
          <CheckBar store={store} />
          <QueueBar store={store} />
          <Controls store={store} />
        </ErrorBoundary>
        <Tabs folding={folding} id={id} says={OVERVIEW[store.task.value]} />
        <div class="ls-main">
          <div class="ls-area map" {...folding.part("plot")}>
            <ErrorBoundary what="map">
              <Plot store={store} />
            </ErrorBoundary>
          </div>
          <div class="ls-area gallery" {...folding.part("gallery")}>
            <ErrorBoundary what="gallery">
              <Gallery store={store} />
            </ErrorBoundary>
          </div>
          <div class="ls-area inspector" {...folding.part("inspector")}>
            <ErrorBoundary what="inspector">
              <Inspector store={store} />
            </ErrorBoundary>
          </div>
        </div>
        <div class="ls-area strip" {...folding.part("matrix")}>
          <ErrorBoundary what="overview">
            <BottomStrip store={store} />
          </ErrorBoundary>
        </div>
      </div>
      <ErrorBoundary what="reports">
        <Reports store={store} />
      </ErrorBoundary>
      <ErrorBoundary what="dialog">
        <Palette store={store} />
        <Sheets store={store} />
        <Help store={store} />
        <Toasts store={store} />
        <LiveRegion store={store} />
      </ErrorBoundary>
    </ErrorBoundary>
  );
}
