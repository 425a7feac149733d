// Keeps a room's timeline whole: what was missed, what lies before, what arrives.
import type { ChatMessage, JoinReply } from "../net/protocol";
import type { Transport } from "../net/transport";
import type { Room } from "./room";
import { caughtUp, extended, hasGap, opened, received, trimmed } from "./timeline";

const PAGE = 200;
const OLDER_PAGE = 50;
const NEWEST = 50;
/** Away for longer than this many messages: begin anew at the newest; the rest is there by scrolling up. */
const FAR_BEHIND = 1_000;
/** A hole may fill itself (an ack may overtake a broadcast) before it is worth a question. */
const GAP_PATIENCE_MS = 500;
const RETRY_MS = 2_000;
const BUSY_MS = 100;
/** When the reader is at the end and this many are held, the oldest half goes. */
const KEEP_MOST = 800;
const KEEP = 400;

export class Sync {
  private readonly busy = new Set<Room>();
  private readonly timers = new Map<Room, ReturnType<typeof setTimeout>>();

  constructor(
    private readonly transport: Transport,
    /** Told of every message that is new to this page and did not come with the first join. */
    private readonly onNew: (room: Room, messages: readonly ChatMessage[], live: boolean) => void,
  ) {}

  /** Takes the answer to a join. `since` is what the join asked for; undefined on the first one. */
  async joined(room: Room, reply: JoinReply, since: number | undefined): Promise<void> {
    const history = Array.isArray(reply.history) ? reply.history : [];
    if (since === undefined) {
      room.timeline.value = opened(history, reply.last_seq);
    } else if (reply.last_seq < since) {
      // The server has less than we saw: it began anew. So do we.
      await this.restart(room);
    } else {
      this.add(room, history, reply.more === true ? 0 : reply.last_seq);
      if (reply.more === true) {
        if (reply.last_seq - room.timeline.peek().synced > FAR_BEHIND) await this.restart(room);
        else await this.catchUp(room);
      }
    }
  }

  live(room: Room, message: ChatMessage): void {
    const before = room.timeline.peek();
    const after = received(before, message);
    if (after === before) return;
    room.timeline.value = after;
    this.onNew(room, [message], true);
    if (hasGap(after)) this.fillSoon(room, GAP_PATIENCE_MS);
  }

  /** Our own message, by its ack. */
  own(room: Room, message: ChatMessage): void {
    room.timeline.value = received(room.timeline.peek(), message);
    if (hasGap(room.timeline.peek())) this.fillSoon(room, GAP_PATIENCE_MS);
  }

  /** Loads the page before the first message. False when it could not be had. */
  async older(room: Room): Promise<boolean> {
    const first = room.timeline.peek().messages[0];
    if (room.loadingOlder.peek() || !room.timeline.peek().hasOlder) return true;
    room.loadingOlder.value = true;
    const reply = await this.transport.request("history", {
      room: room.name,
      limit: OLDER_PAGE,
      ...(first ? { before: first.seq } : {}),
    });
    if (!reply.ok) {
      room.loadingOlder.value = false;
      return false;
    }
    room.timeline.value = extended(room.timeline.peek(), reply.messages, reply.more);
    // A moment later: what is added while the list says it is busy is not read out.
    setTimeout(() => {
      room.loadingOlder.value = false;
    }, BUSY_MS);
    return true;
  }

  /** Frees memory; to be called when the reader is at the end of the room. */
  trim(room: Room): void {
    if (room.timeline.peek().messages.length > KEEP_MOST) {
      room.timeline.value = trimmed(room.timeline.peek(), KEEP);
    }
  }

  forget(room: Room): void {
    clearTimeout(this.timers.get(room));
    this.timers.delete(room);
  }

  private fillSoon(room: Room, ms: number): void {
    clearTimeout(this.timers.get(room));
    this.timers.set(
      room,
      setTimeout(() => {
        this.timers.delete(room);
        if (hasGap(room.timeline.peek())) void this.catchUp(room);
      }, ms),
    );
  }

  /** Pages forward from what is synced until nothing is missing. One at a time for each room. */
  private async catchUp(room: Room): Promise<void> {
    if (this.busy.has(room)) return;
    this.busy.add(room);
    try {
      for (;;) {
        const after = room.timeline.peek().synced;
        const reply = await this.transport.request("history", { room: room.name, after, limit: PAGE });
        if (!reply.ok) {
          const { code, retry_after_ms } = reply.error;
          // Lost: the next join asks again, from the same place.
          if (code !== "disconnected" && code !== "not_joined")
            this.fillSoon(room, retry_after_ms ?? RETRY_MS);
          return;
        }
        this.add(room, reply.messages, 0);
        if (!reply.more || reply.messages.length === 0) return;
      }
    } finally {
      this.busy.delete(room);
    }
  }

  /** Begins anew at the newest messages. */
  private async restart(room: Room): Promise<void> {
    const reply = await this.transport.request("history", { room: room.name, limit: NEWEST });
    if (!reply.ok) {
      const { code, retry_after_ms } = reply.error;
      if (code === "disconnected" || code === "not_joined") return;
      await new Promise((done) => setTimeout(done, retry_after_ms ?? RETRY_MS));
      return this.restart(room);
    }
    room.timeline.value = opened(reply.messages, reply.messages.at(-1)?.seq ?? 0);
    this.onNew(room, reply.messages, false);
  }

  private add(room: Room, page: readonly ChatMessage[], upTo: number): void {
    const before = room.timeline.peek();
    const known = new Set(before.messages.map((message) => message.seq));
    room.timeline.value = caughtUp(before, page, upTo);
    const fresh = page.filter((message) => !known.has(message.seq));
    if (fresh.length > 0) this.onNew(room, fresh, false);
  }
}
