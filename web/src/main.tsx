import { render } from "preact";
import { AppProvider, createApp } from "./app-context";
import { AppShell } from "./components/app-shell";
import { deviceStore, tabStore } from "./lib/storage";
import { fetchLimits } from "./net/config";
import { SocketTransport } from "./net/transport";
import { startPageEffects } from "./page-effects";
import { startPageHistory } from "./page-history";
import { roomFromHash } from "./state/route";
import "./styles/index.css";

const app = createApp({ transport: new SocketTransport(), tab: tabStore, device: deviceStore });
startPageEffects(app);
void fetchLimits().then((limits) => {
  app.limits.value = limits;
});
startPageHistory(app);
app.chat.resume(roomFromHash(location.hash));

const root = document.getElementById("root");
if (root) {
  render(
    <AppProvider value={app}>
      <AppShell />
    </AppProvider>,
    root,
  );
}
