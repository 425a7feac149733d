import { describe, expect, test } from "vitest";
import { completionAt, hasShortcode, insertEmoji, replaceShortcodes } from "./shortcodes";

const table: Record<string, string> = { smile: "😄", "+1": "👍", tada: "🎉", "100": "💯" };
const replace = (text: string) => replaceShortcodes(text, (name) => table[name]);

describe("replacing on send", () => {
  test.each([
    ["hi :smile:", "hi 😄"],
    [":smile::tada:", "😄🎉"],
    [":+1:", "👍"],
    [":SMILE:", "😄"],
    ["(:smile:)", "(😄)"],
    [":unknown: stays", ":unknown: stays"],
    ["at 10:100:30", "at 10:100:30"],
    ["std::smile::x", "std::smile::x"],
    ["https://a.org/:smile:/x :smile:", "https://a.org/:smile:/x 😄"],
    ["just: a colon :", "just: a colon :"],
    ["", ""],
  ])("%s → %s", (text, expected) => {
    expect(replace(text)).toBe(expected);
  });

  test("names like constructor are looked up, not found on some prototype", () => {
    const map = new Map(Object.entries(table));
    expect(replaceShortcodes(":constructor: :__proto__:", (name) => map.get(name))).toBe(
      ":constructor: :__proto__:",
    );
  });

  test("the table is wanted only when there is something to replace", () => {
    expect(hasShortcode("nothing: here")).toBe(false);
    expect(hasShortcode("a :b_c: d")).toBe(true);
  });
});

describe("completion while typing", () => {
  test("begins at a colon at the start or after white space, with two characters", () => {
    expect(completionAt("so :ta", 6)).toEqual({ query: "ta", start: 3, end: 6 });
    expect(completionAt(":TA", 3)?.query).toBe("ta");
    expect(completionAt(":t", 2)).toBeUndefined();
    expect(completionAt("10:30", 5)).toBeUndefined();
    expect(completionAt("http://x", 8)).toBeUndefined();
  });

  test("looks at what is before the caret only", () => {
    expect(completionAt(":tad and more", 4)).toEqual({ query: "tad", start: 0, end: 4 });
    expect(completionAt(":tad and more", 8)).toBeUndefined();
  });

  test("the emoji takes the place of what was typed, with one space after it", () => {
    expect(insertEmoji("so :ta", 3, 6, "🎉")).toEqual({ text: "so 🎉 ", caret: 6 });
    expect(insertEmoji("so :ta there", 3, 6, "🎉").text).toBe("so 🎉 there");
    expect(insertEmoji("ab", 1, 1, "🎉", false)).toEqual({ text: "a🎉b", caret: 3 });
  });
});
