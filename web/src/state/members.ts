// Who is in a room: a list as far as it is known, and a count that is always right.
import type { MembersReply, Presence } from "../net/protocol";

export interface Members {
  /** Sorted; in a large room not everybody. */
  readonly names: readonly string[];
  readonly count: number;
  /** The last name of the server's pages so far: the ones behind it are not known. None: begin with the first page. */
  readonly last?: string;
}

export const nobody: Members = { names: [], count: 0 };

const order = new Intl.Collator(undefined, { sensitivity: "base", numeric: true });

export function sortNames(names: Iterable<string>): string[] {
  return [...new Set(names)].sort((a, b) => order.compare(a, b) || (a < b ? -1 : 1));
}

/** `names` as the server orders them: all, or the first page. */
export function membersOf(names: readonly string[], count: number): Members {
  return withLast(sortNames(names), Math.max(count, 0), names.length < count ? names.at(-1) : undefined);
}

/** With the page behind `last`. */
export function withPage(members: Members, page: MembersReply): Members {
  const names = sortNames([...members.names, ...page.members]);
  return withLast(names, Math.max(page.count, 0), page.more ? page.members.at(-1) : undefined);
}

function withLast(names: readonly string[], count: number, last: string | undefined): Members {
  return last === undefined ? { names, count } : { names, count, last };
}

/** Applies a delta. `you` stays listed: a delta about an older connection of ours may come late. */
export function withPresence(members: Members, delta: Presence, you: string): Members {
  const names = new Set(members.names);
  for (const name of delta.left ?? []) if (name !== you) names.delete(name);
  for (const name of delta.joined ?? []) names.add(name);
  let sorted = sortNames(names);
  // A shortened `left` leaves ghosts; never list more people than there are.
  if (sorted.length > delta.count) {
    const others = sorted.filter((name) => name !== you);
    const room = Math.max(0, delta.count - (names.has(you) ? 1 : 0));
    sorted = sortNames([...others.slice(0, room), ...(names.has(you) ? [you] : [])]);
  }
  return withLast(sorted, delta.count, members.last);
}

/** "Ada is typing…", "Ada and Bo are typing…", "Ada, Bo and 3 others are typing…"; "" for nobody. */
export function typingLine(usernames: readonly string[], you: string): string {
  const others = usernames.filter((name) => name !== you);
  const [first, second] = others;
  if (first === undefined) return "";
  if (second === undefined) return `${first} is typing…`;
  if (others.length === 2) return `${first} and ${second} are typing…`;
  const rest = others.length - 2;
  return `${first}, ${second} and ${rest} ${rest === 1 ? "other" : "others"} are typing…`;
}
