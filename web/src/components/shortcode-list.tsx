import type { Emoji } from "../lib/emoji";

/** What ":smi" could become. The focus stays in the composer, which steers this list with the arrow keys. */
export function ShortcodeList(props: { items: Emoji[]; selected: number; onPick: (emoji: Emoji) => void }) {
  return (
    <div
      class="popover shortcodes"
      role="listbox"
      id="shortcodes"
      aria-label="Emoji"
      data-testid="shortcodes"
    >
      {props.items.map((emoji, index) => (
        // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the composer (aria-activedescendant)
        <div
          key={emoji.char}
          id={`shortcode-${index}`}
          class="shortcode"
          role="option"
          aria-selected={index === props.selected}
          data-testid="shortcode-option"
          // Before the composer loses the focus.
          onPointerDown={(event) => {
            event.preventDefault();
            props.onPick(emoji);
          }}
        >
          <span class="shortcode-char">{emoji.char}</span>
          <span>:{emoji.names[0]}:</span>
        </div>
      ))}
    </div>
  );
}
