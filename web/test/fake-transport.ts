// A server of a few lines behind the Transport interface: rooms in memory, messages in order, answers as told.
import type { ChatMessage, JoinReply, Reply, Requests, ServerEvents } from "../src/net/protocol";
import type { LinkState, Transport } from "../src/net/transport";

type Handler = (payload: never) => void;
type Answer = (payload: never) => unknown;

export function message(seq: number, fields: Partial<ChatMessage> = {}): ChatMessage {
  return {
    id: `m${seq}`,
    seq,
    room: "tea",
    username: "Bo",
    message: `text ${seq}`,
    timestamp: Date.UTC(2026, 4, 12, 10, 0, seq),
    ...fields,
  };
}

export function joinReply(fields: Partial<JoinReply> = {}): JoinReply & { ok: true } {
  const history = fields.history ?? [];
  return {
    ok: true,
    you: "Ada",
    room: "tea",
    members: ["Ada", "Bo"],
    count: 2,
    history,
    last_seq: history.at(-1)?.seq ?? 0,
    token: "secret",
    ...fields,
  };
}

export class FakeTransport implements Transport {
  online = false;
  /** Every request and every tell, in order. */
  readonly sent: { event: string; payload: Record<string, unknown> }[] = [];
  /** How requests are answered; by event. */
  readonly answers: Partial<Record<keyof Requests, Answer>> = {
    rooms: () => ({ ok: true, rooms: [] }),
    leave: () => ({ ok: true }),
    history: () => ({ ok: true, messages: [], more: false }),
  };
  private readonly handlers = new Map<string, Handler>();
  private link: (state: LinkState) => void = () => {};
  /** connect() reaches the server. */
  reachable = true;

  connect(): void {
    this.link("connecting");
    if (this.reachable) this.comeUp();
    else this.link("offline");
  }

  close(): void {
    this.online = false;
    this.link("idle");
  }

  comeUp(): void {
    this.online = true;
    this.link("online");
  }

  goDown(): void {
    this.online = false;
    this.link("offline");
  }

  async request<E extends keyof Requests>(event: E, payload: Requests[E][0]): Promise<Reply<Requests[E][1]>> {
    this.sent.push({ event, payload: payload as Record<string, unknown> });
    await Promise.resolve();
    if (!this.online) return { ok: false, error: { code: "disconnected", message: "gone" } };
    const answer = this.answers[event];
    if (!answer) throw new Error(`no answer for ${event}`);
    return (await answer(payload as never)) as Reply<Requests[E][1]>;
  }

  tell<E extends keyof Requests>(event: E, payload: Requests[E][0]): void {
    this.sent.push({ event, payload: payload as Record<string, unknown> });
  }

  on<E extends keyof ServerEvents>(event: E, handler: (payload: ServerEvents[E]) => void): void {
    this.handlers.set(event, handler as Handler);
  }

  onLink(handler: (state: LinkState) => void): void {
    this.link = handler;
  }

  /** The server sends an event. */
  push<E extends keyof ServerEvents>(event: E, payload: ServerEvents[E]): void {
    this.handlers.get(event)?.(payload as never);
  }

  payloads(event: keyof Requests): Record<string, unknown>[] {
    return this.sent.filter((each) => each.event === event).map((each) => each.payload);
  }
}

/** Lets every promise that can settle without a timer do so. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await Promise.resolve();
}
