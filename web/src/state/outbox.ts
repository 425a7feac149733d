// Messages on their way: kept until the server has acknowledged them, in the order they were written.
import type { Attachment, ChatMessage, MessageReply, Reply, WireError } from "../net/protocol";

export interface Outgoing {
  /** The same for every try, so that the server stores one copy. */
  readonly clientId: string;
  readonly room: string;
  readonly text: string;
  readonly attachments: readonly Attachment[];
  readonly createdAt: number;
  readonly state: "pending" | "failed";
  readonly error?: string;
}

export type Outbox = readonly Outgoing[];

export type Verdict =
  | { kind: "sent" }
  /** Try the same again after `ms`. */
  | { kind: "again"; ms: number }
  /** The connection is gone; coming back starts the sending again. */
  | { kind: "wait" }
  /** The server does not know us in that room: join, then the same again. */
  | { kind: "rejoin" }
  | { kind: "fail"; error: WireError };

/** Tries without an answer (or with the store down) before a message counts as failed. */
export const MAX_TRIES = 4;

/** What an answer means for the message. `tries` counts this one. */
export function judge(reply: Reply<MessageReply>, tries: number): Verdict {
  if (reply.ok) return { kind: "sent" };
  const { error } = reply;
  switch (error.code) {
    case "disconnected":
    case "shutting_down":
      return { kind: "wait" };
    case "rate_limited":
      return { kind: "again", ms: Math.min(Math.max(error.retry_after_ms ?? 1_000, 100), 30_000) };
    case "not_joined":
      return tries < MAX_TRIES ? { kind: "rejoin" } : { kind: "fail", error };
    case "timeout":
    case "store_unavailable":
      return tries < MAX_TRIES ? { kind: "again", ms: 500 * 2 ** tries } : { kind: "fail", error };
    default:
      return { kind: "fail", error };
  }
}

export function nextPending(outbox: Outbox): Outgoing | undefined {
  return outbox.find((item) => item.state === "pending");
}

export function without(outbox: Outbox, clientId: string): Outbox {
  const rest = outbox.filter((item) => item.clientId !== clientId);
  return rest.length === outbox.length ? outbox : rest;
}

export function failed(outbox: Outbox, clientId: string, error: string): Outbox {
  return outbox.map((item) => (item.clientId === clientId ? { ...item, state: "failed", error } : item));
}

/** Back in the queue, with the same client_id, at its old place. */
export function retried(outbox: Outbox, clientId: string): Outbox {
  return outbox.map((item) => {
    if (item.clientId !== clientId) return item;
    const { error: _, ...rest } = item;
    return { ...rest, state: "pending" };
  });
}

/** The message as the server now holds it. */
export function delivered(item: Outgoing, reply: MessageReply, you: string): ChatMessage {
  return {
    id: reply.id,
    seq: reply.seq,
    room: item.room,
    username: you,
    message: item.text,
    timestamp: reply.timestamp,
    client_id: item.clientId,
    attachments: [...item.attachments],
  };
}

/** Reads what an earlier page of this tab left behind; anything of another shape is dropped. */
export function revived(value: unknown): Outgoing[] {
  if (!Array.isArray(value)) return [];
  return value.filter(
    (item): item is Outgoing =>
      typeof item === "object" &&
      item !== null &&
      typeof item.clientId === "string" &&
      typeof item.room === "string" &&
      typeof item.text === "string" &&
      typeof item.createdAt === "number" &&
      Array.isArray(item.attachments) &&
      (item.state === "pending" || item.state === "failed"),
  );
}
