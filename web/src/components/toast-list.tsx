import { useApp } from "../app-context";
import { passFocus } from "../lib/focus";
import { IconButton } from "./icon-button";

export function ToastList() {
  const { toasts } = useApp();
  const release = (box: HTMLElement) => {
    if (!box.matches(":hover, :focus-within")) toasts.release();
  };
  return (
    <div
      class="toasts"
      role="status"
      aria-live="polite"
      onPointerEnter={() => toasts.hold()}
      onPointerLeave={(event) => release(event.currentTarget)}
      onFocusIn={() => toasts.hold()}
      onFocusOut={(event) => release(event.currentTarget)}
    >
      {toasts.list.value.map((toast) => (
        <div class="toast" data-testid="toast" key={toast.id}>
          <p dir="auto">{toast.text}</p>
          <IconButton
            icon="close"
            label="Dismiss"
            onClick={(event) => {
              passFocus(event.currentTarget, ".toast");
              toasts.dismiss(toast.id);
            }}
          />
        </div>
      ))}
    </div>
  );
}
