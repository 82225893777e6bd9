import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { actionOf } from "../../src/input/keymap";
import { GROUPS } from "../../src/input/table";
import { keyGroups } from "../../src/panels/keys";

const key = (name: string, more: Partial<KeyboardEvent> = {}) => ({
  key: name,
  ctrlKey: false,
  metaKey: false,
  shiftKey: false,
  altKey: false,
  repeat: false,
  isComposing: false,
  ...more,
});

const found = (name: string, more: Partial<KeyboardEvent> = {}) => {
  const action = actionOf(key(name, more));
  return typeof action === "object" && action !== null ? action.do : action;
};

describe("keys", () => {
  it.each([
    ["j", "move"],
    ["k", "move"],
    ["ArrowDown", "move"],
    ["End", "move"],
    ["Enter", "accept"],
    [" ", "keep"],
    ["u", "unsure"],
    ["x", "exclude"],
    ["l", "palette"],
    ["n", "note"],
    ["f", "fit"],
    ["a", "all"],
    ["Escape", "clear"],
    ["m", "several"],
    ["s", "severity"],
    ["z", "zoom"],
    ["o", "out"],
    ["c", "check"],
    ["g", "page"],
    ["r", "rerank"],
    ["q", "query"],
    ["[", "gate"],
    ["]", "gate"],
    ["/", "search"],
    ["?", "help"],
    ["5", "digit"],
    ["0", null],
    ["b", null],
    ["d", "discuss"],
    ["F5", null],
    ["toString", null],
  ])("%s is %s", (name, action) => expect(found(name)).toBe(action));

  it("undo and redo take Ctrl and Cmd", () => {
    for (const mod of [{ ctrlKey: true }, { metaKey: true }]) {
      expect(found("z", mod)).toBe("undo");
      expect(found("Z", { ...mod, shiftKey: true })).toBe("redo");
      expect(found("a", mod)).toBe("all");
      expect(found("s", mod)).toBeNull();
      expect(found("Enter", mod)).toBeNull();
    }
    expect(found("y", { ctrlKey: true })).toBe("redo");
    expect(found("y", { metaKey: true })).toBeNull();
  });

  it("Caps Lock changes nothing, Shift does, signs work on any layout", () => {
    expect(found("J")).toBe("move");
    expect(found("X", { shiftKey: true })).toBeNull();
    expect(found("Enter", { shiftKey: true })).toBeNull();
    expect(found("/", { shiftKey: true })).toBe("search");
    expect(found("?", { shiftKey: true })).toBe("help");
    expect(found("[", { shiftKey: true })).toBe("gate");
    expect(found("mod+z")).toBeNull();
  });

  it("digits count from the first candidate", () =>
    expect(actionOf(key("3"))).toEqual({ do: "digit", place: 2 }));

  it("with Shift a digit refuses, by where the key is; where digits need Shift they stay digits", () => {
    expect(actionOf({ ...key("!", { shiftKey: true }), code: "Digit1" })).toEqual({ do: "refuse", place: 0 });
    expect(actionOf({ ...key('"', { shiftKey: true }), code: "Digit2" })).toEqual({ do: "refuse", place: 1 });
    expect(actionOf({ ...key("2", { shiftKey: true }), code: "Digit2" })).toEqual({ do: "digit", place: 1 });
    expect(actionOf({ ...key("&"), code: "Digit1" })).toBeNull();
  });

  it("a key held down moves on but never decides again", () => {
    for (const name of ["Enter", " ", "u", "x", "1", "a", "g", "r", "m", "s", "c", "o"])
      expect(found(name, { repeat: true })).toBe("held");
    expect(found("j", { repeat: true })).toBe("move");
    expect(found("]", { repeat: true })).toBe("gate");
    expect(found("z", { repeat: true, ctrlKey: true })).toBe("undo");
  });

  it("are all in the help, in words, once each", () => {
    const help = keyGroups(false).flatMap(({ rows }) => rows);
    const shown = new Set(help.flatMap(({ keys }) => keys));
    for (const { rows } of GROUPS)
      for (const { keys, does } of rows) {
        expect(does).toMatch(/^\S.+\S$/);
        for (const [chord] of keys)
          if (/^[a-z[\]?/]$/.test(chord)) expect(shown.has(chord), chord).toBe(true);
      }
    const bound = GROUPS.flatMap(({ rows }) => rows.flatMap(({ keys }) => keys.map(([chord]) => chord)));
    expect(new Set(bound).size).toBe(bound.length);
    expect(help.find(({ does }) => does === "redo it")!.keys).toEqual(["Shift Ctrl Z"]);
  });

  it("nothing with Alt or while composing, whatever the key", () => {
    fc.assert(
      fc.property(fc.string(), fc.boolean(), (name, shiftKey) => {
        expect(found(name, { altKey: true, shiftKey })).toBeNull();
        expect(found(name, { isComposing: true, shiftKey })).toBeNull();
      }),
    );
  });
});
