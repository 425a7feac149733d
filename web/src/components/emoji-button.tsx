// Opens the picker; loads it and its table the first time.
import type { ComponentType } from "preact";
import { useState } from "preact/hooks";
import { useApp } from "../app-context";
import { type EmojiTable, loadEmoji } from "../lib/emoji";
import { IconButton } from "./icon-button";

interface PickerProps {
  table: EmojiTable;
  onPick: (emoji: string, more: boolean) => void;
  onClose: () => void;
  onLeave: () => void;
}

export function EmojiButton({ onPick, onClose }: { onPick: (emoji: string) => void; onClose: () => void }) {
  const { toasts } = useApp();
  const [parts, setParts] = useState<{ Picker: ComponentType<PickerProps>; table: EmojiTable } | undefined>();
  const [open, setOpen] = useState(false);

  const toggle = async () => {
    if (open) return setOpen(false);
    try {
      if (!parts) {
        const [picker, table] = await Promise.all([import("./emoji-picker"), loadEmoji()]);
        setParts({ Picker: picker.default, table });
      }
      setOpen(true);
    } catch {
      toasts.show("The emoji could not be loaded. Check the connection.");
    }
  };
  const close = () => {
    setOpen(false);
    onClose();
  };

  return (
    <div class="emoji-place">
      <IconButton
        icon="smile"
        label="Emoji"
        testid="emoji-button"
        expanded={open}
        onClick={() => void toggle()}
      />
      {open && parts && (
        <parts.Picker
          table={parts.table}
          onClose={close}
          onLeave={() => setOpen(false)}
          onPick={(emoji, more) => {
            onPick(emoji);
            if (!more) setOpen(false);
          }}
        />
      )}
    </div>
  );
}
