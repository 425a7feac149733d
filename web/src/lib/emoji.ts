// The emoji table: loaded once, when somebody first needs it.

export interface Emoji {
  char: string;
  /** Shortcodes without colons, the usual one first. */
  names: string[];
  words: string;
}

export interface EmojiTable {
  categories: { name: string; emoji: Emoji[] }[];
  /** By shortcode. */
  lookup: (name: string) => string | undefined;
  find: (char: string) => Emoji | undefined;
  /** Best first: exact shortcode, start of a shortcode, start of a part of it, start of a search word. */
  search: (query: string, limit: number) => Emoji[];
}

type Row = [emoji: string, names: string, words: string];

export function makeTable(raw: { name: string; rows: Row[] }[]): EmojiTable {
  const byName = new Map<string, Emoji>();
  const byChar = new Map<string, Emoji>();
  const categories = raw.map(({ name, rows }) => ({
    name,
    emoji: rows.map(([char, names, words]) => {
      const entry: Emoji = { char, names: names.split(" "), words };
      for (const each of entry.names) if (!byName.has(each)) byName.set(each, entry);
      byChar.set(char, entry);
      return entry;
    }),
  }));
  const all = categories.flatMap((category) => category.emoji);
  return {
    categories,
    lookup: (name) => byName.get(name)?.char,
    find: (char) => byChar.get(char),
    search: (query, limit) => search(all, query, limit),
  };
}

function search(all: Emoji[], query: string, limit: number): Emoji[] {
  const terms = query
    .toLowerCase()
    .replace(/^:|:$/g, "")
    .split(/[\s_]+/)
    .filter((term) => term !== "");
  if (terms.length === 0) return [];
  const whole = terms.join("_");
  const ranked: { entry: Emoji; rank: number }[] = [];
  for (const entry of all) {
    const rank = rankOf(entry, whole, terms);
    if (rank < 4) ranked.push({ entry, rank });
  }
  // sort() is stable: within a rank the table's order stays.
  ranked.sort((a, b) => a.rank - b.rank);
  return ranked.slice(0, limit).map(({ entry }) => entry);
}

function rankOf(entry: Emoji, whole: string, terms: string[]): number {
  if (entry.names.includes(whole)) return 0;
  if (entry.names.some((name) => name.startsWith(whole))) return 1;
  const parts = entry.names.flatMap((name) => name.split("_"));
  if (terms.every((term) => parts.some((part) => part.startsWith(term)))) return 2;
  const words = entry.words.split(" ").concat(parts);
  return terms.every((term) => words.some((word) => word.startsWith(term))) ? 3 : 4;
}

let table: Promise<EmojiTable> | undefined;
let loaded: EmojiTable | undefined;

/** The table; asks the server once and again after a failure. */
export function loadEmoji(): Promise<EmojiTable> {
  table ??= import("virtual:emoji")
    .then((module) => {
      loaded = makeTable(module.default);
      return loaded;
    })
    .catch((failure: unknown) => {
      table = undefined;
      throw failure;
    });
  return table;
}

/** The table if it is here already. */
export function loadedEmoji(): EmojiTable | undefined {
  return loaded;
}
