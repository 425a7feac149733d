// Oneself, and the few things there are to set.
import { useApp } from "../app-context";
import { Avatar } from "./avatar";
import { IconButton } from "./icon-button";
import { ThemeToggle } from "./theme-toggle";

export function SelfBar() {
  const { chat, notifications, screen, toasts } = useApp();
  const name = chat.active.value?.you.value ?? chat.username.value;
  const on = notifications.enabled.value;
  const toggle = async () => {
    if (on) notifications.disable();
    else if (!notifications.supported) toasts.show("This browser has no notifications on this address.");
    else if (!(await notifications.enable()))
      toasts.show("The browser blocks notifications here; its site settings can change that.");
  };
  return (
    <div class="self-bar">
      <Avatar name={name} size="s" />
      <span class="self-name" dir="auto" title={name} data-testid="self-name">
        {name}
      </span>
      <IconButton
        icon={on ? "bell" : "bellOff"}
        label={on ? "Turn notifications off" : "Turn notifications on"}
        testid="notify-toggle"
        onClick={() => void toggle()}
      />
      <ThemeToggle />
      <IconButton
        icon="exit"
        label="Sign out"
        testid="sign-out"
        onClick={() => {
          screen.close();
          chat.signOut();
        }}
      />
    </div>
  );
}
