import { initials, tone } from "../lib/avatar";

/** The badge of a person. Decorative: the name stands beside it. */
export function Avatar({ name, size = "m" }: { name: string; size?: "s" | "m" }) {
  return (
    <span class={`avatar avatar-${size} tone-${tone(name)}`} aria-hidden="true">
      {initials(name)}
    </span>
  );
}
