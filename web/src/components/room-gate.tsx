// In place of the composer when the server would not let us back in: usually the name went to somebody else.
import { useState } from "preact/hooks";
import { useApp } from "../app-context";
import { checkName, fieldOf } from "../lib/names";
import type { WireError } from "../net/protocol";
import type { Room } from "../state/room";

export function RoomGate({ room, error }: { room: Room; error: WireError }) {
  const { chat, limits } = useApp();
  const [name, setName] = useState(room.you.peek());
  const [problem, setProblem] = useState<WireError>(error);
  const [busy, setBusy] = useState(false);
  const byName = fieldOf(error) === "name";

  const submit = async (event: Event) => {
    event.preventDefault();
    if (busy) return;
    const bad = checkName(name, limits.value);
    if (bad) return setProblem(bad);
    setBusy(true);
    const refused = await chat.reenter(room, name.trim());
    setBusy(false);
    if (refused) setProblem(refused);
  };

  return (
    <form class="gate" onSubmit={submit} noValidate data-testid="room-gate">
      <p class="field-error" role="alert" id="gate-error">
        {problem.message}
      </p>
      <div class="gate-row">
        {byName && (
          <input
            aria-label="Your name in this room"
            aria-describedby="gate-error"
            data-testid="gate-name"
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
            autocomplete="off"
            spellcheck={false}
            dir="auto"
          />
        )}
        <button type="submit" class="button button-main" aria-busy={busy}>
          Come back in
        </button>
        <button type="button" class="button button-plain" onClick={() => void chat.leave(room)}>
          Leave the room
        </button>
      </div>
    </form>
  );
}
