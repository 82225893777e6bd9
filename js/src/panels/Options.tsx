/** How the review is run: controls, answer before reveal, ranking while one works. */
import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import type { Store } from "../store/types";
import { percent } from "./format";
import { Icon } from "./Icon";
import { Popover } from "./Popover";
import { setVoting } from "./vote/vote";

const RATES = [0, 0.01, 0.03, 0.05, 0.1];

function Switch(props: {
  label: string;
  hint: string;
  on: boolean;
  disabled: boolean;
  set: (on: boolean) => void;
}) {
  const id = useId();
  return (
    <label class="ls-switch">
      <input
        type="checkbox"
        checked={props.on}
        disabled={props.disabled}
        aria-describedby={id}
        onChange={(event) => props.set(event.currentTarget.checked)}
      />
      <span>
        {props.label}
        <em id={id}>{props.hint}</em>
      </span>
    </label>
  );
}

export function Options({ store }: { store: Store }) {
  const open = useSignal(false);
  const id = useId();
  const off = !store.canDecide.value || store.connection.value !== "live";
  const rate = store.controlRate.value;
  const rates = RATES.includes(rate) ? RATES : [...RATES, rate].sort((p, q) => p - q);
  return (
    <Popover
      open={open}
      label="Options"
      title="Options of the review"
      hint="Options: controls, answer before reveal, live ranking"
      action="options"
      align="end"
      wide
      class="icon"
      first="input"
      button={<Icon name="gear" />}
    >
      <Switch
        label="Rank again after each decision"
        hint="off: the order stays until you press r"
        on={store.live.value}
        disabled={off}
        set={(live) => store.setOptions({ live })}
      />
      <Switch
        label="Answer before reveal"
        hint="the suggestion shows after you decided"
        on={store.reveal.value === "after_answer"}
        disabled={off}
        set={(on) => store.setOptions({ reveal: on ? "after_answer" : "at_once" })}
      />
      {store.task.value === "classification" && store.canQuery.value && (
        <Switch
          label="Several people vote"
          hint="on flagged rows and hidden others; 1 to 5 answer, no label changes"
          on={store.methods.voting.value}
          disabled={off}
          set={(on) => setVoting(store, on)}
        />
      )}
      <label class="ls-switch" for={id}>
        <select
          id={id}
          class="ls-input"
          value={String(rate)}
          disabled={off}
          onChange={(event) => store.setOptions({ controlRate: Number(event.currentTarget.value) })}
        >
          {rates.map((value) => (
            <option key={value} value={String(value)}>
              {value === 0 ? "none" : percent(value)}
            </option>
          ))}
        </select>
        <span>
          Controls among the rows
          <em>rows with a known answer keep everybody honest; they never change a label</em>
        </span>
      </label>
    </Popover>
  );
}
