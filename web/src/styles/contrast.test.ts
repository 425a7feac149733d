// Reads the colours out of tokens.css and checks every pair that is text on a ground against WCAG 2.1 AA (4.5 : 1;
// 3 : 1 for what is no text). A colour that is changed to something unreadable fails here.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { TONES } from "../lib/avatar";

const css = readFileSync(new URL("./tokens.css", import.meta.url), "utf8");
const overlays = readFileSync(new URL("./overlays.css", import.meta.url), "utf8");
const avatars = readFileSync(new URL("./avatar.css", import.meta.url), "utf8");

function tokens(selector: string): Record<string, string> {
  const start = css.indexOf(`${selector} {`);
  const block = css.slice(start, css.indexOf("\n}", start));
  return Object.fromEntries([...block.matchAll(/--([\w-]+):\s*([^;]+);/g)].map((m) => [m[1], m[2]?.trim()]));
}
const light = tokens(":root");
const themes = { light, dark: { ...light, ...tokens(':root[data-theme="dark"]') } };

type Linear = [number, number, number];

function fromHex(hex: string): Linear {
  return [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as Linear;
}

/** A colour that may be translucent ("rgb(1 2 3 / 90%)"), over the lightest of all grounds. */
function onWhite(value: string): Linear {
  const parts = value
    .match(/^rgb\((\d+) (\d+) (\d+) \/ (\d+)%\)$/)
    ?.slice(1)
    .map(Number);
  if (!parts) return fromHex(value);
  const share = (parts.pop() ?? 0) / 100;
  const hex = parts.map((part) =>
    Math.round(part * share + 255 * (1 - share))
      .toString(16)
      .padStart(2, "0"),
  );
  return fromHex(`#${hex.join("")}`);
}

/** https://www.w3.org/TR/css-color-4/#color-conversion-code */
function fromOklch(l: number, c: number, hue: number): Linear {
  const a = c * Math.cos((hue * Math.PI) / 180);
  const b = c * Math.sin((hue * Math.PI) / 180);
  const [x, y, z] = [
    l + 0.3963377774 * a + 0.2158037573 * b,
    l - 0.1055613458 * a - 0.0638541728 * b,
    l - 0.0894841775 * a - 1.291485548 * b,
  ].map((root) => root ** 3) as Linear;
  return [
    4.0767416621 * x - 3.3077115913 * y + 0.2309699292 * z,
    -1.2684380046 * x + 2.6097574011 * y - 0.3413193965 * z,
    -0.0041960863 * x - 0.7034186147 * y + 1.707614701 * z,
  ].map((value) => Math.min(1, Math.max(0, value))) as Linear;
}

function contrast(one: Linear, other: Linear): number {
  const [high, low] = [one, other]
    .map(([r, g, b]) => 0.2126 * r + 0.7152 * g + 0.0722 * b)
    .sort((p, q) => q - p) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

const text: [ink: string, grounds: string[]][] = [
  ["ink", ["canvas", "sheet", "raised", "hover", "pressed", "field", "bubble", "bubble-own", "good-ground"]],
  ["muted", ["canvas", "sheet", "raised", "hover", "pressed", "field", "bubble"]],
  ["accent", ["sheet", "bubble", "bubble-own"]],
  ["on-accent", ["accent"]],
  ["on-alert", ["alert"]],
  ["alert", ["sheet"]],
  ["danger", ["sheet", "canvas", "danger-ground"]],
  ["ink", ["danger-ground"]],
  ["notice-ink", ["notice-ground"]],
  ["sheet", ["ink"]],
];

describe.each(Object.entries(themes))("%s", (_, theme) => {
  const colour = (name: string) => fromHex(theme[name] ?? "");

  test.each(text.flatMap(([ink, grounds]) => grounds.map((ground) => [ink, ground])))(
    "%s on %s can be read",
    (ink = "", ground = "") => {
      expect(contrast(colour(ink), colour(ground))).toBeGreaterThanOrEqual(4.5);
    },
  );

  test("the edges of fields and the focus ring can be seen", () => {
    expect(contrast(colour("edge"), colour("raised"))).toBeGreaterThanOrEqual(3);
    for (const ground of ["canvas", "sheet", "raised"]) {
      expect(contrast(colour("accent"), colour(ground))).toBeGreaterThanOrEqual(3);
    }
  });

  test.each([".toast", ".lightbox"])("the focus ring can be seen on the ground of %s", (selector) => {
    const start = overlays.indexOf(`\n${selector} {`);
    const block = overlays.slice(start, overlays.indexOf("}", start));
    const resolve = (value: string): string =>
      value.replace(/^var\(--([\w-]+)\)$/, (_, name: string) => resolve(theme[name] ?? ""));
    const declared = (property: string) => block.match(`\n  ${property}: ([^;]+);`)?.[1];
    const ring = resolve(declared("--ring") ?? "var(--ring)");
    const ground = onWhite(resolve(declared("background") ?? ""));
    expect(contrast(fromHex(ring), ground)).toBeGreaterThanOrEqual(3);
  });

  test("every name's colour can be read on its badge and on the sheet", () => {
    const hues = [...avatars.matchAll(/--hue:\s*(\d+)/g)].map((match) => Number(match[1]));
    expect(hues.length).toBe(TONES);
    const number = (name: string) => Number(theme[name]);
    for (const hue of hues) {
      const ink = fromOklch(number("tone-ink-l"), number("tone-ink-c"), hue);
      const ground = fromOklch(number("tone-ground-l"), number("tone-ground-c"), hue);
      expect(contrast(ink, ground), `badge, hue ${hue}`).toBeGreaterThanOrEqual(4.5);
      expect(contrast(ink, colour("sheet")), `sheet, hue ${hue}`).toBeGreaterThanOrEqual(4.5);
    }
  });
});
