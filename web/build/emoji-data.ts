// Turns the npm package gemoji into the small table the page needs, at build time.
//
// The page imports it as "virtual:emoji", which only the lazily loaded chunk does, so the first load carries none of it.
// One entry is [emoji, shortcodes, search words]; words that a shortcode already holds are left out.
import { gemoji } from "gemoji";
import type { Plugin } from "vite";

const MODULE = "virtual:emoji";
const RESOLVED = `\0${MODULE}`;

export type EmojiRow = [emoji: string, names: string, words: string];
export type EmojiCategory = { name: string; rows: EmojiRow[] };

/** The trimmed table, categories and emoji in Unicode's order. */
export function emojiTable(): EmojiCategory[] {
  const categories = new Map<string, EmojiRow[]>();
  for (const entry of gemoji) {
    const names = entry.names.join(" ");
    const known = new Set(entry.names.flatMap((name) => name.split("_")));
    const words = new Set(
      [entry.description.replace(/[^\p{L}\p{N} ]/gu, " "), ...entry.tags]
        .join(" ")
        .toLowerCase()
        .split(/\s+/)
        .filter((word) => word.length > 1 && !known.has(word)),
    );
    const rows = categories.get(entry.category) ?? [];
    rows.push([entry.emoji, names, [...words].join(" ")]);
    categories.set(entry.category, rows);
  }
  return [...categories].map(([name, rows]) => ({ name, rows }));
}

export function emojiData(): Plugin {
  return {
    name: "chatterlink-emoji-data",
    resolveId: (id) => (id === MODULE ? RESOLVED : undefined),
    load: (id) => (id === RESOLVED ? `export default ${JSON.stringify(emojiTable())};` : undefined),
  };
}
