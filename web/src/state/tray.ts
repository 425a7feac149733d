// Images chosen for the next message: uploaded at once, sent with it.
import type { Signal } from "@preact/signals";
import { formatBytes } from "../lib/text";
import type { Attachment, Limits } from "../net/protocol";
import type { UploadHandle, UploadResult } from "../net/upload";

export interface Pending {
  readonly id: string;
  readonly name: string;
  /** blob: address of the local file, for the preview. */
  readonly preview: string;
  /** 0 … 1 */
  readonly progress: number;
  readonly state: "uploading" | "done" | "failed";
  readonly error?: string | undefined;
  /** Failed by chance: the same file may go through at the next try. */
  readonly again?: File | undefined;
  readonly attachment?: Attachment;
}

export type Tray = Signal<readonly Pending[]>;

export const imageTypes = ["image/png", "image/jpeg", "image/gif", "image/webp"];
/** Images in one message; the server takes no more (chat/limits.hpp). */
export const MAX_IMAGES = 10;

/** Why a file cannot go, or undefined when it may be tried. The server has the last word. */
export function refusal(
  file: { type: string; size: number },
  limits: Limits,
  already: number,
): string | undefined {
  if (already >= MAX_IMAGES) return `A message holds at most ${MAX_IMAGES} images.`;
  if (!imageTypes.includes(file.type)) return "Only PNG, JPEG, GIF and WebP images can be sent.";
  if (file.size > limits.max_upload) {
    return `${formatBytes(file.size)} is too large; the limit is ${formatBytes(limits.max_upload)}.`;
  }
  if (file.size === 0) return "This file is empty.";
  return undefined;
}

/** What the server says of the file itself; another try would end the same. */
const lasting = ["upload_too_large", "upload_unsupported", "upload_invalid"];

export interface TrayTools {
  start: (file: File, onProgress: (fraction: number) => void) => UploadHandle;
  preview: (file: File) => string;
  release: (preview: string) => void;
  newId: () => string;
}

export class TrayKeeper {
  private readonly running = new Map<string, UploadHandle>();

  constructor(private readonly tools: TrayTools) {}

  add(tray: Tray, files: readonly File[], limits: Limits): void {
    for (const file of files) {
      const id = this.tools.newId();
      const error = refusal(file, limits, good(tray));
      const preview = error === undefined ? this.tools.preview(file) : "";
      const base = { id, name: file.name || "image", preview, progress: 0 };
      if (error !== undefined) {
        tray.value = [...tray.peek(), { ...base, state: "failed", error }];
        continue;
      }
      tray.value = [...tray.peek(), { ...base, state: "uploading" }];
      this.start(tray, id, file);
    }
  }

  /** Uploads once more what failed, at its old place. */
  retry(tray: Tray, id: string, limits: Limits): void {
    const file = tray.peek().find((item) => item.id === id)?.again;
    if (!file) return;
    const error = refusal(file, limits, good(tray));
    if (error !== undefined) {
      this.change(tray, id, { error });
      return;
    }
    this.change(tray, id, { state: "uploading", progress: 0, error: undefined, again: undefined });
    this.start(tray, id, file);
  }

  /** Takes an image out; ends its upload when that still runs. */
  remove(tray: Tray, id: string): void {
    const item = tray.peek().find((each) => each.id === id);
    tray.value = tray.peek().filter((each) => each.id !== id);
    this.running.get(id)?.abort();
    this.running.delete(id);
    if (item?.preview) this.tools.release(item.preview);
  }

  /** Takes out what is ready, for the message that is sent now. */
  take(tray: Tray): Attachment[] {
    const items = tray.peek().filter((item) => item.state === "done");
    tray.value = tray.peek().filter((item) => item.state !== "done");
    for (const item of items) this.tools.release(item.preview);
    return items.flatMap((item) => (item.attachment ? [item.attachment] : []));
  }

  clear(tray: Tray): void {
    for (const item of tray.peek()) this.remove(tray, item.id);
  }

  private start(tray: Tray, id: string, file: File): void {
    const handle = this.tools.start(file, (progress) => this.change(tray, id, { progress }));
    this.running.set(id, handle);
    void handle.done.then((result) => this.finished(tray, id, file, result));
  }

  private finished(tray: Tray, id: string, file: File, result: UploadResult): void {
    this.running.delete(id);
    if (result.ok) {
      this.change(tray, id, { state: "done", progress: 1, attachment: result.attachment });
    } else {
      const { code, message: error } = result.error;
      this.change(tray, id, { state: "failed", error, again: lasting.includes(code) ? undefined : file });
    }
  }

  private change(tray: Tray, id: string, fields: Partial<Pending>): void {
    tray.value = tray.peek().map((item) => (item.id === id ? { ...item, ...fields } : item));
  }
}

/** For those who do not see the tray. Failures are told where they are. */
export function summary(tray: readonly Pending[]): string {
  const count = (state: Pending["state"]) => tray.filter((item) => item.state === state).length;
  const images = (number: number) => (number === 1 ? "1 image" : `${number} images`);
  const [running, ready] = [count("uploading"), count("done")];
  if (running > 0) return `Uploading ${images(running)}.`;
  return ready > 0 ? `${images(ready)} ready to send.` : "";
}

function good(tray: Tray): number {
  return tray.peek().filter((item) => item.state !== "failed").length;
}

export function anyFailed(tray: readonly Pending[]): boolean {
  return tray.some((item) => item.state === "failed");
}

export function uploading(tray: readonly Pending[]): boolean {
  return tray.some((item) => item.state === "uploading");
}
