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
