import { useEffect, useRef } from "preact/hooks";
import type { Store } from "../../store/types";
import { decimal } from "../format";
import { uiOf } from "../ui";
import { clampGate, gateKey } from "./gate";
import { canMoveGate, dropGate, putBack, restGate, setGate, showGate } from "./moveGate";

interface Props {
  store: Store;
  at: number;
  /** what is above it, in words */
  says: string;
}

function place(event: PointerEvent, box: Element | null): number | null {
  if (!box) return null;
  const { left, width } = box.getBoundingClientRect();
  return width > 0 ? clampGate((event.clientX - left) / width) : null;
}

/** The line in the histogram that is dragged, or moved by arrows; a slider to those who hear the view. */
export function GateHandle({ store, at, says }: Props) {
  const dragging = useRef(false);
  const { gateAt } = uiOf(store);
  const told = store.gate.value?.at;
  useEffect(() => {
    // the kernel has answered: from here its gate counts
    if (!dragging.current && gateAt.peek() !== null) dropGate(store);
  }, [store, told]);
  const usable = canMoveGate(store);
  return (
    <div
      class={`ls-gate${at > 0.8 ? " left" : ""}${usable ? " usable" : ""}`}
      style={{ left: `${100 * at}%` }}
      role="slider"
      tabIndex={0}
      aria-label="Gate"
      aria-orientation="horizontal"
      aria-valuemin={0}
      aria-valuemax={1}
      aria-valuenow={at}
      aria-valuetext={`${decimal(at)}: ${says}`}
      aria-disabled={!usable}
      data-action="gate"
      title={
        usable
          ? "Drag, or use the arrow keys ([ and ] from anywhere). A double click or Backspace puts it back"
          : "Moving the gate needs the kernel"
      }
      onPointerDown={(event) => {
        if (!usable || event.button !== 0) return;
        dragging.current = true;
        event.currentTarget.setPointerCapture?.(event.pointerId);
      }}
      onPointerMove={(event) => {
        if (!dragging.current) return;
        const to = place(event, event.currentTarget.parentElement);
        if (to !== null) showGate(store, to);
      }}
      onPointerUp={() => {
        if (!dragging.current) return;
        dragging.current = false;
        setGate(store);
      }}
      onPointerCancel={() => {
        dragging.current = false;
        dropGate(store);
      }}
      onDblClick={() => {
        if (usable) putBack(store);
      }}
      onKeyDown={(event) => {
        if (event.ctrlKey || event.metaKey || event.altKey) return;
        if (event.key === "Escape" && gateAt.peek() !== null) dropGate(store);
        else if ((event.key === "Backspace" || event.key === "Delete") && usable) putBack(store);
        else if (event.key === "Enter" && gateAt.peek() !== null) setGate(store);
        else {
          const to = usable ? gateKey(event.key, at) : null;
          if (to === null) return;
          restGate(store, to);
        }
        event.preventDefault();
        event.stopPropagation();
      }}
    >
      <i />
      <em>gate {decimal(at)}</em>
    </div>
  );
}
