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

  show(text: string): void {
    const id = this.next++;
    // The same sentence twice is one sentence.
    const others = this.list.peek().filter((toast) => toast.text !== text);
    this.list.value = [...others, { id, text }].slice(-MOST);
    setTimeout(() => this.dismiss(id), SHOWN_MS);
  }

  dismiss(id: number): void {
    this.list.value = this.list.peek().filter((toast) => toast.id !== id);
  }
}
