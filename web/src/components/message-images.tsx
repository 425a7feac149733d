import { useApp } from "../app-context";
import { ownAddress } from "../lib/address";
import { fitImage } from "../lib/image-size";
import type { Attachment } from "../net/protocol";

const BIGGEST = { width: 380, height: 320 };

export function MessageImages({ attachments }: { attachments: readonly Attachment[] }) {
  const { screen } = useApp();
  return (
    <div class="message-images">
      {attachments.map((image) => {
        const full = ownAddress(image.url);
        if (!full) return null;
        const box = fitImage(image.width, image.height, BIGGEST);
        return (
          <button
            type="button"
            class="message-image"
            key={image.url}
            aria-label={`Open the image ${image.name}`}
            onClick={() => {
              screen.lightbox.value = image;
            }}
          >
            <img
              data-testid="message-image"
              src={ownAddress(image.thumbnail) ?? full}
              width={box.width}
              height={box.height}
              // The box that was reserved, even where the picture has another shape (or none is known).
              style={{ aspectRatio: `${box.width} / ${box.height}` }}
              alt={image.name}
              decoding="async"
            />
          </button>
        );
      })}
    </div>
  );
}
