/** The layout: toolbar, then plot, gallery and inspector, then the strip; tabs where it is narrow. */
import { useSignal } from "@preact/signals";
import { ErrorBoundary } from "./ErrorBoundary";
import { Gallery } from "./gallery/Gallery";
import {
  BottomStrip,
  Help,
  Inspector,
  LiveRegion,
  NoticesBar,
  Palette,
  Toasts,
  Toolbar,
} from "./panels/index";
import { Plot } from "./plot/index";
import type { Store } from "./store/types";

type Tab = "map" | "gallery" | "matrix";
const TABS: Tab[] = ["map", "gallery", "matrix"];

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
  const tab = useSignal<Tab>("gallery");
  return (
    <ErrorBoundary what="view">
      <div class="ls-app" data-tab={tab.value} style={{ "--ls-height": `${store.height.value}px` }}>
        <ErrorBoundary what="toolbar">
          <Toolbar store={store} />
        </ErrorBoundary>
        <div class="ls-bars">
          <Offline store={store} />
          <ErrorBoundary what="list of notices">
            <NoticesBar store={store} />
          </ErrorBoundary>
        </div>
        <nav class="ls-tabs" aria-label="Part of the view">
          {TABS.map((name) => (
            <button
              key={name}
              type="button"
              class="ls-btn"
              aria-pressed={tab.value === name}
              data-tab={name}
              onClick={() => {
                tab.value = name;
              }}
            >
              {name}
            </button>
          ))}
        </nav>
        <div class="ls-main">
          <div class="ls-area map">
            <ErrorBoundary what="map">
              <Plot store={store} />
            </ErrorBoundary>
          </div>
          <div class="ls-area gallery">
            <ErrorBoundary what="gallery">
              <Gallery store={store} />
            </ErrorBoundary>
          </div>
          <div class="ls-area inspector">
            <ErrorBoundary what="inspector">
              <Inspector store={store} />
            </ErrorBoundary>
          </div>
        </div>
        <div class="ls-area strip">
          <ErrorBoundary what="overview">
            <BottomStrip store={store} />
          </ErrorBoundary>
        </div>
      </div>
      <ErrorBoundary what="dialog">
        <Palette store={store} />
        <Help store={store} />
        <Toasts store={store} />
        <LiveRegion store={store} />
      </ErrorBoundary>
    </ErrorBoundary>
  );
}
