// Measures of text as the server takes them.

const encoder = new TextEncoder();

/** Bytes of `text` as UTF-8. */
export function utf8Length(text: string): number {
  return encoder.encode(text).length;
}

/** Code points: what "characters" means in the limits on names. */
export function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** 1536 → "1.5 KB". */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ["KB", "MB", "GB"];
  let value = bytes;
  let unit = "B";
  for (const next of units) {
    if (value < 1000) break;
    value /= 1024;
    unit = next;
  }
  return `${value < 10 && !Number.isInteger(value) ? value.toFixed(1) : Math.round(value)} ${unit}`;
}

/** What the server says of an error, as a sentence: "not that one" → "Not that one." */
export function sentence(words: string): string {
  if (words === "") return "";
  return words.charAt(0).toUpperCase() + words.slice(1) + (/[.!?…]$/.test(words) ? "" : ".");
}

const graphemes =
  typeof Intl.Segmenter === "function"
    ? new Intl.Segmenter(undefined, { granularity: "grapheme" })
    : undefined;

/** The first character as a reader sees it, so that an emoji or an accented letter is not torn. */
export function firstGrapheme(text: string): string {
  if (graphemes) {
    for (const { segment } of graphemes.segment(text)) return segment;
    return "";
  }
  return [...text][0] ?? "";
}

const pictograph = String.raw`\p{Extended_Pictographic}(?:\uFE0F|\p{Emoji_Modifier})?`;
const emojiRun = new RegExp(
  `(?:${pictograph}(?:\\u200D${pictograph})*|\\p{Regional_Indicator}{2}|[#*0-9]\\uFE0F?\\u20E3)`,
  "gu",
);

/** True for one to three emoji and nothing else: such a message is shown large. */
export function isJumbo(text: string): boolean {
  if (text.length === 0 || text.length > 60) return false;
  let count = 0;
  const rest = text.replace(emojiRun, () => {
    count++;
    return "";
  });
  return count > 0 && count <= 3 && rest.trim() === "";
}
