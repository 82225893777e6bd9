/** Who answers for a row of a group: its local expert or the global one, with the confidence of both. */
import type { Detail } from "../../protocol";
import { decimal } from "../format";

export function Expert({ detail }: { detail: Detail | null }) {
  const expert = detail?.expert;
  if (expert === undefined) return null;
  const local = `local: ${expert.local_label} ${decimal(expert.local)}`;
  const global = `global: ${expert.global_label} ${decimal(expert.global)}`;
  return (
    <span
      class={`ls-chip${expert.agree ? "" : " warn"}`}
      data-expert={expert.used}
      title={`${expert.used === "local" ? "The group's own" : "The global"} expert answers for this row.\n${local}\n${global}`}
    >
      <b aria-hidden="true">{expert.used === "local" ? "L" : "G"}</b>
      <span class="ls-sr">{`${expert.used} expert answers; `}</span>
      <span>
        L {decimal(expert.local)} · G {decimal(expert.global)}
      </span>
      {!expert.agree && <span> · experts disagree</span>}
    </span>
  );
}
