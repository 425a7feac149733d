// The box an image is shown in, known before it is loaded, so that nothing jumps when it arrives.

export interface Box {
  width: number;
  height: number;
}

const FALLBACK: Box = { width: 320, height: 240 };
const LEAST = 48;

/** Fits width × height into the bounds, never enlarged, never thinner than can be clicked. */
export function fitImage(width: number, height: number, most: Box): Box {
  if (!(width > 0 && height > 0)) return FALLBACK;
  const scale = Math.min(1, most.width / width, most.height / height);
  return {
    width: Math.max(LEAST, Math.round(width * scale)),
    height: Math.max(LEAST, Math.round(height * scale)),
  };
}
