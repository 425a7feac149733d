// The open room in the address, so that it can be sent to somebody, and what Back does: it closes what lies over the
// conversation, else it leads to the room before.
import { batch, effect } from "@preact/signals";
import type { App } from "./app-context";
import { hashFromRoom, roomFromHash } from "./state/route";

/** An entry of the browser's history. One without a state was made by the reader, who followed or typed an address. */
interface Entry {
  room: string;
  /** Something lies over the room. */
  over?: boolean;
}

export function startPageHistory({ chat, screen, toasts }: App): void {
  const here = () => history.state as Entry | null;
  /** Answers to addresses that are still awaited. */
  let asked = 0;
  /** An entry is being given up: history.back() takes its time, and nothing may be written before. */
  let leaving = false;

  const back = () => {
    leaving = true;
    history.back();
  };
  const write = (how: "pushState" | "replaceState", entry: Entry) =>
    history[how](entry, "", hashFromRoom(entry.room) || location.pathname);

  /** Brings the history in line with what is shown. */
  const settle = () => {
    const room = chat.activeName.value;
    const covered = screen.covered.value;
    if (chat.phase.value !== "chat" || asked > 0 || leaving) return;
    const entry = here();
    if (entry?.room !== room) {
      // What leads to no open room is not kept: an address that became this room, a room that was left.
      const kept = entry && !entry.over && chat.find(entry.room);
      write(kept ? "pushState" : "replaceState", { room });
    } else if (entry.over && !covered) return back();
    if (covered && !here()?.over) write("pushState", { room, over: true });
  };

  const follow = async (name: string) => {
    asked++;
    screen.uncover();
    const error = name === "" ? undefined : await chat.open(name);
    asked--;
    if (error) toasts.show(`#${name}: ${error.message}`);
    if (error && here() === null) back();
    else settle();
  };

  const arrive = () => {
    const entry = here();
    if (leaving) leaving = false;
    else if (chat.phase.peek() !== "chat") mark();
    else if (entry === null) return void follow(roomFromHash(location.hash));
    else
      batch(() => {
        if (!entry.over) screen.uncover();
        if (chat.find(entry.room)) chat.activate(entry.room);
      });
    settle();
  };
  const mark = () => history.replaceState({ room: roomFromHash(location.hash) } satisfies Entry, "");

  mark();
  effect(settle);
  window.addEventListener("popstate", arrive);
}
