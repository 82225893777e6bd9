import { useEffect } from "preact/hooks";

/** Closes on a press or a focus anywhere outside; works across the shadow boundary. */
export function useOutside(open: boolean, root: { current: HTMLElement | null }, close: () => void): void {
  useEffect(() => {
    const page = root.current?.ownerDocument;
    if (!open || !page) return;
    const outside = (event: Event) => {
      if (root.current && !event.composedPath().includes(root.current)) close();
    };
    page.addEventListener("pointerdown", outside, true);
    page.addEventListener("focusin", outside, true);
    return () => {
      page.removeEventListener("pointerdown", outside, true);
      page.removeEventListener("focusin", outside, true);
    };
  }, [open]);
}
