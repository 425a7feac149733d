import { describe, expect, test } from "vitest";
import { message } from "../../test/fake-transport";
import { caughtUp, emptyTimeline, extended, hasGap, opened, received, trimmed } from "./timeline";

const seqs = (timeline: { messages: readonly { seq: number }[] }) =>
  timeline.messages.map((each) => each.seq);
const page = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => message(from + index));

describe("timeline", () => {
  test("a first join gives the newest stretch and says whether there is more before it", () => {
    const whole = opened(page(1, 3), 3);
    expect(seqs(whole)).toEqual([1, 2, 3]);
    expect(whole.hasOlder).toBe(false);
    expect(opened(page(4, 6), 6).hasOlder).toBe(true);
    expect(opened([], 0)).toEqual(emptyTimeline);
  });

  test("history that comes unordered or doubled ends up ordered, each message once", () => {
    expect(seqs(opened([message(3), message(1), message(2), message(2)], 3))).toEqual([1, 2, 3]);
  });

  test("a live message is appended and counts as synced", () => {
    const after = received(opened(page(1, 2), 2), message(3));
    expect(seqs(after)).toEqual([1, 2, 3]);
    expect(after.synced).toBe(3);
  });

  test("the same message again changes nothing, not even the value's identity", () => {
    const before = opened(page(1, 3), 3);
    expect(received(before, message(2))).toBe(before);
    expect(caughtUp(before, page(1, 3), 3)).toBe(before);
  });

  test("a message ahead of a hole is shown, but what is synced stays behind the hole", () => {
    const after = received(opened(page(1, 2), 2), message(5));
    expect(seqs(after)).toEqual([1, 2, 5]);
    expect(after.synced).toBe(2);
    expect(hasGap(after)).toBe(true);
  });

  test("filling the hole moves what is synced over everything that follows", () => {
    const holed = received(opened(page(1, 2), 2), message(5));
    const half = received(holed, message(3));
    expect(half.synced).toBe(3);
    const whole = received(half, message(4));
    expect(whole.synced).toBe(5);
    expect(hasGap(whole)).toBe(false);
    expect(seqs(whole)).toEqual([1, 2, 3, 4, 5]);
  });

  test("a page after a lost connection goes between what was there and what came live", () => {
    const live = received(opened(page(1, 2), 2), message(9));
    const after = caughtUp(live, page(3, 8), 0);
    expect(seqs(after)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(after.synced).toBe(9);
  });

  test("last_seq says nothing is missing even when the page is empty", () => {
    expect(caughtUp(opened(page(1, 2), 2), [], 2).synced).toBe(2);
  });

  test("older pages go before; the last of them ends the asking", () => {
    const start = opened(page(51, 100), 100);
    const more = extended(start, page(21, 50), true);
    expect(more.messages.length).toBe(80);
    expect(more.hasOlder).toBe(true);
    expect(extended(more, page(1, 20), false).hasOlder).toBe(false);
    expect(extended(more, [], true).hasOlder).toBe(false);
  });

  test("trimming forgets the oldest, and an echo of what was forgotten does not tear a hole", () => {
    const short = trimmed(opened(page(1, 100), 100), 10);
    expect(seqs(short)[0]).toBe(91);
    expect(short.hasOlder).toBe(true);
    expect(received(short, message(5))).toBe(short);
    expect(trimmed(short, 10)).toBe(short);
  });

  test("another message at a known seq wins: the server began anew", () => {
    const after = received(opened(page(1, 2), 2), message(2, { id: "other", message: "new" }));
    expect(after.messages[1]?.message).toBe("new");
  });

  test("ten thousand messages one by one stay whole", () => {
    let timeline = opened([], 0);
    for (let seq = 1; seq <= 10_000; seq++) timeline = trimmed(received(timeline, message(seq)), 500);
    expect(timeline.synced).toBe(10_000);
    expect(timeline.messages.length).toBe(500);
  });
});
