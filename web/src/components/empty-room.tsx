import { useApp } from "../app-context";
import type { Room } from "../state/room";
import { Icon, Mark } from "./icons";
import { useCopyAddress } from "./use-copy-address";

export function EmptyRoom({ room }: { room: Room }) {
  const { chat } = useApp();
  const copy = useCopyAddress(room.name);
  const away = room.status.value.kind === "away";
  if (away) {
    return (
      <div class="empty" data-testid="loading-room">
        <span class="dots dots-big" aria-hidden="true" />
        <p>{chat.banner.value === "hidden" ? "Opening the room…" : "Waiting for the connection…"}</p>
      </div>
    );
  }
  const alone = room.members.value.count <= 1;
  return (
    <div class="empty" data-testid="empty-room">
      <Mark />
      <h2>It is quiet in here</h2>
      <p>
        {alone
          ? "You are the first one here. Send the room's address to somebody, or leave a line for whoever comes by."
          : "Nobody has said anything yet. Somebody has to start."}
      </p>
      {alone && (
        <button type="button" class="button" onClick={() => void copy()}>
          <Icon name="link" />
          Copy the address
        </button>
      )}
    </div>
  );
}

/** No room is open at all. */
export function NoRoom() {
  const { screen } = useApp();
  return (
    <div class="empty no-room" data-testid="no-room">
      <Mark />
      <h2>No room is open</h2>
      <p>Pick one from the list, or type a name to make a new one.</p>
      {screen.narrow.value && (
        <button
          type="button"
          class="button button-main"
          onClick={(event) => screen.open("rooms", event.currentTarget)}
        >
          Show the rooms
        </button>
      )}
    </div>
  );
}
