import legend from "./legend.css";
import plot from "./plot.css";

export { ClassMark, ShapeMark } from "./Mark";
export { Plot } from "./Plot";
export { classColor, classShape, ramp, SHAPES, type Shape, shapePath, stateColor } from "./palette";

/** Styles of the plot for the widget's shadow root. */
export const css: string = plot + legend;
