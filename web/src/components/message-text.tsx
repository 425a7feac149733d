// Plain text with links. Text nodes and anchors only: whatever was written shows as it was written.
import { linkify } from "../lib/linkify";
import { isJumbo } from "../lib/text";

export function MessageText({ text }: { text: string }) {
  return (
    <p class={isJumbo(text) ? "message-text jumbo" : "message-text"} dir="auto" data-testid="message-text">
      {linkify(text).map((part, index) =>
        part.kind === "text" ? (
          part.text
        ) : (
          <a key={index} href={part.href} target="_blank" rel="noopener noreferrer nofollow">
            {part.text}
          </a>
        ),
      )}
    </p>
  );
}
