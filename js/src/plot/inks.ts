/** Reads the theme's CSS variables as numbers; whatever CSS says (names, system colors) is resolved by the browser. */
import { parseHex, type Rgb } from "./color";
import type { Inks } from "./look";

const FALLBACK: Record<keyof Inks, readonly [light: string, dark: string]> = {
  panel: ["#ffffff", "#1a1e25"],
  ink: ["#1c2430", "#e7ebf0"],
  ink3: ["#8a94a3", "#737e8c"],
  accent: ["#2f6feb", "#6ea1ff"],
  ok: ["#0b8a62", "#3cc795"],
  ring: ["#d6402b", "#ff8573"],
};

function resolve(value: string, fallback: string, pen: CanvasRenderingContext2D | null): Rgb {
  if (/^#[0-9a-f]{6}$/i.test(value)) return parseHex(value);
  if (value === "" || pen === null) return parseHex(fallback);
  pen.fillStyle = fallback;
  pen.fillStyle = value;
  const plain = String(pen.fillStyle);
  if (plain.startsWith("#")) return parseHex(plain);
  const parts = plain.match(/[\d.]+/g)?.map(Number) ?? [];
  return parts.length >= 3 && plain.startsWith("rgb")
    ? [parts[0]!, parts[1]!, parts[2]!]
    : parseHex(fallback);
}

export function readInks(element: Element, dark: boolean, pen: CanvasRenderingContext2D | null): Inks {
  const style = getComputedStyle(element);
  const ink = (name: keyof Inks): Rgb =>
    resolve(style.getPropertyValue(`--${name}`).trim(), FALLBACK[name][dark ? 1 : 0], pen);
  return {
    panel: ink("panel"),
    ink: ink("ink"),
    ink3: ink("ink3"),
    accent: ink("accent"),
    ok: ink("ok"),
    ring: ink("ring"),
  };
}
