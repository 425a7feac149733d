// Tells the room that we type: at most every few seconds while we do, and once when we stop.
import type { Transport } from "../net/transport";

const EVERY_MS = 3_000;
const IDLE_MS = 4_000;

export class TypingReporter {
  private room: string | undefined;
  private lastSent = 0;
  private idle: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly transport: Transport,
    private readonly now: () => number = Date.now,
  ) {}

  /** The text in `room`'s composer changed. */
  input(room: string, text: string): void {
    if (text.trim() === "") {
      this.stop();
      return;
    }
    if (this.room !== room) this.stop();
    if (this.room === undefined || this.now() - this.lastSent >= EVERY_MS) {
      this.room = room;
      this.lastSent = this.now();
      this.transport.tell("typing", { room, typing: true });
    }
    clearTimeout(this.idle);
    this.idle = setTimeout(() => this.stop(), IDLE_MS);
  }

  /** Sent, cleared, left, or nothing typed for a while. */
  stop(): void {
    clearTimeout(this.idle);
    if (this.room === undefined) return;
    this.transport.tell("typing", { room: this.room, typing: false });
    this.room = undefined;
    this.lastSent = 0;
  }
}
