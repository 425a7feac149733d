// An image at full size. A modal <dialog>: the browser keeps the focus inside and closes it on Esc.
import { useEffect, useRef } from "preact/hooks";
import { useApp } from "../app-context";
import { ownAddress } from "../lib/address";
import { formatBytes } from "../lib/text";
import type { Attachment } from "../net/protocol";
import { IconButton } from "./icon-button";
import { Icon } from "./icons";

export function Lightbox() {
  const { screen } = useApp();
  const image = screen.lightbox.value;
  return image ? <LightboxDialog image={image} key={image.url} /> : null;
}

function LightboxDialog({ image }: { image: Attachment }) {
  const { screen } = useApp();
  const dialog = useRef<HTMLDialogElement>(null);
  const address = ownAddress(image.url) ?? "";

  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);

  const close = () => {
    screen.lightbox.value = undefined;
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Esc closes it, and so does the button
    <dialog
      class="lightbox"
      ref={dialog}
      aria-label={`Image ${image.name}`}
      data-testid="lightbox"
      // On Esc the browser gives the focus back at once, but tells of the close only with the next frame.
      onCancel={close}
      onClose={close}
      onClick={(event) => {
        if (event.target === event.currentTarget || event.target === event.currentTarget.firstElementChild)
          close();
      }}
    >
      <div class="lightbox-stage">
        <img
          src={address}
          alt={image.name}
          width={image.width || undefined}
          height={image.height || undefined}
        />
      </div>
      <div class="lightbox-bar">
        <span class="lightbox-name" dir="auto">
          {image.name}
        </span>
        <span class="lightbox-facts">
          {image.width > 0 ? `${image.width} × ${image.height} · ` : ""}
          {formatBytes(image.size)}
        </span>
        <a class="icon-button" href={address} target="_blank" rel="noopener" title="Open in a new tab">
          <Icon name="open" />
          <span class="sr-only">Open in a new tab</span>
        </a>
        <IconButton icon="close" label="Close the image" testid="lightbox-close" onClick={close} />
      </div>
    </dialog>
  );
}
