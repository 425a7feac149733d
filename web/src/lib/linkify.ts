// Finds web addresses in plain text. The result is data; the component makes text nodes and anchors of it.

export type TextPart = { kind: "text"; text: string } | { kind: "link"; text: string; href: string };

// A scheme not glued to a word before it, then everything that is neither white space nor an angle or quote mark.
const candidate = /(?<![\p{L}\p{N}_])https?:\/\/[^\s<>"`]+/giu;
const trailing = /[.,:;!?'"…»›”’*_~]$/u;
const brackets = [
  ["(", ")"],
  ["[", "]"],
  ["{", "}"],
] as const;

/** "See (https://a.org/x_(y))." links exactly https://a.org/x_(y). One pass from the end: texts may be hostile. */
function trimAddress(raw: string): string {
  const surplus = new Map<string, number>();
  for (const [open, close] of brackets) surplus.set(close, count(raw, close) - count(raw, open));
  let end = raw.length;
  for (; end > 0; end--) {
    const last = raw.charAt(end - 1);
    const unmatched = surplus.get(last);
    if (unmatched === undefined ? !trailing.test(last) : unmatched <= 0) break;
    if (unmatched !== undefined) surplus.set(last, unmatched - 1);
  }
  return raw.slice(0, end);
}

function count(text: string, char: string): number {
  return text.split(char).length - 1;
}

/** The address to follow, or undefined when it is not a usable http(s) address. */
function parse(url: string): string | undefined {
  try {
    const parsed = new URL(url);
    const web = parsed.protocol === "http:" || parsed.protocol === "https:";
    return web && parsed.hostname !== "" ? parsed.href : undefined;
  } catch {
    return undefined;
  }
}

/** Splits `text` into text and links; joined together the parts' texts are `text` again. */
export function linkify(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let from = 0;
  for (const match of text.matchAll(candidate)) {
    const url = trimAddress(match[0]);
    const href = parse(url);
    if (href === undefined) continue;
    if (match.index > from) parts.push({ kind: "text", text: text.slice(from, match.index) });
    parts.push({ kind: "link", text: url, href });
    from = match.index + url.length;
  }
  if (from < text.length) parts.push({ kind: "text", text: text.slice(from) });
  return parts;
}
