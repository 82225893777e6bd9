/** Which cards of a page were looked at: in the browser's viewport, with what they show, for a moment. */

/** A card that passes by in less was not seen. */
export const LOOK_MS = 250;
/** How much of a card must be in view, or of the view be filled by a card that is larger. */
const SHARE = 0.75;
const STEPS = Array.from({ length: 21 }, (_, step) => step / 20);

/** Clipped by all that scrolls around it, the notebook's panel and the window included. */
function inView({ target, intersectionRect: seen, boundingClientRect: whole }: IntersectionObserverEntry) {
  const scroller = target.closest(".ls-pages");
  // The browser may still tell of a card that has gone with its page.
  if (scroller === null) return false;
  const { clientWidth, clientHeight } = scroller;
  return (
    seen.width > 0 &&
    seen.width >= SHARE * Math.min(whole.width, clientWidth) &&
    seen.height >= SHARE * Math.min(whole.height, clientHeight, innerHeight)
  );
}

/** Shows what it will show, its picture included. */
function hasCome(card: Element): boolean {
  return (
    card.querySelector(".ls-skeleton") === null &&
    [...card.querySelectorAll("img")].every((picture) => picture.complete)
  );
}

/** Tells of cards once they were seen; returns what stops it. */
export function watchCards(cards: Iterable<Element>, tell: (seen: Element[]) => void): () => void {
  const here = new Set<Element>();
  /** those that were there, complete, at the last look */
  let before = new Set<Element>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = (): void => {
    const now = document.visibilityState === "hidden" ? [] : [...here].filter(hasCome);
    const seen = now.filter((card) => before.has(card));
    before = new Set(now);
    for (const card of seen) {
      here.delete(card);
      observer.unobserve(card);
    }
    timer = here.size > 0 ? setTimeout(look, LOOK_MS) : undefined;
    if (seen.length > 0) tell(seen);
  };
  const observer = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (inView(entry)) here.add(entry.target);
        else {
          here.delete(entry.target);
          before.delete(entry.target);
        }
      }
      if (here.size > 0) timer ??= setTimeout(look);
    },
    { threshold: STEPS },
  );
  for (const card of cards) observer.observe(card);
  return () => {
    observer.disconnect();
    clearTimeout(timer);
  };
}
