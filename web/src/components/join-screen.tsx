// The first page: who are you, and where to.
import { useEffect, useRef, useState } from "preact/hooks";
import { useApp } from "../app-context";
import { checkName, checkRoom, cleanRoom, fieldOf } from "../lib/names";
import type { WireError } from "../net/protocol";
import { roomFromHash } from "../state/route";
import { Mark } from "./icons";
import { ThemeToggle } from "./theme-toggle";

const FIRST_ROOM = "general";

export function JoinScreen() {
  const { chat, limits } = useApp();
  const last = chat.credentials.lastJoin();
  const [name, setName] = useState(last.username);
  const [room, setRoom] = useState(roomFromHash(location.hash) || last.room || FIRST_ROOM);
  const [error, setError] = useState<WireError | undefined>();
  const [busy, setBusy] = useState(false);
  const nameInput = useRef<HTMLInputElement>(null);
  const roomInput = useRef<HTMLInputElement>(null);

  useEffect(() => {
    nameInput.current?.focus();
    nameInput.current?.select();
    const follow = () => setRoom((current) => roomFromHash(location.hash) || current);
    window.addEventListener("hashchange", follow);
    return () => window.removeEventListener("hashchange", follow);
  }, []);

  const show = (problem: WireError) => {
    setError(problem);
    const field = fieldOf(problem) === "room" ? roomInput : nameInput;
    field.current?.focus();
    field.current?.select();
  };

  const submit = async (event: Event) => {
    event.preventDefault();
    if (busy) return;
    const problem = checkName(name, limits.value) ?? checkRoom(room, limits.value);
    if (problem) return show(problem);
    setBusy(true);
    setError(undefined);
    const refused = await chat.enter(name.trim(), cleanRoom(room));
    setBusy(false);
    if (refused) show(refused);
  };

  const place = error ? fieldOf(error) : undefined;
  /** What is being corrected is not wrong any more, and a name may be free in another room. */
  const corrected = (field: "name" | "room") => {
    if (place === field || error?.code === "name_taken") setError(undefined);
  };
  const message = error && (
    <p class="field-error" id="join-error" role="alert" data-testid="join-error" data-code={error.code}>
      {error.message || "That did not work."}
    </p>
  );

  return (
    <div class="welcome">
      <div class="welcome-corner">
        <ThemeToggle />
      </div>
      <main class="welcome-card">
        <Mark />
        <h1>ChatterLink</h1>
        <p class="welcome-line">Pick a name, pick a room, start talking.</p>
        <form onSubmit={submit} noValidate>
          <div class="field">
            <label for="join-name">Your name</label>
            <input
              id="join-name"
              ref={nameInput}
              data-testid="join-name"
              value={name}
              onInput={(event) => {
                setName(event.currentTarget.value);
                corrected("name");
              }}
              autocomplete="nickname"
              autocapitalize="words"
              spellcheck={false}
              dir="auto"
              placeholder="Ada"
              aria-invalid={place === "name"}
              aria-describedby={place === "name" ? "join-error" : undefined}
            />
            {place === "name" && message}
          </div>
          <div class="field">
            <label for="join-room">Room</label>
            <div class="input-prefixed">
              <span aria-hidden="true">#</span>
              <input
                id="join-room"
                ref={roomInput}
                data-testid="join-room"
                value={room}
                onInput={(event) => {
                  setRoom(event.currentTarget.value);
                  corrected("room");
                }}
                autocomplete="off"
                autocapitalize="none"
                spellcheck={false}
                dir="auto"
                placeholder={FIRST_ROOM}
                aria-invalid={place === "room"}
                aria-describedby={place === "room" ? "join-error" : undefined}
              />
            </div>
            {place === "room" && message}
          </div>
          {place === "form" && message}
          <button type="submit" class="button button-main" data-testid="join-submit" aria-busy={busy}>
            {busy ? "Joining…" : "Join the room"}
          </button>
        </form>
        <p class="welcome-foot">A room is created when its first person walks in.</p>
      </main>
    </div>
  );
}
