import { useApp } from "../app-context";
import type { Room } from "../state/room";
import { IconButton } from "./icon-button";
import { Icon } from "./icons";
import { useCopyAddress } from "./use-copy-address";

export function RoomHeader({ room }: { room: Room | undefined }) {
  const { chat, screen } = useApp();
  const topic = chat.directory.value.find((each) => each.name === room?.name)?.topic;
  const count = room?.members.value.count ?? 0;
  const elsewhere = chat.unread.value - (room?.unread.value ?? 0);
  const copy = useCopyAddress(room?.name ?? "");
  return (
    <header class="room-header">
      {screen.narrow.value && (
        <IconButton
          icon="menu"
          label="Rooms"
          testid="open-rooms"
          expanded={screen.drawer.value === "rooms"}
          controls="rooms-panel"
          onClick={(event) => screen.open("rooms", event.currentTarget as HTMLElement)}
        >
          {elsewhere > 0 && (
            <span class="dot-badge">
              <span class="sr-only">{elsewhere} unread elsewhere</span>
            </span>
          )}
        </IconButton>
      )}
      <div class="room-heading">
        <h1 data-testid="room-title">
          {room && (
            <span class="room-hash" aria-hidden="true">
              #
            </span>
          )}
          <span class="room-name" dir="auto" title={room?.name}>
            {room?.name ?? "ChatterLink"}
          </span>
        </h1>
        {topic && (
          <p class="room-topic" dir="auto">
            {topic}
          </p>
        )}
      </div>
      {room && (
        <>
          <IconButton
            icon="link"
            label="Copy the room's address"
            testid="copy-link"
            onClick={() => void copy()}
          />
          <button
            type="button"
            class="icon-button people-button"
            data-testid="open-members"
            aria-expanded={screen.membersOpen.value}
            aria-controls="members-panel"
            title="People in this room"
            onClick={(event) => screen.toggleMembers(event.currentTarget)}
          >
            <Icon name="people" />
            <span data-testid="member-count" data-count={count}>
              {count}
            </span>
            <span class="sr-only">{count === 1 ? "person" : "people"} in this room</span>
          </button>
        </>
      )}
    </header>
  );
}
