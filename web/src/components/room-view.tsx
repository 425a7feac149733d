// The sheet in the middle: one room.
import { useState } from "preact/hooks";
import { useApp } from "../app-context";
import type { Room } from "../state/room";
import { Composer } from "./composer";
import { ConnectionBanner } from "./connection-banner";
import { NoRoom } from "./empty-room";
import { MessageList } from "./message-list";
import { NotifyBar } from "./notify-bar";
import { RoomGate } from "./room-gate";
import { RoomHeader } from "./room-header";
import { TypingLine } from "./typing-line";

export function RoomView({ room }: { room: Room | undefined }) {
  const { trays, limits, screen } = useApp();
  const [dragging, setDragging] = useState(0);
  const status = room?.status.value;
  const covered = screen.drawer.value !== "none";

  const carriesFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
  return (
    <main
      class="sheet"
      aria-label={room ? `Room ${room.name}` : "No room"}
      inert={covered}
      onDragEnter={(event) => carriesFiles(event) && setDragging((depth) => depth + 1)}
      onDragLeave={(event) => carriesFiles(event) && setDragging((depth) => Math.max(0, depth - 1))}
      onDragOver={(event) => {
        if (carriesFiles(event)) event.preventDefault();
      }}
      onDrop={(event) => {
        if (!carriesFiles(event)) return;
        event.preventDefault();
        setDragging(0);
        if (room) trays.add(room.tray, [...(event.dataTransfer?.files ?? [])], limits.peek());
      }}
    >
      <RoomHeader room={room} />
      <ConnectionBanner />
      <NotifyBar />
      {room ? (
        <>
          <MessageList room={room} key={`list:${room.name}`} />
          <TypingLine room={room} />
          {status?.kind === "refused" ? (
            <RoomGate room={room} error={status.error} key={`gate:${room.name}`} />
          ) : (
            <Composer room={room} key={`composer:${room.name}`} />
          )}
        </>
      ) : (
        <NoRoom />
      )}
      {dragging > 0 && room && (
        <div class="drop-hint" aria-hidden="true">
          <p>Drop to send to #{room.name}</p>
        </div>
      )}
    </main>
  );
}
