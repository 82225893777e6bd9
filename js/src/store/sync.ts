/** The traits that Python and the page both set: `current`, `_selection`, and the pictures that Python draws. */
import { effect } from "@preact/signals";
import { exactBuffer } from "../transport/binary";
import { attempt } from "../transport/model";
import { packBits, sameBits, unpackBits } from "./bits";
import type { Connection } from "./connection";
import type { Core } from "./core";

/** The first change goes at once; what follows within this time goes together, once it is over. */
const GESTURE_MS = 90;

/** At the end of this task: before the view draws the change, which takes longer than to send it. */
function soon(call: () => void): () => void {
  let wanted = true;
  queueMicrotask(() => {
    if (wanted) call();
  });
  return () => {
    wanted = false;
  };
}

export function syncTraits(core: Core, connection: Connection): () => void {
  const { model } = core;
  let cancel: () => void = () => undefined;
  let pushedAt = Number.NEGATIVE_INFINITY;
  let sentMask = core.selection.peek().mask;
  let sentRow = core.current.peek();

  const push = (): void => {
    const row = core.current.peek();
    const { mask } = core.selection.peek();
    let changed = false;
    if (row !== sentRow) {
      sentRow = row;
      changed = attempt(() => model.set("current", row)) || changed;
    }
    if (mask !== sentMask) {
      const same = sameBits(mask, sentMask);
      sentMask = mask;
      // A DataView over its own buffer: some front ends send `view.buffer` whole.
      const bits = () => model.set("_selection", new DataView(exactBuffer(packBits(mask))));
      if (!same) changed = attempt(bits) || changed;
    }
    if (changed) {
      pushedAt = performance.now();
      attempt(() => model.save_changes());
    }
  };

  const stop = effect(() => {
    core.current.value;
    core.selection.value;
    cancel();
    cancel = performance.now() - pushedAt > GESTURE_MS ? soon(push) : core.later(push, GESTURE_MS);
  });

  const rowChanged = (): void => {
    const row = core.validRow(model.get("current"));
    // An echo of what was sent while the person went on must not pull the cursor back.
    if (row === sentRow) return;
    sentRow = row;
    core.current.value = row;
  };
  const maskChanged = (): void => {
    const found = unpackBits(model.get("_selection"), core.table.peek().n);
    if (sameBits(found.mask, sentMask)) return;
    sentMask = found.mask;
    core.selection.value = found;
  };
  const pictureChanged = (): void => connection.pictureChanged();
  const editsChanged = (): void => {
    // With a kernel the events have said it already.
    if (core.connection.peek() === "live") return;
    core.readEdits();
    core.bump();
  };

  const listeners: [string, () => void][] = [
    ["change:current", rowChanged],
    ["change:_selection", maskChanged],
    ["change:_picture", pictureChanged],
    ["change:_edits", editsChanged],
  ];
  for (const [event, listener] of listeners) model.on(event, listener);
  return () => {
    push();
    stop();
    cancel();
    for (const [event, listener] of listeners) model.off(event, listener);
  };
}
