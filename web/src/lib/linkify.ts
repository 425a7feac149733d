// Finds web addresses in plain text. The result is data; the component makes text nodes and anchors of it.

export type TextPart = { kind: "text"; text: string } | { kind: "link"; text: string; href: string };

// A scheme not glued to a word before it, then everything that is neither white space nor an angle or quote mark.
const candidate = /(?<![\p{L}\p{N}_])https?:\/\/[^\s<>"`]+/giu;
const trailing = /[.,:;!?'"…»›”’*_~]$/u;
const closers: Record<string, string> = { ")": "(", "]": "[", "}": "{" };

/** "See (https://a.org/x_(y))." links exactly https://a.org/x_(y). */
function trimAddress(raw: string): string {
  let url = raw;
  for (;;) {
    const last = url.at(-1) ?? "";
    const opener = closers[last];
    if (opener !== undefined) {
      if (count(url, last) <= count(url, opener)) return url;
    } else if (!trailing.test(url)) {
      return url;
    }
    url = url.slice(0, -1);
  }
}

function count(text: string, char: string): number {
  let found = 0;
  for (const c of text) if (c === char) found++;
  return found;
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
