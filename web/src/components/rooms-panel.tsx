// The left side: open rooms with what is unread, rooms one could go to, and oneself.
import { useEffect } from "preact/hooks";
import { useApp } from "../app-context";
import { focusComposer, moveFocus } from "../lib/focus";
import { IconButton } from "./icon-button";
import { Mark } from "./icons";
import { NewRoom } from "./new-room";
import { OpenRoomItem, OtherRooms } from "./room-item";
import { SelfBar } from "./self-bar";

const REFRESH_MS = 20_000;

export function RoomsPanel() {
  const { chat, screen } = useApp();
  const rooms = chat.rooms.value;
  const open = new Set(rooms.map((room) => room.name));
  const others = chat.directory.value.filter((room) => !open.has(room.name));
  const counts = new Map(chat.directory.value.map((room) => [room.name, room.count]));

  // A drawer of rooms covers the field, and there is none where we were not let back in.
  const status = chat.active.value?.status.value.kind;
  const canWrite = !screen.narrow.value && status !== undefined && status !== "refused";

  useEffect(() => {
    const timer = setInterval(() => {
      if (chat.visible.peek()) void chat.refreshDirectory();
    }, REFRESH_MS);
    return () => clearInterval(timer);
  }, [chat]);

  return (
    <nav
      class="panel rooms-panel"
      id="rooms-panel"
      aria-label="Rooms"
      data-open={screen.roomsOpen.value}
      inert={!screen.roomsOpen.value || screen.drawer.value === "members"}
    >
      {canWrite && (
        <button
          type="button"
          class="button button-main skip"
          data-testid="skip-to-composer"
          onClick={focusComposer}
        >
          Skip to the message field
        </button>
      )}
      <div class="panel-head">
        <Mark />
        <span class="wordmark">ChatterLink</span>
        {screen.narrow.value && (
          <IconButton
            icon="close"
            label="Close the rooms"
            testid="close-rooms"
            onClick={() => screen.close()}
          />
        )}
      </div>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: only moves the focus among the buttons inside */}
      <div
        class="panel-scroll"
        data-testid="room-list"
        tabIndex={-1}
        onKeyDown={(event) => moveFocus(event, event.currentTarget, ".room-button")}
      >
        <h2 class="panel-title" id="open-rooms">
          Your rooms
        </h2>
        {rooms.length === 0 && <p class="panel-note">You are in no room.</p>}
        <ul aria-labelledby="open-rooms">
          {rooms.map((room) => (
            <OpenRoomItem key={room.name} room={room} count={counts.get(room.name)} />
          ))}
        </ul>
        {others.length > 0 && (
          <>
            <h2 class="panel-title" id="other-rooms">
              More rooms
            </h2>
            <OtherRooms rooms={others} />
          </>
        )}
      </div>
      <NewRoom />
      <SelfBar />
    </nav>
  );
}
