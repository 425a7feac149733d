// What the page does to the browser around it: title, visibility, midnight. (The address: page-history.ts.)
import { effect } from "@preact/signals";
import type { App } from "./app-context";
import { untilMidnight } from "./lib/time";
import { pageTitle } from "./state/unread";

export function startPageEffects({ chat, screen, theme }: App): void {
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

  const midnight = () => {
    screen.today.value = Date.now();
    setTimeout(midnight, untilMidnight(Date.now()));
  };
  midnight();

  // A picture or a link dropped beside its place must not replace the page. Text in a field is the browser's business.
  for (const name of ["dragover", "drop"] as const) {
    window.addEventListener(name, (event) => {
      const field = event.target instanceof Element && event.target.matches("textarea, input");
      if (!field || event.dataTransfer?.types.includes("Files")) event.preventDefault();
    });
  }
}
