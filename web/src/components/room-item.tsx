import { useApp } from "../app-context";
import type { Room } from "../state/room";
import { IconButton } from "./icon-button";

export function OpenRoomItem({ room, count }: { room: Room; count: number | undefined }) {
  const { chat, screen } = useApp();
  const unread = room.unread.value;
  const active = chat.activeName.value === room.name;
  const people = room.members.value.count || count || 0;
  return (
    <li class="room-item">
      <button
        type="button"
        class="room-button"
        data-testid="room-item"
        data-room={room.name}
        data-joined="true"
        aria-current={active ? "page" : undefined}
        onClick={() => {
          chat.activate(room.name);
          screen.close();
        }}
      >
        <span class="room-hash" aria-hidden="true">
          #
        </span>
        <span class="room-name" dir="auto">
          {room.name}
        </span>
        {unread > 0 ? (
          <span class="badge" data-testid="unread">
            {unread > 99 ? "99+" : unread}
            <span class="sr-only"> unread</span>
          </span>
        ) : (
          <span class="room-count">
            {people}
            <span class="sr-only"> {people === 1 ? "person" : "people"}</span>
          </span>
        )}
      </button>
      <IconButton
        icon="close"
        label={`Leave #${room.name}`}
        class="room-leave"
        testid="room-leave"
        onClick={() => void chat.leave(room)}
      />
    </li>
  );
}

export function OtherRoomItem({ name, count }: { name: string; count: number }) {
  const { chat, screen, toasts } = useApp();
  const join = async () => {
    const error = await chat.open(name);
    if (error) toasts.show(`#${name}: ${error.message}`);
    else screen.close();
  };
  return (
    <li class="room-item">
      <button
        type="button"
        class="room-button room-other"
        data-testid="room-item"
        data-room={name}
        data-joined="false"
        onClick={() => void join()}
      >
        <span class="sr-only">Join </span>
        <span class="room-hash" aria-hidden="true">
          #
        </span>
        <span class="room-name" dir="auto">
          {name}
        </span>
        <span class="room-count">
          {count}
          <span class="sr-only"> {count === 1 ? "person" : "people"}</span>
        </span>
      </button>
    </li>
  );
}
