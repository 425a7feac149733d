// Sends what is in the outboxes: one message at a time in each room, so that the order is the writer's.
import type { ChatMessage } from "../net/protocol";
import type { Transport } from "../net/transport";
import { delivered, failed, judge, nextPending, without } from "./outbox";
import type { Room } from "./room";

export interface SenderHooks {
  /** Stored: the message as the server holds it. */
  sent: (room: Room, message: ChatMessage) => void;
  /** The server says we are not in the room; joins again. */
  rejoin: (room: Room) => Promise<void>;
  /** The outbox changed: remember it. */
  changed: () => void;
}

export class Sender {
  private readonly running = new Set<Room>();
  private readonly stopped = new WeakSet<Room>();

  constructor(
    private readonly transport: Transport,
    private readonly hooks: SenderHooks,
    private readonly pause: (ms: number) => Promise<void> = (ms) =>
      new Promise((done) => setTimeout(done, ms)),
  ) {}

  /** Sends until the outbox is empty, the connection is lost or the room is not joined. Call it as often as you like. */
  async pump(room: Room): Promise<void> {
    if (this.running.has(room)) return;
    this.running.add(room);
    try {
      let tries = 0;
      let current = "";
      for (;;) {
        const item = nextPending(room.outbox.peek());
        const ready =
          this.transport.online && room.status.peek().kind === "joined" && !this.stopped.has(room);
        if (!item || !ready) return;
        tries = item.clientId === current ? tries + 1 : 1;
        current = item.clientId;
        const reply = await this.transport.request("message", {
          room: room.name,
          message: item.text,
          client_id: item.clientId,
          ...(item.attachments.length > 0
            ? { attachments: item.attachments.map(({ url }) => ({ url })) }
            : {}),
        });
        const verdict = judge(reply, tries);
        if (reply.ok) {
          this.hooks.sent(room, delivered(item, reply, room.you.peek()));
          room.outbox.value = without(room.outbox.peek(), item.clientId);
          this.hooks.changed();
        } else if (verdict.kind === "fail") {
          room.outbox.value = failed(room.outbox.peek(), item.clientId, verdict.error.message);
          this.hooks.changed();
        } else if (verdict.kind === "again") {
          // Being told to slow down is no failed try.
          if (reply.error.code === "rate_limited") tries--;
          await this.pause(verdict.ms);
        } else if (verdict.kind === "rejoin") {
          await this.hooks.rejoin(room);
        } else {
          return;
        }
      }
    } finally {
      this.running.delete(room);
    }
  }

  /** The room is closed: what is still waiting in it is not sent any more. */
  stop(room: Room): void {
    this.stopped.add(room);
  }
}
