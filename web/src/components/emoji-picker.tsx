// The emoji picker. A chunk of its own, loaded with the emoji table when it is first opened.
import { useEffect, useRef, useState } from "preact/hooks";
import { useApp } from "../app-context";
import type { Emoji, EmojiTable } from "../lib/emoji";
import { hasKeyboard } from "../lib/focus";
import { asStrings } from "../lib/storage";
import { Icon } from "./icons";

const RECENT = 27;
const FOUND = 120;
const tabIcons: Record<string, string> = {
  Recent: "🕘",
  "Smileys & Emotion": "😀",
  "People & Body": "👋",
  "Animals & Nature": "🌿",
  "Food & Drink": "🍉",
  "Travel & Places": "🧭",
  Activities: "🎈",
  Objects: "💡",
  Symbols: "💚",
  Flags: "🏁",
};

interface Props {
  table: EmojiTable;
  /** `more`: the reader wants to pick further ones (Shift was held). */
  onPick: (emoji: string, more: boolean) => void;
  onClose: () => void;
  /** The focus went on to something that is no part of writing: it must not be taken back. */
  onLeave: () => void;
}

export default function EmojiPicker({ table, onPick, onClose, onLeave }: Props) {
  const { device } = useApp();
  const [query, setQuery] = useState("");
  const [recent] = useState(() =>
    asStrings(device.get("recent-emoji")).flatMap((char) => table.find(char) ?? []),
  );
  const [tab, setTab] = useState(recent.length > 0 ? "Recent" : (table.categories[0]?.name ?? ""));
  const root = useRef<HTMLElement>(null);
  const grid = useRef<HTMLDivElement>(null);
  const search = useRef<HTMLInputElement>(null);

  useEffect(() => {
    // On a phone the search would raise the keyboard over the emoji.
    if (hasKeyboard()) search.current?.focus();
    const outside = (event: PointerEvent) => {
      const target = event.target as Element;
      if (!root.current?.contains(target) && !target.closest("[data-testid=emoji-button]")) onClose();
    };
    const onEscape = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      onClose();
    };
    const onFocus = (event: FocusEvent) => {
      if (!root.current?.closest("form")?.contains(event.target as Node)) onLeave();
    };
    document.addEventListener("pointerdown", outside);
    document.addEventListener("focusin", onFocus);
    document.addEventListener("keydown", onEscape);
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("focusin", onFocus);
      document.removeEventListener("keydown", onEscape);
    };
  }, []);

  const shown: Emoji[] =
    query.trim() !== ""
      ? table.search(query, FOUND)
      : tab === "Recent"
        ? recent
        : (table.categories.find((category) => category.name === tab)?.emoji ?? []);

  const pick = (emoji: Emoji, more: boolean) => {
    const before = asStrings(device.get("recent-emoji")).filter((char) => char !== emoji.char);
    device.set("recent-emoji", [emoji.char, ...before].slice(0, RECENT));
    onPick(emoji.char, more);
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target === search.current) {
      const first = grid.current?.querySelector("button");
      if (event.key === "ArrowDown") {
        event.preventDefault();
        first?.focus();
      } else if (event.key === "Enter") {
        event.preventDefault();
        if (shown[0]) pick(shown[0], event.shiftKey);
      }
    } else if (grid.current?.contains(event.target as Node)) {
      if (moveInGrid(grid.current, event) === "above") search.current?.focus();
    }
  };

  const tabs = [
    ...(recent.length > 0 ? ["Recent"] : []),
    ...table.categories.map((category) => category.name),
  ];
  return (
    <section
      class="popover emoji"
      ref={root}
      aria-label="Emoji"
      data-testid="emoji-picker"
      onKeyDown={onKeyDown}
    >
      <div class="emoji-search">
        <Icon name="search" />
        <input
          ref={search}
          type="search"
          aria-label="Search emoji"
          placeholder="Search emoji"
          data-testid="emoji-search"
          value={query}
          onInput={(event) => setQuery(event.currentTarget.value)}
          autocomplete="off"
          spellcheck={false}
        />
      </div>
      <div class="emoji-tabs">
        {tabs.map((name) => (
          <button
            type="button"
            key={name}
            class="emoji-tab"
            title={name}
            aria-label={name}
            aria-pressed={query === "" && name === tab}
            data-testid="emoji-tab"
            onClick={() => {
              setQuery("");
              setTab(name);
              grid.current?.scrollTo({ top: 0 });
            }}
          >
            {tabIcons[name] ?? name.slice(0, 2)}
          </button>
        ))}
      </div>
      <div class="emoji-grid" ref={grid}>
        {shown.map((emoji, index) => (
          <button
            type="button"
            key={emoji.char}
            class="emoji-option"
            tabIndex={index === 0 ? 0 : -1}
            title={`:${emoji.names[0]}:`}
            aria-label={emoji.names[0]?.replaceAll("_", " ")}
            data-testid="emoji-option"
            data-emoji={emoji.char}
            onClick={(event) => pick(emoji, event.shiftKey)}
          >
            {emoji.char}
          </button>
        ))}
        <p class={shown.length === 0 ? "panel-note" : "sr-only"} role="status">
          {shown.length === 0 && `Nothing found for “${query}”.`}
        </p>
      </div>
    </section>
  );
}

/** Arrow keys in a grid whose width is up to the style sheet: rows are told by their position. */
function moveInGrid(grid: HTMLElement, event: KeyboardEvent): "above" | "inside" {
  const items = [...grid.querySelectorAll<HTMLElement>("button")];
  const at = items.indexOf(event.target as HTMLElement);
  const top = items[0]?.offsetTop;
  const columns = Math.max(1, items.filter((item) => item.offsetTop === top).length);
  const steps: Record<string, number> = {
    ArrowRight: 1,
    ArrowLeft: -1,
    ArrowDown: columns,
    ArrowUp: -columns,
    Home: -at,
    End: items.length - 1 - at,
  };
  const step = steps[event.key];
  if (at < 0 || step === undefined) return "inside";
  event.preventDefault();
  if (at + step < 0) return "above";
  items[Math.min(at + step, items.length - 1)]?.focus();
  return "inside";
}
