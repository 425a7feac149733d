import { typingLine } from "../state/members";
import type { Room } from "../state/room";

export function TypingLine({ room }: { room: Room }) {
  const line = typingLine(room.typing.value, room.you.value);
  return (
    <div class="typing" data-testid="typing" aria-live="off">
      {line !== "" && (
        <>
          <span class="dots" aria-hidden="true" />
          <span dir="auto">{line}</span>
        </>
      )}
    </div>
  );
}
