import { useApp } from "../app-context";
import { IconButton } from "./icon-button";

export function ThemeToggle() {
  const { theme } = useApp();
  const dark = theme.current.value === "dark";
  return (
    <IconButton
      icon={dark ? "sun" : "moon"}
      label={dark ? "Use light colours" : "Use dark colours"}
      testid="theme-toggle"
      onClick={() => theme.toggle()}
    />
  );
}
