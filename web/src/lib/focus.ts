/** Arrow keys, Home and End in a list of controls: moves the focus, tells whether it used the key. */
export function moveFocus(event: KeyboardEvent, list: HTMLElement, selector: string): boolean {
  const items = [...list.querySelectorAll<HTMLElement>(selector)];
  const at = items.indexOf(document.activeElement as HTMLElement);
  if (items.length === 0 || at < 0) return false;
  let next: number;
  if (event.key === "ArrowDown") next = (at + 1) % items.length;
  else if (event.key === "ArrowUp") next = (at - 1 + items.length) % items.length;
  else if (event.key === "Home") next = 0;
  else if (event.key === "End") next = items.length - 1;
  else return false;
  event.preventDefault();
  items[next]?.focus();
  return true;
}

/** True where a keyboard is at hand: there, focusing a field does not raise one on the screen. */
export function hasKeyboard(): boolean {
  return window.matchMedia("(pointer: fine)").matches;
}

/** Nothing happens where the open room has no field to write in. */
export function focusComposer(): void {
  document.querySelector<HTMLElement>(".composer textarea")?.focus();
}

/**
 * For a control that goes away with what it does, before it does so. The focus goes to the same control of the next
 * item (of those that `items` selects) or the one before; without any, to where one writes, or, where that would raise
 * a keyboard on the screen, to the conversation.
 */
export function passFocus(control: HTMLElement, items?: string): void {
  const all = items ? [...document.querySelectorAll<HTMLElement>(items)] : [];
  const own = all.findIndex((item) => item.contains(control));
  const place = buttonsFromEnd(all[own]).indexOf(control);
  const neighbour = buttonsFromEnd(all[own + 1] ?? all[own - 1])[place];
  const conversation = document.querySelector<HTMLElement>(".log");
  const field = hasKeyboard() ? document.querySelector<HTMLElement>(".composer textarea") : null;
  (neighbour ?? field ?? conversation)?.focus();
}

/** The last ones are the same in all items; before them may stand one that only some have. */
function buttonsFromEnd(item: HTMLElement | undefined): HTMLElement[] {
  return item ? [...item.querySelectorAll("button")].reverse() : [];
}
