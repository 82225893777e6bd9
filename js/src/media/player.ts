/** One sound at a time in the whole page. */
import { signal } from "@preact/signals";
import type { Store } from "../store/types";

export interface Playing {
  row: number;
  /** 0…1 */
  at: number;
  paused: boolean;
}

export const playing = signal<Playing | null>(null);

let audio: HTMLAudioElement | null = null;
let owner: Store | null = null;

function follow(row: number, element: HTMLAudioElement): void {
  const tell = (): void => {
    if (audio !== element) return;
    const at = element.duration > 0 ? element.currentTime / element.duration : 0;
    playing.value = element.ended ? null : { row, at, paused: element.paused };
  };
  for (const event of ["play", "pause", "timeupdate", "ended"]) element.addEventListener(event, tell);
}

export function stopSound(of?: Store): void {
  if (of !== undefined && owner !== of) return;
  audio?.pause();
  audio = null;
  owner = null;
  playing.value = null;
}

/** Plays, pauses or goes on with the sound of a row. */
export async function toggleSound(store: Store, row: number): Promise<void> {
  const now = playing.peek();
  if (now !== null && now.row === row && owner === store && audio !== null) {
    if (audio.paused) await audio.play().catch(() => undefined);
    else audio.pause();
    return;
  }
  stopSound();
  owner = store;
  playing.value = { row, at: 0, paused: false };
  try {
    const { url } = await store.media(row, 512);
    if (playing.peek()?.row !== row || owner !== store) return;
    if (url === "") throw new Error("This browser cannot play the sound of this row.");
    const element = new Audio(url);
    audio = element;
    follow(row, element);
    await element.play();
  } catch (error) {
    if (playing.peek()?.row === row) stopSound();
    store.toast("error", error instanceof Error ? error.message : String(error), `Row ${row}`);
  }
}

/** Jumps to a share of the sound that is playing. */
export function seek(row: number, share: number): void {
  if (audio === null || playing.peek()?.row !== row || !(audio.duration > 0)) return;
  audio.currentTime = Math.min(0.999, Math.max(0, share)) * audio.duration;
}
