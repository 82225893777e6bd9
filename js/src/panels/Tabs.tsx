/** In a narrow cell one part of the view shows at a time; the tabs say which. Wide, all parts show and no tab exists. */
import { type Signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

export type Tab = "plot" | "gallery" | "inspector" | "matrix";

export const TABS: readonly Tab[] = ["plot", "gallery", "inspector", "matrix"];

/** The style sheet folds at the same width. */
export const NARROW = 720;

export interface Folding {
  tab: Signal<Tab>;
  narrow: Signal<boolean>;
  /** attributes of the part of the view that a tab shows */
  part: (name: Tab) => Record<string, string>;
}

/** Which tab is chosen, and whether there are tabs at all. */
export function useTab(box: { current: HTMLElement | null }, id: string): Folding {
  const tab = useSignal<Tab>("gallery");
  const narrow = useSignal(false);
  useEffect(() => {
    const element = box.current;
    if (!element || typeof ResizeObserver === "undefined") return;
    const observer = new ResizeObserver((entries) => {
      const width = entries.at(-1)?.contentRect.width ?? 0;
      if (width > 0) narrow.value = width < NARROW;
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const part = (name: Tab): Record<string, string> =>
    narrow.value ? { role: "tabpanel", id: `${id}-${name}`, "aria-labelledby": `${id}-tab-${name}` } : {};
  return { tab, narrow, part };
}

function goal(key: string, at: number): number | null {
  const n = TABS.length;
  if (key === "ArrowRight") return (at + 1) % n;
  if (key === "ArrowLeft") return (at + n - 1) % n;
  if (key === "Home") return 0;
  return key === "End" ? n - 1 : null;
}

interface TabsProps {
  folding: Folding;
  id: string;
  /** what the last tab is called where there is no matrix */
  says?: string;
}

export function Tabs({ folding, id, says }: TabsProps) {
  const { tab, narrow } = folding;
  if (!narrow.value) return null;
  return (
    <div
      class="ls-tabs"
      role="tablist"
      aria-label="Part of the view"
      onKeyDown={(event) => {
        if (event.key === "Enter" || event.key === " ") event.stopPropagation();
        const to = goal(event.key, TABS.indexOf(tab.peek()));
        if (to === null) return;
        event.preventDefault();
        event.stopPropagation();
        tab.value = TABS[to]!;
        event.currentTarget.querySelector<HTMLElement>(`[data-tab="${tab.peek()}"]`)?.focus();
      }}
    >
      {TABS.map((name) => (
        <button
          key={name}
          type="button"
          class="ls-btn"
          role="tab"
          id={`${id}-tab-${name}`}
          aria-selected={tab.value === name}
          aria-controls={`${id}-${name}`}
          tabIndex={tab.value === name ? 0 : -1}
          data-tab={name}
          onClick={() => {
            tab.value = name;
          }}
        >
          {name === "matrix" ? (says ?? name) : name}
        </button>
      ))}
    </div>
  );
}
