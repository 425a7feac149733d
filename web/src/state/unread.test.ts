import { describe, expect, test } from "vitest";
import { allRead, arrived, pageTitle, seen, settled } from "./unread";

describe("unread", () => {
  test("what is watched is never unread", () => {
    expect(arrived(allRead, 7, true)).toBe(allRead);
  });

  test("unwatched messages are counted; the line stands before the first of them", () => {
    const mark = arrived(arrived(allRead, 7, false), 8, false);
    expect(mark).toEqual({ unread: 2, marker: 7 });
  });

  test("seeing them clears the count and leaves the line, until the reader answers or leaves", () => {
    const mark = seen(arrived(allRead, 7, false));
    expect(mark).toEqual({ unread: 0, marker: 7 });
    expect(settled(mark)).toEqual(allRead);
  });

  test("the next batch after seeing gets a line of its own", () => {
    expect(arrived(seen(arrived(allRead, 7, false)), 12, false)).toEqual({ unread: 1, marker: 12 });
  });

  test("leaving a room with unread messages keeps them unread", () => {
    const mark = arrived(allRead, 7, false);
    expect(settled(mark)).toBe(mark);
  });

  test("a missed message that turns up late moves the line up", () => {
    expect(arrived(arrived(allRead, 9, false), 7, false).marker).toBe(7);
  });

  test("the title carries the count and the room", () => {
    expect(pageTitle("tea", 0)).toBe("#tea · ChatterLink");
    expect(pageTitle("tea", 3)).toBe("(3) #tea · ChatterLink");
    expect(pageTitle(undefined, 250)).toBe("(99+) ChatterLink");
  });
});
