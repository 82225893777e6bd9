/**
 * Commands without an answer. All outboxes of the browser tab know each other, so that after a kernel restart the view
 * that a re-run cell makes can send what its predecessor could not. Kept in memory only: labels may be private.
 */
import type { Command } from "../protocol";

export interface Unsent {
  id: string;
  command: Command;
  /** when it was sent first, Date.now() */
  at: number;
}

export interface Outbox {
  /** which journal the commands belong to; null is one in memory, which nobody else can continue */
  journal: string | null;
  /** the connection is gone for good: others may take over */
  lost: boolean;
  add(unsent: Unsent): void;
  remove(id: string): void;
  list(): readonly Unsent[];
  adopt(): Unsent[];
  close(): void;
}

const KEY = Symbol.for("labelscope.outboxes");

/** Shared by every copy of this module in the tab: each widget brings its own. */
function all(): Set<Outbox> {
  const home = globalThis as typeof globalThis & { [KEY]?: Set<Outbox> };
  home[KEY] ??= new Set();
  return home[KEY];
}

/** Undo and redo mean "the last thing", and tokens name a check or a page, which are others after a restart. */
const ONCE: ReadonlySet<string> = new Set(["undo", "redo", "accept_rest", "page_done", "control_answer"]);

function repeatable(command: Command): boolean {
  return !ONCE.has(command.name);
}

export function openOutbox(): Outbox {
  let unsent: Unsent[] = [];
  const box: Outbox = {
    journal: null,
    lost: false,
    add: (entry) => {
      unsent.push(entry);
    },
    remove: (id) => {
      unsent = unsent.filter((entry) => entry.id !== id);
      if (box.lost && unsent.length === 0) all().delete(box);
    },
    list: () => unsent,
    adopt: () => {
      if (box.journal === null) return [];
      const found: Unsent[] = [];
      for (const other of [...all()]) {
        if (other === box || !other.lost || other.journal !== box.journal) continue;
        found.push(...other.list().filter((entry) => repeatable(entry.command)));
        for (const entry of [...other.list()]) other.remove(entry.id);
        all().delete(other);
      }
      return found.sort((a, b) => a.at - b.at);
    },
    close: () => {
      box.lost = true;
      if (unsent.length === 0 || box.journal === null) all().delete(box);
    },
  };
  all().add(box);
  return box;
}
