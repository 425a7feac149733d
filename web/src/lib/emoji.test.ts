import { describe, expect, test } from "vitest";
import { type EmojiTable, loadEmoji } from "./emoji";

let table: EmojiTable;
describe("the emoji table as it is built", async () => {
  table = await loadEmoji();

  test("has every category of the picker and more than 1,800 emoji", () => {
    expect(table.categories.map((category) => category.name)).toEqual([
      "Smileys & Emotion",
      "People & Body",
      "Animals & Nature",
      "Food & Drink",
      "Travel & Places",
      "Activities",
      "Objects",
      "Symbols",
      "Flags",
    ]);
    expect(table.categories.reduce((sum, category) => sum + category.emoji.length, 0)).toBeGreaterThan(1_800);
  });

  test.each([
    ["smile", "😄"],
    ["tada", "🎉"],
    ["+1", "👍"],
    ["thumbsup", "👍"],
    ["heart", "❤️"],
    ["rocket", "🚀"],
  ])("knows :%s:", (name, char) => {
    expect(table.lookup(name)).toBe(char);
  });

  test("does not find what only an object's prototype has", () => {
    expect(table.lookup("constructor")).toBeUndefined();
    expect(table.lookup("__proto__")).toBeUndefined();
  });

  test("search puts the exact shortcode first, then its beginnings, then words", () => {
    expect(table.search("heart", 5)[0]?.char).toBe("❤️");
    expect(table.search(":tad", 5)[0]?.char).toBe("🎉");
    expect(table.search("party", 40).map((emoji) => emoji.char)).toContain("🎉");
    expect(table.search("red apple", 3)[0]?.char).toBe("🍎");
  });

  test("search for nothing, for nonsense, and beyond the limit", () => {
    expect(table.search("", 5)).toEqual([]);
    expect(table.search("  ", 5)).toEqual([]);
    expect(table.search("qqqqzz", 5)).toEqual([]);
    expect(table.search("a", 7).length).toBe(7);
  });
});
