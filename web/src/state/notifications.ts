// System notifications: shown only while the tab is hidden; permission is asked for only on a click.
import { computed, signal } from "@preact/signals";
import type { Store } from "../lib/storage";
import type { ChatMessage } from "../net/protocol";

export interface NotifyDeps {
  device: Store;
  /** undefined where the browser has none (or none on plain http). */
  api: typeof Notification | undefined;
  hidden: () => boolean;
  /** The reader clicked: bring the page and this room to the front. */
  open: (room: string) => void;
}

export class Notifications {
  private readonly permission;
  private readonly wanted;
  private readonly dismissed;
  private readonly missedOne = signal(false);

  /** The bar that offers them: only after somebody else wrote while the tab was hidden. */
  readonly offer;
  readonly enabled;
  readonly supported: boolean;
  readonly blocked;

  constructor(private readonly deps: NotifyDeps) {
    this.supported = deps.api !== undefined;
    this.permission = signal<NotificationPermission>(deps.api?.permission ?? "denied");
    this.wanted = signal(deps.device.get("notify") !== false);
    this.dismissed = signal(deps.device.get("notify-dismissed") === true);
    this.enabled = computed(() => this.permission.value === "granted" && this.wanted.value);
    this.blocked = computed(() => this.permission.value === "denied");
    this.offer = computed(
      () => this.permission.value === "default" && this.missedOne.value && !this.dismissed.value,
    );
  }

  /** Call it from a click. Resolves to whether notifications are on now. */
  async enable(): Promise<boolean> {
    if (!this.deps.api) return false;
    this.setWanted(true);
    if (this.permission.peek() === "default") this.permission.value = await this.deps.api.requestPermission();
    return this.enabled.peek();
  }

  disable(): void {
    this.setWanted(false);
  }

  dismiss(): void {
    this.dismissed.value = true;
    this.deps.device.set("notify-dismissed", true);
  }

  incoming(room: string, message: ChatMessage): void {
    if (!this.deps.hidden()) return;
    this.missedOne.value = true;
    if (!this.enabled.peek() || !this.deps.api) return;
    const images = message.attachments?.length ?? 0;
    try {
      const shown = new this.deps.api(`${message.username} in #${room}`, {
        body: (message.message || (images === 1 ? "sent an image" : `sent ${images} images`)).slice(0, 300),
        // One for each room: a busy room replaces its own and does not pile up.
        tag: `chatterlink:${room}`,
        icon: "/favicon.svg",
      });
      shown.onclick = () => {
        this.deps.open(room);
        shown.close();
      };
    } catch {
      // Some phones have the name but only let service workers use it.
    }
  }

  private setWanted(on: boolean): void {
    this.wanted.value = on;
    this.deps.device.set("notify", on);
  }
}
