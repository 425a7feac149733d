// Join a further room by its name. Where our name is taken there, another can be given for that room alone.
import { useRef, useState } from "preact/hooks";
import { useApp } from "../app-context";
import { checkName, checkRoom, cleanRoom, fieldOf } from "../lib/names";
import type { WireError } from "../net/protocol";
import { Icon } from "./icons";

export function NewRoom() {
  const { chat, limits, screen } = useApp();
  const [room, setRoom] = useState("");
  const [name, setName] = useState<string | undefined>();
  const [error, setError] = useState<WireError | undefined>();
  const [busy, setBusy] = useState(false);
  const nameInput = useRef<HTMLInputElement>(null);

  const submit = async (event: Event) => {
    event.preventDefault();
    if (busy) return;
    const as = name ?? chat.username.peek();
    const problem = checkRoom(room, limits.value) ?? checkName(as, limits.value);
    setError(problem);
    if (problem) return;
    setBusy(true);
    const refused = await chat.open(cleanRoom(room), as.trim());
    setBusy(false);
    setError(refused);
    if (!refused) {
      setRoom("");
      setName(undefined);
      screen.close();
    } else if (fieldOf(refused) === "name") {
      setName(as);
      requestAnimationFrame(() => {
        nameInput.current?.focus();
        nameInput.current?.select();
      });
    }
  };

  // The name's field is there only once a name was refused.
  const place = error && (name !== undefined && fieldOf(error) === "name" ? "name" : "room");

  return (
    <form class="new-room" onSubmit={submit} noValidate>
      <div class="new-room-row">
        <input
          data-testid="new-room-input"
          aria-label="Join or create a room"
          placeholder="Join or create a room"
          value={room}
          onInput={(event) => {
            setRoom(event.currentTarget.value);
            setError(undefined);
            setName(undefined);
          }}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          dir="auto"
          aria-invalid={place === "room"}
          aria-describedby={place === "room" ? "new-room-error" : undefined}
        />
        <button
          type="submit"
          class="icon-button"
          aria-label="Join this room"
          title="Join this room"
          data-testid="new-room-submit"
          disabled={busy}
        >
          <Icon name="plus" />
        </button>
      </div>
      {name !== undefined && (
        <input
          ref={nameInput}
          data-testid="new-room-name"
          aria-label="Your name in this room"
          value={name}
          onInput={(event) => {
            setName(event.currentTarget.value);
            if (place === "name") setError(undefined);
          }}
          autocomplete="off"
          spellcheck={false}
          dir="auto"
          aria-invalid={place === "name"}
          aria-describedby={place === "name" ? "new-room-error" : undefined}
        />
      )}
      {error && (
        <p class="field-error" id="new-room-error" role="alert" data-testid="new-room-error">
          {error.message}
        </p>
      )}
    </form>
  );
}
