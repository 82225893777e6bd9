import type { Store } from "../store/types";
import { playing, toggleSound } from "./player";

/** Play and pause. Not a tab stop inside the gallery: there `p` plays the current row. */
export function PlayButton({ store, row, tab = false }: { store: Store; row: number; tab?: boolean }) {
  const state = playing.value;
  const on = state !== null && state.row === row && !state.paused;
  return (
    <button
      type="button"
      class="ls-play"
      data-action="play"
      tabIndex={tab ? 0 : -1}
      aria-label={on ? `Pause row ${row}` : `Play row ${row}`}
      title={on ? "Pause (p)" : "Play (p)"}
      onClick={(event) => {
        event.stopPropagation();
        void toggleSound(store, row);
      }}
    >
      <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">
        <path d={on ? "M2.5 2h2.4v8H2.5zM7.1 2h2.4v8H7.1z" : "M3 1.6v8.8L10.4 6z"} fill="currentColor" />
      </svg>
    </button>
  );
}
