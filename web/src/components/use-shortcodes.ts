// Completion of ":smi" in the composer.
import { useState } from "preact/hooks";
import { type Emoji, loadEmoji, loadedEmoji } from "../lib/emoji";
import { type Completion, completionAt } from "../lib/shortcodes";

const OFFERED = 7;

export interface Shortcodes {
  items: Emoji[];
  selected: number;
  at: Completion | undefined;
  /** The text or the caret changed. */
  look: (text: string, caret: number) => void;
  move: (by: number) => void;
  close: () => void;
}

export function useShortcodes(): Shortcodes {
  const [at, setAt] = useState<Completion | undefined>();
  const [items, setItems] = useState<Emoji[]>([]);
  const [selected, setSelected] = useState(0);

  const close = () => {
    setAt(undefined);
    setItems([]);
    setSelected(0);
  };
  return {
    items,
    selected,
    at,
    close,
    look(text, caret) {
      const found = completionAt(text, caret);
      if (!found) {
        if (at) close();
        return;
      }
      setAt(found);
      setSelected(0);
      const table = loadedEmoji();
      if (table) setItems(table.search(found.query, OFFERED));
      else
        loadEmoji().then(
          (late) => setItems(late.search(found.query, OFFERED)),
          () => close(),
        );
    },
    move: (by) => setSelected((index) => (index + by + items.length) % Math.max(1, items.length)),
  };
}
