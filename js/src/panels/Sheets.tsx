/** Whichever dialog is open. */
import type { Store } from "../store/types";
import { ManySheet } from "./bulk/ManySheet";
import { PreviewSheet } from "./bulk/PreviewSheet";
import { SeveritySheet } from "./bulk/SeveritySheet";
import { CheckSheet } from "./check/CheckSheet";
import { SeveralSheet } from "./palette/SeveralSheet";
import { PlanSheet } from "./reports/PlanSheet";
import { TagBox } from "./tags/TagBox";
import { TagCheckSheet } from "./tags/TagCheckSheet";
import { uiOf } from "./ui";

export function Sheets({ store }: { store: Store }) {
  const sheet = uiOf(store).sheet.value;
  switch (sheet?.kind) {
    case "preview":
      return <PreviewSheet store={store} rows={sheet.rows} code={sheet.code} />;
    case "many":
      return <ManySheet store={store} rows={sheet.rows} edit={sheet.edit} />;
    case "tags":
      return <TagBox store={store} />;
    case "tag-check":
      return <TagCheckSheet store={store} cut={sheet.cut} n={sheet.n} />;
    case "several":
      return <SeveralSheet store={store} row={sheet.row} />;
    case "plan":
      return <PlanSheet store={store} plan={sheet.plan} />;
    case "severity":
      return <SeveritySheet store={store} />;
    case "check":
      return <CheckSheet store={store} given={sheet.given} suggested={sheet.suggested} />;
    default:
      return null;
  }
}
