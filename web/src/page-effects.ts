// What the page does to the browser around it: title, address, visibility, midnight.
import { effect } from "@preact/signals";
import type { App } from "./app-context";
import { untilMidnight } from "./lib/time";
import { hashFromRoom, roomFromHash } from "./state/route";
import { pageTitle } from "./state/unread";

export function startPageEffects({ chat, screen, theme, toasts }: App): void {
  theme.apply(document.documentElement, document.querySelector<HTMLMetaElement>("meta[name=theme-color]"));

  effect(() => {
    const room = chat.phase.value === "chat" ? chat.active.value?.name : undefined;
    document.title = pageTitle(room, chat.unread.value);
  });

  const see = () => {
    chat.visible.value = !document.hidden;
  };
  see();
  document.addEventListener("visibilitychange", see);

  // The open room is in the address, so that it can be sent to somebody; Back leads to the room before.
  effect(() => {
    const name = chat.activeName.value;
    if (chat.phase.value !== "chat") return;
    const hash = hashFromRoom(name);
    if (hash !== location.hash && roomFromHash(location.hash) !== name) {
      history[location.hash === "" ? "replaceState" : "pushState"](null, "", hash || location.pathname);
    }
  });
  window.addEventListener("hashchange", () => {
    const name = roomFromHash(location.hash);
    if (chat.phase.peek() !== "chat" || name === "" || name === chat.activeName.peek()) return;
    void chat.open(name).then((error) => {
      if (error) toasts.show(`#${name}: ${error.message}`);
    });
  });

  const midnight = () => {
    screen.today.value = Date.now();
    setTimeout(midnight, untilMidnight(Date.now()));
  };
  midnight();

  // A picture dropped beside its place must not replace the page.
  for (const name of ["dragover", "drop"]) {
    window.addEventListener(name, (event) => event.preventDefault());
  }
}
