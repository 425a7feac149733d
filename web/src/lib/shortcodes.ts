// ":smile:" in text: replaced when a message is sent, offered for completion while it is typed.

export type Lookup = (name: string) => string | undefined;

const shortcode = /:([a-z0-9_+-]{1,40}):/giu;
const address = /https?:\/\/\S+/giu;
/** What may not stand right before a shortcode: "10:30:45" and "a::b::c" stay as they are. */
const glue = /[\p{L}\p{N}_:/]$/u;

/** True when `text` holds something that looks like a shortcode; then the emoji table is worth loading. */
export function hasShortcode(text: string): boolean {
  return text.search(shortcode) >= 0;
}

/** Replaces known shortcodes; unknown ones and those within web addresses stay. */
export function replaceShortcodes(text: string, lookup: Lookup): string {
  let out = "";
  let from = 0;
  for (const match of text.matchAll(address)) {
    out += replaceIn(text.slice(from, match.index), lookup) + match[0];
    from = match.index + match[0].length;
  }
  return out + replaceIn(text.slice(from), lookup);
}

function replaceIn(text: string, lookup: Lookup): string {
  let replacedUpTo = 0;
  return text.replace(shortcode, (whole: string, name: string, at: number) => {
    // One right behind another (":smile::tada:") is fine.
    if (at > replacedUpTo && glue.test(text.slice(Math.max(0, at - 2), at))) return whole;
    const emoji = lookup(name.toLowerCase());
    if (emoji === undefined) return whole;
    replacedUpTo = at + whole.length;
    return emoji;
  });
}

export interface Completion {
  /** What was typed after the colon, lower case, at least two characters. */
  query: string;
  /** Where the colon is, and the caret. */
  start: number;
  end: number;
}

const beingTyped = /(?:^|[\s([{"'])(:([a-z0-9_+-]{2,40}))$/iu;

/** The shortcode that is being typed at `caret`, if any. */
export function completionAt(text: string, caret: number): Completion | undefined {
  const match = beingTyped.exec(text.slice(Math.max(0, caret - 64), caret));
  if (!match?.[1] || !match[2]) return undefined;
  return { query: match[2].toLowerCase(), start: caret - match[1].length, end: caret };
}

/** `text` with `emoji` in place of [start, end), a space after it, and where the caret goes. */
export function insertEmoji(
  text: string,
  start: number,
  end: number,
  emoji: string,
  space = true,
): { text: string; caret: number } {
  const after = text.slice(end);
  const piece = emoji + (space && !/^\s/.test(after) ? " " : "");
  return { text: text.slice(0, start) + piece + after, caret: start + piece.length };
}
