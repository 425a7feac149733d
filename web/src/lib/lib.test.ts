import { describe, expect, test } from "vitest";
import { defaultLimits } from "../net/protocol";
import { hashFromRoom, roomFromHash } from "../state/route";
import { initials, TONES, tone } from "./avatar";
import { newId } from "./ids";
import { fitImage } from "./image-size";
import { checkName, checkRoom, cleanRoom, fieldOf } from "./names";
import { codePoints, firstGrapheme, formatBytes, isJumbo, sentence, utf8Length } from "./text";
import { dayLabel, dayNumber, isoTime, untilMidnight } from "./time";

describe("text", () => {
  test("lengths are bytes and code points, as the server counts", () => {
    expect(utf8Length("aé€😀")).toBe(10);
    expect(codePoints("aé€😀")).toBe(4);
  });

  test("bytes are readable", () => {
    expect([0, 999, 1536, 10 * 1024 * 1024, 3.2e9].map(formatBytes)).toEqual([
      "0 B",
      "999 B",
      "1.5 KB",
      "10 MB",
      "3.0 GB",
    ]);
  });

  test("what the server says of an error becomes a sentence, and stays one", () => {
    expect(["", "not that one", "a name's 'x'.", "Why?"].map(sentence)).toEqual([
      "",
      "Not that one.",
      "A name's 'x'.",
      "Why?",
    ]);
  });

  test("one to three emoji alone are shown large, anything else is not", () => {
    for (const text of ["🎉", "👍🏽 👨‍👩‍👧", "🇩🇪🇫🇷", "❤️", "1️⃣"]) expect(isJumbo(text), text).toBe(true);
    for (const text of ["", "1", "12", "ok 👍", "🎉🎉🎉🎉", "#", "  "])
      expect(isJumbo(text), text).toBe(false);
  });

  test("the first character is never torn", () => {
    expect(firstGrapheme("👩‍🚀x")).toBe("👩‍🚀");
    expect(firstGrapheme("")).toBe("");
  });
});

describe("avatars", () => {
  test.each([
    ["Ada Lovelace", "AL"],
    ["ada", "A"],
    ["Ada B. Clark", "AC"],
    ["日本", "日"],
    ["x_y", "XY"],
    ["", ""],
    ["...", "."],
  ])("%s → %s", (name, expected) => {
    expect(initials(name)).toBe(expected);
  });

  test("the colour depends on the name alone, not on its case, and all colours are used", () => {
    expect(tone("Ada")).toBe(tone("ADA"));
    const used = new Set(Array.from({ length: 500 }, (_, index) => tone(`user ${index}`)));
    expect(used.size).toBe(TONES);
  });
});

describe("time", () => {
  const noon = new Date(2026, 4, 12, 12).getTime();
  const day = 86_400_000;

  test("days are named from the reader's midnight on", () => {
    expect(dayLabel(noon, noon)).toBe("Today");
    expect(dayLabel(noon - day, noon)).toBe("Yesterday");
    expect(dayLabel(new Date(2026, 4, 11, 23, 59).getTime(), new Date(2026, 4, 12, 0, 1).getTime())).toBe(
      "Yesterday",
    );
    expect(dayLabel(noon - 5 * day, noon)).toMatch(/7/);
    expect(dayLabel(new Date(2024, 0, 2).getTime(), noon)).toMatch(/2024/);
  });

  test("each local day is one more than the one before, also when clocks change", () => {
    for (let month = 0; month < 12; month++) {
      for (let date = 1; date < 28; date++) {
        const a = dayNumber(new Date(2026, month, date, 0, 30).getTime());
        const b = dayNumber(new Date(2026, month, date + 1, 23, 30).getTime());
        expect(b - a).toBe(1);
      }
    }
  });

  test("a timestamp out of range does not throw", () => {
    expect(isoTime(Number.NaN)).toBe("1970-01-01T00:00:00.000Z");
    expect(isoTime(1e300)).toBe("1970-01-01T00:00:00.000Z");
  });

  test("the wait until midnight is at most a day and an hour, at least a second", () => {
    expect(untilMidnight(noon)).toBe(12 * 3_600_000);
    expect(untilMidnight(new Date(2026, 4, 12, 23, 59, 59, 900).getTime())).toBe(1_000);
  });
});

describe("names", () => {
  test("what is plainly wrong is told before the server is asked", () => {
    expect(checkName("  ", defaultLimits)?.code).toBe("name_empty");
    expect(checkName("x".repeat(33), defaultLimits)?.code).toBe("name_too_long");
    expect(checkName("😀".repeat(32), defaultLimits)).toBeUndefined();
    expect(checkRoom("#", defaultLimits)?.code).toBe("room_empty");
    expect(checkRoom("x".repeat(65), defaultLimits)?.code).toBe("room_too_long");
  });

  test("the # people write before a room is not part of its name", () => {
    expect(cleanRoom(" ##tea ")).toBe("tea");
    expect(cleanRoom("c#")).toBe("c#");
  });

  test("errors find their field", () => {
    const field = (code: string) => fieldOf({ code, message: "" });
    expect(["name_taken", "room_invalid", "too_many_rooms", "disconnected"].map(field)).toEqual([
      "name",
      "room",
      "room",
      "form",
    ]);
  });
});

test("the room in the address survives the way there and back", () => {
  for (const room of ["tea", "tea & milk", "日本", "a/b#c%", "__proto__"])
    expect(roomFromHash(hashFromRoom(room))).toBe(room);
  expect(roomFromHash("#%E0%A4%A")).toBe("%E0%A4%A");
  expect(hashFromRoom("")).toBe("");
});

test("image boxes keep the shape, fit the bounds, and are never too thin to hit", () => {
  const most = { width: 380, height: 320 };
  expect(fitImage(760, 400, most)).toEqual({ width: 380, height: 200 });
  expect(fitImage(100, 50, most)).toEqual({ width: 100, height: 50 });
  expect(fitImage(10_000, 10, most)).toEqual({ width: 380, height: 48 });
  expect(fitImage(0, 0, most)).toEqual({ width: 320, height: 240 });
  expect(fitImage(Number.NaN, 5, most)).toEqual({ width: 320, height: 240 });
});

test("ids are 128 random bits", () => {
  expect(newId()).toMatch(/^[0-9a-f]{32}$/);
  expect(newId()).not.toBe(newId());
});
