import inspector from "./inspector.css";
import messages from "./messages.css";
import overlay from "./overlay.css";
import strip from "./strip.css";
import toolbar from "./toolbar.css";

/** Styles of all panels; they need the tokens and base styles of `theme/`. */
export const css: string = toolbar + inspector + strip + overlay + messages;

export { ClassName } from "./ClassName";
export { Dialog } from "./Dialog";
export { NO_FILTERS } from "./filters";
export { Help } from "./Help";
export { Inspector } from "./inspector/Inspector";
export { splitAt } from "./inspector/Media";
export { backToView, focusNote, focusSearch } from "./keys";
export { Menu, type MenuItem } from "./Menu";
export { LiveRegion, NoticesBar, Toasts } from "./Messages";
export { Palette } from "./palette/Palette";
export { BottomStrip } from "./strip/BottomStrip";
export { Histogram } from "./strip/Histogram";
export { Matrix } from "./strip/Matrix";
export { SoFar } from "./strip/SoFar";
export { Toolbar } from "./Toolbar";
