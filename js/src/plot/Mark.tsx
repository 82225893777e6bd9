/** The mark of a class (color and shape) as text-sized SVG; used wherever a class is named. */
import { classColor, classShape, type Shape, shapePath } from "./palette";

export function ShapeMark({ shape, color, size = 9 }: { shape: Shape; color: string; size?: number }) {
  return (
    <svg class="ls-mark" width={size} height={size} viewBox="-10 -10 20 20" aria-hidden="true">
      <path d={shapePath(shape)} fill={color} />
    </svg>
  );
}

export function ClassMark({ code, dark, size = 9 }: { code: number; dark: boolean; size?: number }) {
  return <ShapeMark shape={classShape(code)} color={classColor(code, dark)} size={size} />;
}
