import { useApp } from "../app-context";
import { copyText } from "../lib/clipboard";
import { hashFromRoom } from "../state/route";

/** Copies the address that leads to a room; where the browser forbids it, shows it. */
export function useCopyAddress(room: string): () => Promise<void> {
  const { toasts } = useApp();
  return async () => {
    const address = location.origin + location.pathname + hashFromRoom(room);
    toasts.show((await copyText(address)) ? "The room's address is copied." : address);
  };
}
