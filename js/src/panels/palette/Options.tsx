/** A list of labels of any length: only the lines in sight exist. The focus stays in the text field. */
import type { Signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Store } from "../../store/types";
import { ClassName } from "../ClassName";
import { Icon } from "../Icon";
import { type Option, stepsOf, stepsText } from "./match";
import { LINE, windowOf } from "./window";

interface Props {
  store: Store;
  id: string;
  options: readonly Option[];
  active: Signal<number>;
  scroll: Signal<number>;
  digits: boolean;
  /** codes that are chosen, where several can be */
  chosen?: ReadonlySet<number>;
  problem?: string | null;
  pick: (option: Option) => void;
}

export function Options(props: Props) {
  const { options, active, scroll, id } = props;
  const box = useRef<HTMLDivElement>(null);
  const at = active.value;
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const height = element.clientHeight || 300;
    const top = at * LINE;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + LINE > element.scrollTop + height) element.scrollTop = top + LINE - height;
    scroll.value = element.scrollTop;
  }, [at, options]);
  const { from, to } = windowOf(scroll.value, box.current?.clientHeight || 300, options.length, at);
  return (
    <div
      ref={box}
      class="ls-options ls-scroll"
      role="listbox"
      id={id}
      aria-label="Labels"
      aria-multiselectable={props.chosen ? "true" : undefined}
      onScroll={(event) => {
        scroll.value = event.currentTarget.scrollTop;
      }}
    >
      <div role="presentation" style={{ height: `${options.length * LINE}px` }}>
        <div role="presentation" style={{ transform: `translateY(${from * LINE}px)` }}>
          {options.slice(from, to).map((option, k) => (
            <Line key={option.code ?? "new"} {...props} option={option} at={from + k} />
          ))}
        </div>
      </div>
      {props.problem && options.length === 0 && <p class="ls-quiet">{props.problem}</p>}
    </div>
  );
}

function Line({ option, at, ...props }: Props & { option: Option; at: number }) {
  const { store, id, options, active, chosen } = props;
  const on = option.code !== null && chosen?.has(option.code) === true;
  const current = active.value === at;
  const row = store.current.value;
  const steps =
    row === null || option.code === null
      ? null
      : stepsOf(store, store.table.value.current[row]!, option.code);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are handled where the focus is, in the text field
    <div
      id={`${id}-${at}`}
      class={`ls-option${option.code === null ? " new" : ""}${option.unlikely ? " unlikely" : ""}${current ? " active" : ""}`}
      role="option"
      tabIndex={-1}
      aria-selected={chosen ? on : current}
      aria-posinset={at + 1}
      aria-setsize={options.length}
      data-code={option.code ?? "new"}
      onPointerMove={() => {
        active.value = at;
      }}
      onClick={() => props.pick(option)}
    >
      {chosen && option.code !== null && <span class="ls-tick">{on && <Icon name="check" />}</span>}
      {option.depth && <span style={{ width: `${option.depth}em` }} />}
      {option.code === null ? (
        <span class="ls-clip">add new class “{option.name}”…</span>
      ) : (
        <ClassName store={store} code={option.code} />
      )}
      <span class="ls-gap" />
      {steps !== null && steps > 0 && (
        <em title="Steps in the taxonomy from the label that it has now">{stepsText(steps)}</em>
      )}
      {option.unlikely && <em>surely not</em>}
      {option.digit > 0 && props.digits && <kbd>{option.digit}</kbd>}
    </div>
  );
}
