import { describe, expect, test } from "vitest";
import { membersOf, typingLine, withPage, withPresence } from "./members";

const delta = (joined: string[], left: string[], count: number) => ({ room: "tea", joined, left, count });

describe("members", () => {
  test("a join and a leave are applied, the list stays sorted without regard to case", () => {
    const after = withPresence(membersOf(["Bo", "ada"], 2), delta(["Cleo", "aaron"], ["Bo"], 3), "ada");
    expect(after).toEqual({ names: ["aaron", "ada", "Cleo"], count: 3 });
  });

  test("somebody who is there already is not listed twice", () => {
    expect(withPresence(membersOf(["Ada", "Bo"], 2), delta(["Bo"], [], 2), "Ada").names).toEqual([
      "Ada",
      "Bo",
    ]);
  });

  test("in a large room the count goes beyond the list", () => {
    const after = withPresence(membersOf(["Ada"], 1), delta(["Bo"], [], 5_000), "Ada");
    expect(after.names.length).toBe(2);
    expect(after.count).toBe(5_000);
  });

  test("a shortened list of leavers never leaves more names than people, and never hides oneself", () => {
    const many = membersOf(["Ada", "Bo", "Cleo", "Zoe"], 4);
    const after = withPresence(many, delta([], [], 2), "Zoe");
    expect(after.names).toContain("Zoe");
    expect(after.names.length).toBe(2);
  });

  test("a late report that we left (our old connection) does not take us off the list", () => {
    expect(withPresence(membersOf(["Ada", "Bo"], 2), delta([], ["Ada"], 2), "Ada").names).toContain("Ada");
  });

  test("pages are added behind the last name of the one before, whoever has come meanwhile", () => {
    const page = (members: string[], more: boolean) => ({ members, more, count: 6 });
    let some = membersOf(["ada", "Bo"], 6);
    expect(some.last).toBe("Bo");
    some = withPresence(some, delta(["Zoe"], [], 6), "ada");
    expect(some).toEqual({ names: ["ada", "Bo", "Zoe"], count: 6, last: "Bo" });
    some = withPage(some, page(["Cleo", "Dan"], true));
    expect(some).toEqual({ names: ["ada", "Bo", "Cleo", "Dan", "Zoe"], count: 6, last: "Dan" });
    some = withPage(some, page(["Eve", "Zoe"], false));
    expect(some).toEqual({ names: ["ada", "Bo", "Cleo", "Dan", "Eve", "Zoe"], count: 6 });
    expect(membersOf(["Ada"], 1).last).toBeUndefined();
  });

  test("names like __proto__ are names", () => {
    expect(withPresence(membersOf([], 0), delta(["__proto__", "constructor"], [], 2), "x").names).toEqual([
      "__proto__",
      "constructor",
    ]);
  });
});

describe("typing line", () => {
  test("never speaks of oneself", () => {
    expect(typingLine(["Ada"], "Ada")).toBe("");
    expect(typingLine(["Ada", "Bo"], "Ada")).toBe("Bo is typing…");
  });

  test("names two, counts the rest", () => {
    expect(typingLine(["A", "B"], "x")).toBe("A and B are typing…");
    expect(typingLine(["A", "B", "C"], "x")).toBe("A, B and 1 other are typing…");
    expect(typingLine(["A", "B", "C", "D", "E"], "x")).toBe("A, B and 3 others are typing…");
  });
});
