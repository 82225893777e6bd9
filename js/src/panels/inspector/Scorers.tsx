import type { Detail } from "../../protocol";
import type { Store } from "../../store/types";
import { ClassName } from "../ClassName";
import { nameOf, words } from "../format";

const FIRES: Record<string, string> = {
  true: "flags this row",
  false: "does not flag it",
  null: "has no verdict",
};

function Annotators({ store, detail }: { store: Store; detail: Detail }) {
  const people = detail.annotators ?? [];
  if (people.length === 0) return null;
  return (
    <section class="ls-part" aria-label="Annotators">
      <h3 class="ls-heading">annotators and judges</h3>
      <ul class="ls-scorers">
        {people.map(({ name, code }, k) => (
          <li
            key={`${k}${name}`}
            class="ls-chip"
            title={`${name} says ${nameOf(store.classNames.value, code)}`}
          >
            <em class="ls-clip">{name}</em>
            <ClassName store={store} code={code} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Who says so: each scorer with its verdict, then the people. */
export function Scorers({ store, detail }: { store: Store; detail: Detail | null }) {
  if (!detail) return null;
  return (
    <>
      {detail.scorers.length > 0 && (
        <section class="ls-part" aria-label="Scorers">
          <h3 class="ls-heading">scorers</h3>
          <ul class="ls-scorers">
            {detail.scorers.map(({ name, suspicion, flagged }) => (
              <li
                key={name}
                class={`ls-chip${flagged === false ? " off" : ""}`}
                title={`${words(name)} ${FIRES[String(flagged)]}; suspicion ${suspicion.toFixed(2)}`}
              >
                {words(name)}
                <span class="ls-sr">{FIRES[String(flagged)]}</span>
                <em>{suspicion.toFixed(2).replace(/^0/, "")}</em>
                {flagged !== null && <i class={flagged ? "on" : ""} />}
              </li>
            ))}
          </ul>
        </section>
      )}
      <Annotators store={store} detail={detail} />
    </>
  );
}
