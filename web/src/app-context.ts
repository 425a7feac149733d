// Everything the components share, made once in main.tsx and handed down.
import { type Signal, signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { newId } from "./lib/ids";
import type { Store } from "./lib/storage";
import { defaultLimits, type Limits } from "./net/protocol";
import type { Transport } from "./net/transport";
import { startUpload } from "./net/upload";
import { Chat } from "./state/chat";
import { Notifications } from "./state/notifications";
import { mediaSignal, Screen } from "./state/screen";
import { ThemeChoice } from "./state/theme";
import { Toasts } from "./state/toasts";
import { TrayKeeper, type TrayTools } from "./state/tray";
import { TypingReporter } from "./state/typing";

export interface App {
  chat: Chat;
  screen: Screen;
  theme: ThemeChoice;
  notifications: Notifications;
  toasts: Toasts;
  trays: TrayKeeper;
  typing: TypingReporter;
  limits: Signal<Limits>;
  device: Store;
}

const browserTray: TrayTools = {
  start: startUpload,
  preview: (file) => URL.createObjectURL(file),
  release: (preview) => URL.revokeObjectURL(preview),
  newId,
};

export function createApp(deps: { transport: Transport; tab: Store; device: Store; tray?: TrayTools }): App {
  const { transport, tab, device } = deps;
  const chat = new Chat({ transport, tab, device });
  const toasts = new Toasts();
  const notifications = new Notifications({
    device,
    api: typeof Notification === "function" ? Notification : undefined,
    hidden: () => !chat.visible.peek(),
    open: (room) => {
      window.focus();
      chat.activate(room);
    },
  });
  chat.onMessage((room, message) => notifications.incoming(room.name, message));
  chat.onNotice((text) => toasts.show(text));
  return {
    chat,
    toasts,
    notifications,
    screen: new Screen(mediaSignal),
    theme: new ThemeChoice(device, window.matchMedia("(prefers-color-scheme: dark)")),
    trays: new TrayKeeper(deps.tray ?? browserTray),
    typing: new TypingReporter(transport),
    limits: signal(defaultLimits),
    device,
  };
}

const Context = createContext<App | undefined>(undefined);
export const AppProvider = Context.Provider;

export function useApp(): App {
  const app = useContext(Context);
  if (!app) throw new Error("useApp() outside of <AppProvider>");
  return app;
}
