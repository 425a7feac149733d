// Which panels are open. On narrow screens rooms and members are drawers over the conversation.
import { computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Attachment } from "../net/protocol";

export type Drawer = "none" | "rooms" | "members";

export class Screen {
  /** No room beside the conversation for the rooms; for the members. */
  readonly narrow: ReadonlySignal<boolean>;
  readonly medium: ReadonlySignal<boolean>;
  readonly drawer: Signal<Drawer> = signal<Drawer>("none");
  /** What opened the drawer; gets the focus back. */
  opener: HTMLElement | undefined;
  /** On wide screens the members can be put away. */
  readonly membersShown = signal(true);
  readonly lightbox = signal<Attachment | undefined>(undefined);
  /** Now, to the minute that matters: changes at midnight, so that "Today" becomes "Yesterday". */
  readonly today = signal(Date.now());

  readonly roomsOpen = computed(() => !this.narrow.value || this.drawer.value === "rooms");
  readonly membersOpen = computed(() =>
    this.medium.value ? this.drawer.value === "members" : this.membersShown.value,
  );
  /** Something lies over the conversation, which is out of reach meanwhile. */
  readonly covered = computed(() => this.drawer.value !== "none" || this.lightbox.value !== undefined);

  constructor(media: (query: string) => ReadonlySignal<boolean>) {
    this.narrow = media("(max-width: 47.49em)");
    this.medium = media("(max-width: 68.74em)");
    // In a window that has grown a drawer is a panel beside the conversation.
    effect(() => {
      const drawer = this.drawer.value;
      if ((drawer === "rooms" && !this.narrow.value) || (drawer === "members" && !this.medium.value))
        this.close();
    });
  }

  open(drawer: Drawer, opener: HTMLElement): void {
    this.opener = opener;
    this.drawer.value = drawer;
  }

  toggleMembers(opener: HTMLElement): void {
    if (this.medium.peek()) this.open(this.drawer.peek() === "members" ? "none" : "members", opener);
    else this.membersShown.value = !this.membersShown.peek();
  }

  close(): void {
    this.drawer.value = "none";
  }

  uncover(): void {
    this.close();
    this.lightbox.value = undefined;
  }
}

export function mediaSignal(query: string): ReadonlySignal<boolean> {
  const list = window.matchMedia(query);
  const matches = signal(list.matches);
  list.addEventListener("change", () => {
    matches.value = list.matches;
  });
  return matches;
}
