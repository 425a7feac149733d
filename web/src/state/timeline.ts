// What is known of a room's messages: an unbroken stretch, oldest first, and how far it is certain.
//
// Values are immutable; a function that changes nothing returns the very value it was given.
import type { ChatMessage } from "../net/protocol";

export interface Timeline {
  /** By seq, each once. */
  readonly messages: readonly ChatMessage[];
  /** Nothing is missing between the first message and this seq. What to ask for after a lost connection. */
  readonly synced: number;
  /** The server has messages before the first one here. */
  readonly hasOlder: boolean;
}

export const emptyTimeline: Timeline = { messages: [], synced: 0, hasOlder: false };

/** The newest stretch, as a first join brings it. */
export function opened(history: readonly ChatMessage[], lastSeq: number): Timeline {
  const messages = mergeSorted([], history);
  const first = messages[0];
  return { messages, synced: lastSeq, hasOlder: first ? first.seq > 1 : lastSeq > 0 };
}

/** A message that came by itself: a broadcast, or our own by its ack. May be ahead of what is synced. */
export function received(timeline: Timeline, message: ChatMessage): Timeline {
  const first = timeline.messages[0];
  // Before the stretch: an echo of what was trimmed away; taking it would tear a hole.
  if (first ? message.seq < first.seq : message.seq <= timeline.synced) return timeline;
  const messages = mergeSorted(timeline.messages, [message]);
  if (messages === timeline.messages) return timeline;
  return { ...timeline, messages, synced: advance(messages, timeline.synced) };
}

/** A page asked for with `after: synced` (or `since`). `upTo`: nothing is missing up to this seq now. */
export function caughtUp(timeline: Timeline, page: readonly ChatMessage[], upTo: number): Timeline {
  const messages = mergeSorted(timeline.messages, page);
  const last = page.at(-1)?.seq ?? 0;
  const synced = advance(messages, Math.max(timeline.synced, last, upTo));
  if (messages === timeline.messages && synced === timeline.synced) return timeline;
  return { ...timeline, messages, synced };
}

/** A page asked for with `before:` the first message. */
export function extended(timeline: Timeline, page: readonly ChatMessage[], more: boolean): Timeline {
  return { ...timeline, messages: mergeSorted(timeline.messages, page), hasOlder: more && page.length > 0 };
}

/** Forgets the oldest beyond `keep`, so that a page left open for a week does not grow without end. */
export function trimmed(timeline: Timeline, keep: number): Timeline {
  if (timeline.messages.length <= keep) return timeline;
  return { ...timeline, messages: timeline.messages.slice(-keep), hasOlder: true };
}

/** True when a message is here that is not joined to what is synced: something between is missing. */
export function hasGap(timeline: Timeline): boolean {
  return (timeline.messages.at(-1)?.seq ?? 0) > timeline.synced;
}

function advance(messages: readonly ChatMessage[], from: number): number {
  let synced = from;
  let index = firstAfter(messages, from);
  while (messages[index]?.seq === synced + 1) {
    synced++;
    index++;
  }
  return synced;
}

/** Index of the first message with seq > `seq`. */
function firstAfter(messages: readonly ChatMessage[], seq: number): number {
  let low = 0;
  let high = messages.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((messages[middle]?.seq ?? 0) > seq) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Each seq once. A message whose place is taken by the same id is the same; by another id, the newcomer is right
 *  (the server began anew). */
function mergeSorted(have: readonly ChatMessage[], incoming: readonly ChatMessage[]): readonly ChatMessage[] {
  if (incoming.length === 0) return have;
  const last = have.at(-1)?.seq ?? 0;
  const bySeq = new Map<number, ChatMessage>();
  let appendOnly = true;
  for (const message of incoming) {
    if (message.seq <= last) appendOnly = false;
    bySeq.set(message.seq, message);
  }
  const sorted = [...bySeq.values()].sort((a, b) => a.seq - b.seq);
  if (appendOnly) return [...have, ...sorted];

  let changed = false;
  const merged: ChatMessage[] = [];
  let next = 0;
  for (const message of have) {
    for (let candidate = sorted[next]; candidate && candidate.seq < message.seq; candidate = sorted[++next]) {
      merged.push(candidate);
      changed = true;
    }
    const rival = sorted[next];
    if (rival?.seq === message.seq) {
      next++;
      changed ||= rival.id !== message.id;
      merged.push(rival.id === message.id ? message : rival);
    } else {
      merged.push(message);
    }
  }
  if (next < sorted.length) changed = true;
  return changed ? merged.concat(sorted.slice(next)) : have;
}
