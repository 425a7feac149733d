// Light or dark: the system's choice until the reader makes another, which is remembered.
import { computed, effect, signal } from "@preact/signals";
import { asString, type Store } from "../lib/storage";

export type Theme = "light" | "dark";

export class ThemeChoice {
  private readonly chosen = signal<Theme | undefined>(undefined);
  private readonly system = signal<Theme>("light");
  readonly current = computed<Theme>(() => this.chosen.value ?? this.system.value);

  constructor(
    private readonly device: Store,
    query: Pick<MediaQueryList, "matches" | "addEventListener">,
  ) {
    const stored = asString(device.get("theme"));
    if (stored === "light" || stored === "dark") this.chosen.value = stored;
    this.system.value = query.matches ? "dark" : "light";
    query.addEventListener("change", () => {
      this.system.value = query.matches ? "dark" : "light";
    });
  }

  toggle(): void {
    const next: Theme = this.current.peek() === "dark" ? "light" : "dark";
    // Back at the system's choice means following the system again.
    this.chosen.value = next === this.system.peek() ? undefined : next;
    if (this.chosen.peek() === undefined) this.device.remove("theme");
    else this.device.set("theme", next);
  }

  /** Keeps <html data-theme> and the browser's own colours in step. */
  apply(root: HTMLElement, meta: HTMLMetaElement | null): void {
    effect(() => {
      root.dataset.theme = this.current.value;
      if (meta) meta.content = this.current.value === "dark" ? "#0f1614" : "#e9efeb";
    });
  }
}
