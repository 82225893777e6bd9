/** What can be set about a report; it is made again when a field is left, or Enter is pressed. */
import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import type { ReportOption } from "../../protocol";
import { readOption } from "./act";

interface FieldProps {
  option: ReportOption;
  disabled: boolean;
  set: (value: ReportOption["value"]) => void;
}

function Field({ option, disabled, set }: FieldProps) {
  const id = useId();
  const wrong = useSignal(false);
  const { kind, label, hint, value } = option;
  const change = (text: string): void => {
    const read = readOption(option, text);
    wrong.value = read === null;
    if (read !== null && read !== value) set(read);
  };
  const common = {
    id,
    disabled,
    "data-option": option.name,
    "aria-describedby": hint ? `${id}-hint` : undefined,
    "aria-invalid": wrong.value || undefined,
  };
  return (
    <label class={`ls-field ${kind}`} for={id}>
      <span>{label}</span>
      {kind === "choice" ? (
        <select
          class="ls-input"
          {...common}
          value={String(value)}
          onChange={(event) => change(event.currentTarget.value)}
        >
          {option.choices.map(([choice, name]) => (
            <option key={choice} value={choice}>
              {name}
            </option>
          ))}
        </select>
      ) : kind === "toggle" ? (
        <input
          type="checkbox"
          {...common}
          checked={value === true}
          onChange={(event) => change(String(event.currentTarget.checked))}
        />
      ) : kind === "range" ? (
        <input
          class="ls-input"
          {...common}
          type="range"
          min={option.low}
          max={option.high}
          step={option.step || 1}
          value={String(value)}
          onChange={(event) => change(event.currentTarget.value)}
        />
      ) : (
        <input
          class="ls-input"
          {...common}
          type="text"
          inputMode={kind === "number" ? "decimal" : "text"}
          value={String(value)}
          onChange={(event) => change(event.currentTarget.value)}
        />
      )}
      {kind === "range" && <output>{String(value)}</output>}
      {wrong.value && (
        <em class="wrong" role="alert">
          a number from {option.low} to {option.high}
        </em>
      )}
      {hint && !wrong.value && <em id={`${id}-hint`}>{hint}</em>}
    </label>
  );
}

interface Props {
  options: readonly ReportOption[];
  disabled: boolean;
  set: (name: string, value: ReportOption["value"]) => void;
}

export function Fields({ options, disabled, set }: Props) {
  if (options.length === 0) return null;
  return (
    <fieldset class="ls-fields" aria-label="Settings of the report">
      {options.map((option) => (
        <Field
          key={`${option.name} ${option.value}`}
          option={option}
          disabled={disabled}
          set={(value) => set(option.name, value)}
        />
      ))}
    </fieldset>
  );
}
