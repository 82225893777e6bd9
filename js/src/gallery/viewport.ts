/** What the grid knows of its place: size, scroll offset, shape of all cards, rubber band, and how to show a card. */
import { type ReadonlySignal, type Signal, useComputed, useSignal, useSignalEffect } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { Store } from "../store/types";
import type { Chooser } from "./choose";
import { type Band, RubberBand } from "./pointer";
import {
  type Box,
  CARD_SIZES,
  type CardSize,
  cardsInBox,
  contentTop,
  type GridShape,
  gridShape,
  scrollFor,
} from "./window";

const START = { width: 460, height: 400 };

export interface Viewport {
  scroller: RefObject<HTMLDivElement | null>;
  size: Signal<{ width: number; height: number }>;
  scroll: Signal<number>;
  shape: ReadonlySignal<GridShape>;
  band: Signal<Band | null>;
  rubber: RefObject<RubberBand | null>;
}

export function cardSize(store: Store): CardSize {
  return CARD_SIZES[store.meta.value.media] ?? CARD_SIZES.features;
}

export function useViewport(store: Store, chooser: Chooser): Viewport {
  const scroller = useRef<HTMLDivElement>(null);
  const rubber = useRef<RubberBand>(null);
  const size = useSignal(START);
  const scroll = useSignal(0);
  const band = useSignal<Band | null>(null);
  const shape = useComputed(() => gridShape(size.value.width, store.visible.value.length, cardSize(store)));
  const viewport: Viewport = { scroller, size, scroll, shape, band, rubber };
  useSize(viewport);
  useReveal(store, viewport);
  useEffect(() => {
    rubber.current = bandOn(store, chooser, viewport);
    return () => rubber.current?.dispose();
  }, [store, chooser]);
  return viewport;
}

function useSize({ scroller, size }: Viewport): void {
  useLayoutEffect(() => {
    const element = scroller.current!;
    const measure = (): void => {
      const { clientWidth: width, clientHeight: height } = element;
      const old = size.peek();
      if (width > 0 && (width !== old.width || height !== old.height)) size.value = { width, height };
    };
    measure();
    const observer = typeof ResizeObserver === "undefined" ? null : new ResizeObserver(measure);
    observer?.observe(element);
    return () => observer?.disconnect();
  }, [scroller, size]);
}

/** The cursor moved, or the list around it changed: it stays in view. */
function useReveal(store: Store, { scroller, size, scroll, shape }: Viewport): void {
  const reveal = (index: number): void => {
    const element = scroller.current;
    if (element === null || index < 0) return;
    const to = scrollFor(shape.peek(), index, element.scrollTop, size.peek().height);
    if (to === null) return;
    element.scrollTop = to;
    scroll.value = element.scrollTop;
  };
  useSignalEffect(() => {
    const row = store.current.value;
    const visible = store.visible.value;
    shape.value;
    const index = row === null ? -1 : visible.indexOf(row);
    // After this render the scrolled element has its new height.
    queueMicrotask(() => reveal(index));
  });
}

function bandOn(store: Store, chooser: Chooser, { scroller, size, shape, band }: Viewport): RubberBand {
  const element = scroller.current!;
  return new RubberBand({
    scroller: element,
    toContent: (x, y) => {
      const box = element.getBoundingClientRect();
      const top = contentTop(shape.peek(), element.scrollTop, size.peek().height);
      return { x: x - box.left, y: y - box.top + top };
    },
    rowsIn: (box: Box) => {
      const visible = store.visible.peek();
      const kind = CARD_SIZES[store.meta.peek().media] ?? CARD_SIZES.features;
      const places = cardsInBox(shape.peek(), size.peek().width, visible.length, kind, box);
      return places.map((place) => visible[place]!);
    },
    show: (next) => {
      band.value = next;
    },
    done: (rows, event) => chooser.box(rows, event),
  });
}
