// Short sentences at the edge of the page that go away by themselves.
import { signal } from "@preact/signals";

export interface Toast {
  id: number;
  text: string;
}

const SHOWN_MS = 6_000;
const MOST = 4;

export class Toasts {
  readonly list = signal<readonly Toast[]>([]);
  private next = 1;
  private held = false;
  private readonly timers = new Map<number, ReturnType<typeof setTimeout>>();

  show(text: string): void {
    const id = this.next++;
    // The same sentence twice is one sentence.
    const others = this.list.peek().filter((toast) => toast.text !== text);
    this.keep([...others, { id, text }].slice(-MOST));
    if (!this.held) this.start(id);
  }

  dismiss(id: number): void {
    this.keep(this.list.peek().filter((toast) => toast.id !== id));
  }

  /** Somebody is reading them or has the focus on one: none goes away. */
  hold(): void {
    this.held = true;
    for (const id of this.timers.keys()) this.stop(id);
  }

  /** They have their whole time again. */
  release(): void {
    this.held = false;
    for (const { id } of this.list.peek()) this.start(id);
  }

  private keep(list: readonly Toast[]): void {
    for (const { id } of this.list.peek()) if (!list.some((toast) => toast.id === id)) this.stop(id);
    this.list.value = list;
    // What is gone tells of no pointer that leaves it.
    if (list.length === 0) this.held = false;
  }

  private start(id: number): void {
    this.stop(id);
    this.timers.set(
      id,
      setTimeout(() => this.dismiss(id), SHOWN_MS),
    );
  }

  private stop(id: number): void {
    clearTimeout(this.timers.get(id));
    this.timers.delete(id);
  }
}
