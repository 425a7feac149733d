// The way to the server. The state layer knows this interface only, so that it is tested without a network.
import { io, type Socket } from "socket.io-client";
import { sentence } from "../lib/text";
import type { Reply, Requests, ServerEvents } from "./protocol";

/** connecting: trying, no pause running. offline: lost, waiting for the next try. */
export type LinkState = "idle" | "connecting" | "online" | "offline";

export interface Transport {
  connect(): void;
  /** Ends the connection for good, until connect(). */
  close(): void;
  readonly online: boolean;
  /** Resolves always: a lost connection gives the code "disconnected", silence for `timeoutMs` gives "timeout". */
  request<E extends keyof Requests>(
    event: E,
    payload: Requests[E][0],
    timeoutMs?: number,
  ): Promise<Reply<Requests[E][1]>>;
  /** Fire and forget; thrown away when not connected. */
  tell<E extends keyof Requests>(event: E, payload: Requests[E][0]): void;
  on<E extends keyof ServerEvents>(event: E, handler: (payload: ServerEvents[E]) => void): void;
  onLink(handler: (state: LinkState) => void): void;
}

const ANSWER_MS = 10_000;
/** Pauses between tries grow from the first to the second, each ± half, so that a restarted server is not stormed. */
const RETRY_FIRST_MS = 600;
const RETRY_LAST_MS = 6_000;

const disconnected = {
  ok: false,
  error: { code: "disconnected", message: "There is no connection to the server." },
} as const;
const silent = { ok: false, error: { code: "timeout", message: "The server did not answer." } } as const;
const garbled = {
  ok: false,
  error: { code: "bad_reply", message: "The server's answer was unreadable." },
} as const;

export class SocketTransport implements Transport {
  private readonly socket: Socket;
  private readonly linkHandlers: ((state: LinkState) => void)[] = [];
  private wanted = false;
  private state: LinkState = "idle";
  private retry: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    this.socket = io({
      path: "/socket.io/",
      autoConnect: false,
      // WebSocket at once where it gets through (most places); long polling otherwise.
      transports: ["websocket", "polling"],
      tryAllTransports: true,
      reconnectionDelay: RETRY_FIRST_MS,
      reconnectionDelayMax: RETRY_LAST_MS,
      randomizationFactor: 0.5,
      timeout: 8_000,
    });
    this.socket.on("connect", () => this.announce("online"));
    this.socket.on("connect_error", () => {
      this.announce("offline");
      // A namespace refused by the server: the manager does not try again by itself.
      if (!this.socket.active) this.retryLater();
    });
    this.socket.on("disconnect", (reason) => {
      if (!this.wanted) return;
      this.announce("offline");
      if (reason === "io server disconnect") this.retryLater();
    });
    this.socket.io.on("reconnect_attempt", () => this.announce("connecting"));
    // The system says the network is back: no need to sit out the pause.
    window.addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.hurry();
    });
  }

  get online(): boolean {
    return this.socket.connected;
  }

  connect(): void {
    this.wanted = true;
    if (this.socket.connected) return;
    this.announce("connecting");
    this.socket.connect();
  }

  close(): void {
    this.wanted = false;
    clearTimeout(this.retry);
    this.socket.disconnect();
    this.announce("idle");
  }

  request<E extends keyof Requests>(
    event: E,
    payload: Requests[E][0],
    timeoutMs = ANSWER_MS,
  ): Promise<Reply<Requests[E][1]>> {
    // socket.io would keep the event until it is connected again; what is to be repeated is the state layer's business.
    if (!this.socket.connected) return Promise.resolve(disconnected);
    return new Promise((resolve) => {
      this.socket.timeout(timeoutMs).emit(event, payload, (failure: Error | null, reply: unknown) => {
        if (failure) resolve(this.socket.connected ? silent : disconnected);
        else resolve(isReply<Requests[E][1]>(reply) ? worded(reply) : garbled);
      });
    });
  }

  tell<E extends keyof Requests>(event: E, payload: Requests[E][0]): void {
    if (this.socket.connected) this.socket.volatile.emit(event, payload);
  }

  on<E extends keyof ServerEvents>(event: E, handler: (payload: ServerEvents[E]) => void): void {
    this.socket.on(event as string, (payload: unknown) => {
      if (typeof payload === "object" && payload !== null) handler(payload as ServerEvents[E]);
    });
  }

  onLink(handler: (state: LinkState) => void): void {
    this.linkHandlers.push(handler);
  }

  private announce(state: LinkState): void {
    this.state = state;
    for (const handler of this.linkHandlers) handler(state);
  }

  private retryLater(): void {
    clearTimeout(this.retry);
    this.retry = setTimeout(
      () => {
        if (this.wanted) this.connect();
      },
      RETRY_FIRST_MS * (0.5 + Math.random() * 2),
    );
  }

  private hurry(): void {
    if (!this.wanted || this.state !== "offline") return;
    this.socket.disconnect();
    this.connect();
  }
}

function worded<T>(reply: Reply<T>): Reply<T> {
  if (reply.ok) return reply;
  return { ok: false, error: { ...reply.error, message: sentence(reply.error.message ?? "") } };
}

function isReply<T>(value: unknown): value is Reply<T> {
  if (typeof value !== "object" || value === null || !("ok" in value)) return false;
  if (value.ok === true) return true;
  return "error" in value && typeof value.error === "object" && value.error !== null && "code" in value.error;
}
