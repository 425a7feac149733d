// Offers notifications, once there is a reason: somebody wrote while the page was out of sight.
import { useApp } from "../app-context";
import { Icon } from "./icons";

export function NotifyBar() {
  const { notifications, toasts } = useApp();
  if (!notifications.offer.value) return null;
  const enable = async () => {
    if (!(await notifications.enable())) toasts.show("The browser did not allow notifications.");
  };
  return (
    <section class="notify-bar" aria-label="Notifications" data-testid="notify-bar">
      <Icon name="bell" />
      <p>Somebody wrote while you were away. Be told next time?</p>
      <button type="button" class="button button-small" data-testid="notify-enable" onClick={enable}>
        Turn on
      </button>
      <button
        type="button"
        class="button button-small button-plain"
        data-testid="notify-dismiss"
        onClick={() => notifications.dismiss()}
      >
        No, thanks
      </button>
    </section>
  );
}
