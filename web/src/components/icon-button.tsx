import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./icons";

interface Props {
  icon: IconName;
  /** The accessible name, shown as a tooltip too. */
  label: string;
  onClick?: (event: MouseEvent & { currentTarget: HTMLElement }) => void;
  pressed?: boolean;
  expanded?: boolean;
  controls?: string;
  disabled?: boolean;
  class?: string;
  testid?: string;
  children?: ComponentChildren;
}

export function IconButton(props: Props) {
  return (
    <button
      type="button"
      class={`icon-button ${props.class ?? ""}`}
      title={props.label}
      aria-label={props.label}
      aria-pressed={props.pressed}
      aria-expanded={props.expanded}
      aria-controls={props.controls}
      disabled={props.disabled}
      data-testid={props.testid}
      onClick={props.onClick}
    >
      <Icon name={props.icon} />
      {props.children}
    </button>
  );
}
