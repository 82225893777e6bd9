/** Whichever dialog is open. */
import type { Store } from "../store/types";
import { PreviewSheet } from "./bulk/PreviewSheet";
import { SeveritySheet } from "./bulk/SeveritySheet";
import { CheckSheet } from "./check/CheckSheet";
import { SeveralSheet } from "./palette/SeveralSheet";
import { uiOf } from "./ui";

export function Sheets({ store }: { store: Store }) {
  const sheet = uiOf(store).sheet.value;
  switch (sheet?.kind) {
    case "preview":
      return <PreviewSheet store={store} rows={sheet.rows} code={sheet.code} />;
    case "several":
      return <SeveralSheet store={store} row={sheet.row} />;
    case "severity":
      return <SeveritySheet store={store} />;
    case "check":
      return <CheckSheet store={store} given={sheet.given} suggested={sheet.suggested} />;
    default:
      return null;
  }
}
