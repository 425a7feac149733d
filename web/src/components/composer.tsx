// Where one writes: text, emoji, images. What it holds belongs to the room, so it is there when one comes back.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useApp } from "../app-context";
import { pastedImages } from "../lib/clipboard";
import { type Emoji, loadEmoji, loadedEmoji } from "../lib/emoji";
import { hasKeyboard } from "../lib/focus";
import { hasShortcode, insertEmoji, replaceShortcodes } from "../lib/shortcodes";
import { utf8Length } from "../lib/text";
import type { Room } from "../state/room";
import { anyFailed, imageTypes, uploading } from "../state/tray";
import { AttachmentTray } from "./attachment-tray";
import { EmojiButton } from "./emoji-button";
import { IconButton } from "./icon-button";
import { ShortcodeList } from "./shortcode-list";
import { useShortcodes } from "./use-shortcodes";

/** composer.css does it where the browser can; elsewhere the height is set by hand. */
const sizesItself = globalThis.CSS?.supports?.("field-sizing", "content") ?? false;

export function Composer({ room }: { room: Room }) {
  const { chat, limits, trays, typing } = useApp();
  const field = useRef<HTMLTextAreaElement>(null);
  const files = useRef<HTMLInputElement>(null);
  const turn = useRef(Promise.resolve());
  const codes = useShortcodes();
  /** Enter was pressed. queued: an image is still on its way, it goes off when that is there. held: one has failed. */
  const [wish, setWish] = useState<"none" | "queued" | "held">("none");

  const text = room.draft.value;
  const tray = room.tray.value;
  const busy = uploading(tray);
  const failed = anyFailed(tray);
  const queued = wish === "queued";
  const bytes = utf8Length(text);
  const tooLong = bytes > limits.value.max_message;
  const something = text.trim() !== "" || tray.some((item) => item.state === "done");

  useEffect(() => {
    if (hasKeyboard()) field.current?.focus();
    return () => typing.stop();
  }, [typing]);

  useLayoutEffect(() => {
    const element = field.current;
    if (!element || sizesItself) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight}px`;
  }, [text]);

  const send = () => {
    const raw = room.draft.peek().trim();
    if (utf8Length(raw) > limits.peek().max_message) return;
    // What was written for its images is not sent without one of them.
    if (anyFailed(room.tray.peek())) return setWish("held");
    if (uploading(room.tray.peek())) return setWish("queued");
    setWish("none");
    const attachments = trays.take(room.tray);
    if (raw === "" && attachments.length === 0) return;
    room.draft.value = "";
    codes.close();
    typing.stop();
    // In turn: a message that waits for the emoji table is not overtaken by the next one.
    turn.current = turn.current.then(async () => chat.say(room, await withEmoji(raw), attachments));
  };

  useEffect(() => {
    if (queued && (failed || !busy)) send();
    if (wish === "held" && !failed) setWish("none");
  }, [wish, busy, failed]);

  const write = (value: string, caret: number) => {
    // At once: a caret set in the next frame would move what is typed until then.
    if (field.current) {
      field.current.value = value;
      field.current.setSelectionRange(caret, caret);
    }
    room.draft.value = value;
    typing.input(room.name, value);
    requestAnimationFrame(() => field.current?.focus()); // what was open over it has closed by then
  };

  const complete = (emoji: Emoji) => {
    if (!codes.at) return;
    const { text: next, caret } = insertEmoji(text, codes.at.start, codes.at.end, emoji.char);
    codes.close();
    write(next, caret);
  };

  const onKeyDown = (event: KeyboardEvent) => {
    // While an input method composes, Enter and the arrows are its own.
    if (event.isComposing || event.keyCode === 229) return;
    const chosen = codes.items[codes.selected];
    if (chosen && event.key === "ArrowDown") codes.move(1);
    else if (chosen && event.key === "ArrowUp") codes.move(-1);
    else if (chosen && (event.key === "Tab" || event.key === "Enter") && !event.shiftKey) complete(chosen);
    else if (chosen && event.key === "Escape") codes.close();
    else if (event.key === "Enter" && !event.shiftKey) send();
    else return;
    event.preventDefault();
  };

  const pasted = (event: ClipboardEvent) => {
    const images = event.clipboardData ? pastedImages(event.clipboardData) : [];
    if (images.length === 0) return;
    event.preventDefault();
    trays.add(room.tray, images, limits.peek());
  };

  return (
    <form
      class="composer"
      aria-label="Write a message"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <AttachmentTray room={room} />
      {codes.items.length > 0 && (
        <ShortcodeList items={codes.items} selected={codes.selected} onPick={complete} />
      )}
      <div class="composer-row">
        <input
          ref={files}
          hidden
          type="file"
          accept={imageTypes.join(",")}
          multiple
          aria-label="Choose images"
          data-testid="upload-input"
          onChange={(event) => {
            trays.add(room.tray, [...(event.currentTarget.files ?? [])], limits.peek());
            event.currentTarget.value = "";
            field.current?.focus();
          }}
        />
        <IconButton
          icon="image"
          label="Add an image"
          testid="upload-button"
          onClick={() => files.current?.click()}
        />
        <textarea
          ref={field}
          rows={1}
          dir="auto"
          value={text}
          placeholder={`Write to #${room.name}`}
          aria-label={`Message to ${room.name}`}
          aria-autocomplete="list"
          aria-controls={codes.items.length > 0 ? "shortcodes" : undefined}
          aria-activedescendant={codes.items.length > 0 ? `shortcode-${codes.selected}` : undefined}
          aria-invalid={tooLong}
          aria-describedby={tooLong ? "composer-note" : undefined}
          enterkeyhint="send"
          data-testid="composer-input"
          onInput={(event) => {
            const { value, selectionStart } = event.currentTarget;
            room.draft.value = value;
            typing.input(room.name, value);
            codes.look(value, selectionStart);
          }}
          onKeyDown={onKeyDown}
          onBlur={() => codes.close()}
          onPaste={pasted}
        />
        <EmojiButton
          onPick={(emoji) => {
            const element = field.current;
            const start = element?.selectionStart ?? text.length;
            const { text: next, caret } = insertEmoji(
              room.draft.peek(),
              start,
              element?.selectionEnd ?? start,
              emoji,
              false,
            );
            write(next, caret);
          }}
          onClose={() => field.current?.focus()}
        />
        <IconButton
          icon="send"
          label={queued ? "Sends when the image is there" : "Send"}
          class="send-button"
          testid="composer-send"
          disabled={tooLong || (!something && !busy)}
          onClick={() => {
            send();
            field.current?.focus(); // on a phone the keyboard stays up for the next message
          }}
        />
      </div>
      <p
        class={tooLong ? "composer-note field-error" : "composer-note"}
        id="composer-note"
        aria-live="polite"
      >
        {tooLong
          ? `Too long by ${(bytes - limits.value.max_message).toLocaleString()} bytes.`
          : queued
            ? "Sends when the image is there."
            : wish === "held"
              ? "Not sent: try the image that failed again, or remove it."
              : ""}
      </p>
    </form>
  );
}

async function withEmoji(text: string): Promise<string> {
  if (!hasShortcode(text)) return text;
  try {
    const table = loadedEmoji() ?? (await loadEmoji());
    return replaceShortcodes(text, table.lookup);
  } catch {
    // Offline before the table was loaded: the code is readable too.
    return text;
  }
}
