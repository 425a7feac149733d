// @vitest-environment happy-dom
import { expect, test } from "vitest";
import { ownAddress } from "./address";

test("image addresses are taken from this server only", () => {
  expect(ownAddress("/uploads/a.png")).toBe("/uploads/a.png");
  expect(ownAddress(`${location.origin}/uploads/a.png`)).toBe("/uploads/a.png");
  for (const bad of [
    "javascript:alert(1)",
    "//evil.org/a.png",
    "https://evil.org/a.png",
    "data:image/png,x",
    "",
    null,
  ])
    expect(ownAddress(bad)).toBeUndefined();
});
