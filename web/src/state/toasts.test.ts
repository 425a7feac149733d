import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Toasts } from "./toasts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const texts = (toasts: Toasts) => toasts.list.value.map((toast) => toast.text);

test("toasts go away by themselves, and the same sentence is shown once", () => {
  const toasts = new Toasts();
  toasts.show("a");
  toasts.show("b");
  toasts.show("a");
  expect(texts(toasts)).toEqual(["b", "a"]);
  vi.advanceTimersByTime(6_000);
  expect(texts(toasts)).toEqual([]);
});

test("the oldest make room when there are many, and their time ends nobody else's", () => {
  const toasts = new Toasts();
  for (const text of "abcde") toasts.show(text);
  expect(texts(toasts)).toEqual(["b", "c", "d", "e"]);
  expect(vi.getTimerCount()).toBe(4);
});

test("none goes away while they are held, and then all have their whole time", () => {
  const toasts = new Toasts();
  toasts.show("a");
  vi.advanceTimersByTime(5_000);
  toasts.hold();
  toasts.show("b");
  vi.advanceTimersByTime(60_000);
  expect(texts(toasts)).toEqual(["a", "b"]);
  toasts.release();
  vi.advanceTimersByTime(5_900);
  expect(texts(toasts)).toEqual(["a", "b"]);
  vi.advanceTimersByTime(100);
  expect(texts(toasts)).toEqual([]);
});

test("when the last one is dismissed by hand, the next one is not held", () => {
  const toasts = new Toasts();
  toasts.show("a");
  toasts.hold();
  toasts.dismiss(toasts.list.value[0]?.id ?? 0);
  toasts.show("b");
  vi.advanceTimersByTime(6_000);
  expect(texts(toasts)).toEqual([]);
});
