// How a name becomes a badge: initials and one of a dozen colours, the same for everybody and for ever.
import { firstGrapheme } from "./text";

/** Number of `.tone-N` classes in styles/avatar.css. */
export const TONES = 12;

/** One or two initials: "Ada Lovelace" → "AL", "ada" → "A", "日本" → "日". */
export function initials(name: string): string {
  const words = name
    .trim()
    .split(/[\s._-]+/u)
    .filter((word) => word !== "");
  const first = words[0] ?? name;
  const last = words.length > 1 ? words[words.length - 1] : undefined;
  return (firstGrapheme(first) + (last ? firstGrapheme(last) : "")).toLocaleUpperCase();
}

/** 0 … TONES-1 by FNV-1a over the code points, case folded. */
export function tone(name: string): number {
  let hash = 0x811c9dc5;
  for (const char of name.toLowerCase()) {
    hash ^= char.codePointAt(0) ?? 0;
    hash = Math.imul(hash, 0x01000193);
  }
  return ((hash ^ (hash >>> 15)) >>> 0) % TONES;
}
