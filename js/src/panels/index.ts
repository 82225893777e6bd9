import evidence from "./evidence.css";
import inspector from "./inspector.css";
import messages from "./messages.css";
import mistakes from "./mistakes.css";
import overlay from "./overlay.css";
import reports from "./reports.css";
import sheets from "./sheets.css";
import strip from "./strip.css";
import tags from "./tags.css";
import target from "./target.css";
import toolbar from "./toolbar.css";

/** Styles of all panels; they need the tokens and base styles of `theme/`. */
export const css: string =
  toolbar + inspector + evidence + strip + overlay + sheets + messages + tags + target + reports + mistakes;

export { ClassName } from "./ClassName";
export { Controls } from "./Controls";
export { CheckBar } from "./check/CheckBar";
export { Dialog } from "./Dialog";
export { NO_FILTERS } from "./filters";
export { Help } from "./Help";
export { Inspector } from "./inspector/Inspector";
export { splitAt } from "./inspector/Media";
export { backToView, focusNote, focusSearch } from "./keys";
export { Menu, type MenuItem } from "./Menu";
export { LiveRegion, NoticesBar, Toasts } from "./Messages";
export { Palette } from "./palette/Palette";
export { QueueBar } from "./queues/QueueBar";
export { Reports } from "./reports/Drawer";
export { Sheets } from "./Sheets";
export { BottomStrip } from "./strip/BottomStrip";
export { Histogram } from "./strip/Histogram";
export { Matrix } from "./strip/Matrix";
export { SoFar } from "./strip/SoFar";
export { Tabs, useTab } from "./Tabs";
export { Toolbar } from "./Toolbar";
export { dialogOpen, uiOf } from "./ui";
