// The page once one is in: rooms, the conversation, people.
import { useEffect } from "preact/hooks";
import { useApp } from "../app-context";
import { focusComposer, hasKeyboard } from "../lib/focus";
import { JoinScreen } from "./join-screen";
import { Lightbox } from "./lightbox";
import { MembersPanel } from "./members-panel";
import { RoomView } from "./room-view";
import { RoomsPanel } from "./rooms-panel";
import { ToastList } from "./toast-list";

export function AppShell() {
  const { chat } = useApp();
  return (
    <>
      {chat.phase.value === "welcome" ? <JoinScreen /> : <ChatScreen />}
      <ToastList />
      <Lightbox />
    </>
  );
}

function ChatScreen() {
  const { chat, screen } = useApp();
  const room = chat.active.value;
  const drawer = screen.drawer.value;

  // A drawer takes the focus, and gives it back to what opened it. (The page below it is inert meanwhile.)
  useEffect(() => {
    if (drawer === "none") return;
    document.querySelector<HTMLElement>(`#${drawer}-panel button`)?.focus();
    return () => {
      if (screen.opener?.isConnected) screen.opener.focus();
      // The window has grown: the opener is gone, and so is the drawer's own button.
      else if (document.activeElement === document.body && hasKeyboard()) focusComposer();
    };
  }, [drawer]);

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape" && screen.drawer.peek() !== "none" && !event.defaultPrevented)
        screen.close();
      if (event.altKey && !screen.covered.peek() && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
        const rooms = chat.rooms.peek();
        const at = rooms.findIndex((each) => each.name === chat.activeName.peek());
        const next =
          rooms[(at + (event.key === "ArrowDown" ? 1 : -1) + rooms.length) % Math.max(1, rooms.length)];
        if (next) {
          event.preventDefault();
          chat.activate(next.name);
        }
      }
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [chat, screen]);

  return (
    <div class="desk" data-members={room !== undefined && !screen.medium.value && screen.membersOpen.value}>
      <RoomsPanel />
      <RoomView room={room} />
      {room && <MembersPanel room={room} key={room.name} />}
      {drawer !== "none" && (
        <button type="button" class="scrim" aria-label="Close" tabIndex={-1} onClick={() => screen.close()} />
      )}
    </div>
  );
}
