/** What judges say of the row and how sure each is of it; an answer is a button that takes it over. */
import type { Detail, JudgeStrip } from "../../protocol";
import type { Store } from "../../store/types";
import { ClassName } from "../ClassName";
import { nameOf, percent } from "../format";

interface AnswerProps {
  store: Store;
  row: number;
  name: string;
  code: number;
  sure: number | null;
  about: string;
}

function Answer({ store, row, name, code, sure, about }: AnswerProps) {
  const label = nameOf(store.classNames.value, code);
  const says = `${name} ${name === TOGETHER ? "say" : "says"} ${label}, ${sure === null ? "not how sure" : percent(sure)}`;
  return (
    <button
      type="button"
      class="ls-item ls-candidate ls-judge"
      data-judge={name}
      disabled={!store.canDecide.value}
      title={`${says}. Click to take it over.${about && `\n${about}`}`}
      aria-label={`${says}: take it over`}
      onClick={() => store.relabel(store.classes.peek()[code] ?? null, [row], false, "suggestion")}
    >
      <span class="ls-clip">{name}</span>
      <ClassName store={store} code={code} />
      <span class={sure === null ? "" : "ls-meter"}>
        {sure !== null && <i style={{ width: `${100 * Math.min(1, Math.max(0, sure))}%` }} />}
      </span>
      <span class="ls-share">{sure === null ? "" : percent(sure)}</span>
    </button>
  );
}

const TOGETHER = "together";

function Silent({ name, silence, about }: JudgeStrip["said"][number]) {
  return (
    <div class="ls-item ls-candidate ls-judge off" data-judge={name} title={`${name}: ${silence}\n${about}`}>
      <span class="ls-clip">{name}</span>
      <em class="ls-clip">{silence}</em>
    </div>
  );
}

export function Judges({ store, row, detail }: { store: Store; row: number; detail: Detail | null }) {
  const judges = detail?.judges;
  if (judges === undefined) return null;
  const { said, more, code, sure } = judges;
  const n = said.filter((one) => one.code >= 0).length;
  return (
    <section class="ls-part" aria-label="Judges">
      <header class="ls-part-head">
        <h3 class="ls-heading">judges</h3>
        <span class="ls-quiet">
          {n} of {said.length} answered{more > 0 && `, ${more} more not listed`}
        </span>
      </header>
      <ul class="ls-candidates">
        {said.map((one) => (
          <li key={one.name}>
            {one.code < 0 ? <Silent {...one} /> : <Answer store={store} row={row} {...one} />}
          </li>
        ))}
        {said.length > 1 && code >= 0 && (
          <li class="ls-together">
            <Answer store={store} row={row} name={TOGETHER} code={code} sure={sure} about="" />
          </li>
        )}
      </ul>
    </section>
  );
}
