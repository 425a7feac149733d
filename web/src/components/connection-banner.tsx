import { useApp } from "../app-context";
import type { Banner } from "../state/chat";

const texts: Record<Exclude<Banner, "hidden">, string> = {
  offline: "Connection lost. What you write is kept.",
  reconnecting: "Connection lost, trying again… What you write is kept and sent when it is back.",
  online: "Connected again.",
};

export function ConnectionBanner() {
  const state = useApp().chat.banner.value;
  return (
    <div class="banner-place" role="status">
      {state !== "hidden" && (
        <p class="banner" data-testid="connection-banner" data-state={state}>
          <span class="banner-dot" aria-hidden="true" />
          {texts[state]}
        </p>
      )}
    </div>
  );
}
