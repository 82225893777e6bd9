import type { Store } from "../store/types";
import { Dialog } from "./Dialog";
import { keyGroups } from "./keys";

/** All keys, each in words; and what the marks mean. */
export function Help({ store }: { store: Store }) {
  if (!store.helpOpen.value) return null;
  return (
    <Dialog
      title="Keys"
      class="ls-help"
      toggle="?"
      onClose={() => {
        store.helpOpen.value = false;
      }}
    >
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <div class="ls-help-groups ls-scroll" tabIndex={0}>
        {keyGroups().map((group) => (
          <section key={group.title}>
            <h3 class="ls-heading">{group.title}</h3>
            <dl>
              {group.rows.map((row) => (
                <div key={row.does}>
                  <dt>{row.keys.map((key) => (key === "…" ? "…" : <kbd key={key}>{key}</kbd>))}</dt>
                  <dd>{row.does}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
        <p class="ls-quiet">
          After a decision the cursor moves on to the next row. With several rows selected, a decision is for
          all of them and is undone in one step.
        </p>
      </div>
    </Dialog>
  );
}
