import { useState } from "preact/hooks";
import { useApp } from "../app-context";
import type { RoomSummary } from "../net/protocol";
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
        <span class="room-name" dir="auto" title={room.name}>
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
        onClick={(event) => {
          focusBeside(event.currentTarget as HTMLElement);
          void chat.leave(room);
        }}
      />
    </li>
  );
}

/** This item is about to go: the focus passes to the next one, or to the list if there is none. */
function focusBeside(inside: HTMLElement): void {
  const item = inside.closest("li");
  const beside = item?.nextElementSibling ?? item?.previousElementSibling;
  const heir = beside?.querySelector(".room-button") ?? inside.closest(".panel-scroll");
  (heir as HTMLElement | null)?.focus();
}

export function OtherRooms({ rooms }: { rooms: readonly RoomSummary[] }) {
  const { chat, screen, toasts } = useApp();
  /** Asked for and not answered yet. */
  const [joining, setJoining] = useState<readonly string[]>([]);
  const join = async (name: string) => {
    if (joining.includes(name)) return;
    setJoining((names) => [...names, name]);
    const error = await chat.open(name);
    setJoining((names) => names.filter((each) => each !== name));
    if (error) toasts.show(`#${name}: ${error.message}`);
    else screen.close();
  };
  return (
    <>
      <ul aria-labelledby="other-rooms">
        {rooms.map(({ name, count }) => (
          <OtherRoomItem
            key={name}
            name={name}
            count={count}
            busy={joining.includes(name)}
            onJoin={() => void join(name)}
          />
        ))}
      </ul>
      <p class="sr-only" role="status">
        {joining.length > 0 && `Joining ${joining.map((name) => `#${name}`).join(", ")}…`}
      </p>
    </>
  );
}

interface OtherRoomProps {
  name: string;
  count: number;
  busy: boolean;
  onJoin: () => void;
}

function OtherRoomItem({ name, count, busy, onJoin }: OtherRoomProps) {
  return (
    <li class="room-item">
      <button
        type="button"
        class="room-button room-other"
        data-testid="room-item"
        data-room={name}
        data-joined="false"
        aria-busy={busy}
        onClick={onJoin}
      >
        <span class="sr-only">Join </span>
        <span class="room-hash" aria-hidden="true">
          #
        </span>
        <span class="room-name" dir="auto" title={name}>
          {name}
        </span>
        {busy ? (
          <span class="room-count">Joining…</span>
        ) : (
          <span class="room-count">
            {count}
            <span class="sr-only"> {count === 1 ? "person" : "people"}</span>
          </span>
        )}
      </button>
    </li>
  );
}
