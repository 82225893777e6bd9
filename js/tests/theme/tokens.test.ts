import { describe, expect, it } from "vitest";

// by a name that the type checker does not follow: the page has no types of Node
const files = (await import("node:fs" as string)) as {
  readFileSync: (path: URL, encoding: string) => string;
};
const text = files.readFileSync(new URL("../../src/theme/tokens.css", import.meta.url), "utf8");

function tokens(selector: string): Map<string, string> {
  const start = text.indexOf(`${selector} {`);
  const block = text.slice(start, text.indexOf("}", start));
  return new Map([...block.matchAll(/(--[\w-]+):\s*([^;]+);/g)].map((found) => [found[1]!, found[2]!]));
}

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

function contrast(one: string, other: string): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((p, q) => q - p);
  return (light! + 0.05) / (dark! + 0.05);
}

const light = tokens(".ls-root");
const dark = new Map([...light, ...tokens('.ls-root[data-theme="dark"]')]);
const contract = "bg panel ink ink2 ink3 line soft accent accent-soft ok ok-soft warn hot ring".split(" ");

describe.each([
  ["light", light],
  ["dark", dark],
])("%s tokens", (_, theme) => {
  it("has every token that the rooms share", () => {
    for (const name of contract) expect(theme.get(`--${name}`), name).toBeTruthy();
  });

  it.each([
    ["ink", "panel"],
    ["ink2", "soft"],
    ["ink3", "panel"],
    ["ink3", "soft"],
    ["ink3", "accent-soft"],
    ["ink3", "ok-soft"],
    ["accent-ink", "accent-soft"],
    ["accent-ink", "panel"],
    ["hot-ink", "panel"],
    ["warn-ink", "warn-soft"],
    ["ok-ink", "ok-soft"],
    ["on-accent", "accent-fill"],
    ["panel", "ink"],
  ])("%s is readable on %s", (ink, ground) => {
    expect(contrast(theme.get(`--${ink}`)!, theme.get(`--${ground}`)!)).toBeGreaterThanOrEqual(4.5);
  });
});
