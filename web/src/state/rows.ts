// From messages to what the list shows: day lines, the "New" line, and messages grouped by author.
import { dayNumber } from "../lib/time";
import type { Attachment, ChatMessage } from "../net/protocol";
import type { Outbox } from "./outbox";
import type { Timeline } from "./timeline";

export interface MessageRow {
  kind: "message";
  /** Stays the same while a message goes from pending to sent, so that its element does too. */
  key: string;
  seq: number | undefined;
  username: string;
  text: string;
  timestamp: number;
  attachments: readonly Attachment[];
  own: boolean;
  state: "sent" | "pending" | "failed";
  error: string | undefined;
  clientId: string | undefined;
  /** First and last of a run by one author: they carry the name and close the shape. */
  first: boolean;
  last: boolean;
}

export type Row =
  | MessageRow
  | { kind: "day"; key: string; timestamp: number }
  | { kind: "marker"; key: string };

/** Messages by one author within this time of the first form one group: each group shows when it began. */
const GROUP_MS = 5 * 60_000;

export function buildRows(
  timeline: Timeline,
  outbox: Outbox,
  you: string,
  marker: number | undefined,
): Row[] {
  const rows: Row[] = [];
  let previous: MessageRow | undefined;
  let head: MessageRow | undefined;
  let day: number | undefined;
  let marked = marker === undefined;

  const add = (row: MessageRow): void => {
    const itsDay = dayNumber(row.timestamp);
    let apart = previous === undefined;
    if (itsDay !== day) {
      day = itsDay;
      apart = true;
      rows.push({ kind: "day", key: `day:${itsDay}:${row.key}`, timestamp: row.timestamp });
    }
    if (!marked && marker !== undefined && row.seq !== undefined && row.seq >= marker) {
      marked = true;
      apart = true;
      rows.push({ kind: "marker", key: "marker" });
    }
    if (
      previous &&
      head &&
      !apart &&
      head.username === row.username &&
      Math.abs(row.timestamp - head.timestamp) < GROUP_MS
    ) {
      previous.last = false;
      row.first = false;
    } else {
      head = row;
    }
    rows.push(row);
    previous = row;
  };

  for (const message of timeline.messages) add(sentRow(message, you));
  const here = new Set(timeline.messages.filter((m) => m.username === you).map((m) => m.client_id));
  for (const item of outbox) {
    // Its broadcast may be here before its ack.
    if (here.has(item.clientId)) continue;
    add({
      kind: "message",
      key: keyOf(you, item.clientId),
      seq: undefined,
      username: you,
      text: item.text,
      timestamp: item.createdAt,
      attachments: item.attachments,
      own: true,
      state: item.state,
      error: item.error,
      clientId: item.clientId,
      first: true,
      last: true,
    });
  }
  return rows;
}

function sentRow(message: ChatMessage, you: string): MessageRow {
  return {
    kind: "message",
    key: message.client_id ? keyOf(message.username, message.client_id) : message.id,
    seq: message.seq,
    username: message.username,
    text: message.message,
    timestamp: message.timestamp,
    attachments: message.attachments ?? [],
    own: message.username === you,
    state: "sent",
    error: undefined,
    clientId: message.client_id,
    first: true,
    last: true,
  };
}

function keyOf(username: string, clientId: string): string {
  return `${clientId}:${username}`;
}
