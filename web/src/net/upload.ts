// POST /upload with a progress report. XMLHttpRequest, because fetch() does not tell how much has been sent.
import { sentence } from "../lib/text";
import type { Attachment, WireError } from "./protocol";

export type UploadResult = { ok: true; attachment: Attachment } | { ok: false; error: WireError };

export interface UploadHandle {
  /** Resolves always; an aborted upload gives the code "aborted". */
  done: Promise<UploadResult>;
  abort: () => void;
}

const byStatus: Record<number, WireError> = {
  413: { code: "upload_too_large", message: "This image is too large." },
  415: { code: "upload_unsupported", message: "Only PNG, JPEG, GIF and WebP images can be sent." },
  429: { code: "rate_limited", message: "Too many uploads at once. Try again in a moment." },
};

/** What the server said, in either of its forms, or something sensible when it said nothing readable. */
export function readAnswer(status: number, body: string): UploadResult {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    parsed = undefined;
  }
  const answer = typeof parsed === "object" && parsed !== null ? (parsed as Record<string, unknown>) : {};
  if (status >= 200 && status < 300 && answer.ok === true && typeof answer.url === "string") {
    const number = (value: unknown) => (typeof value === "number" && Number.isFinite(value) ? value : 0);
    const attachment: Attachment = {
      url: answer.url,
      name: typeof answer.name === "string" ? answer.name : "image",
      type: typeof answer.type === "string" ? answer.type : "",
      size: number(answer.size),
      width: number(answer.width),
      height: number(answer.height),
      ...(typeof answer.thumbnail === "string" ? { thumbnail: answer.thumbnail } : {}),
    };
    return { ok: true, attachment };
  }
  const error = answer.error as Partial<WireError> | undefined;
  if (error && typeof error.code === "string" && typeof error.message === "string") {
    return { ok: false, error: { ...(error as WireError), message: sentence(error.message) } };
  }
  return {
    ok: false,
    error: byStatus[status] ?? { code: "upload_failed", message: `The upload failed (status ${status}).` },
  };
}

export function startUpload(file: File, onProgress: (fraction: number) => void): UploadHandle {
  const request = new XMLHttpRequest();
  const done = new Promise<UploadResult>((resolve) => {
    const fail = (code: string, message: string) => resolve({ ok: false, error: { code, message } });
    request.upload.onprogress = (event) => {
      if (event.lengthComputable && event.total > 0) onProgress(event.loaded / event.total);
    };
    request.onload = () => resolve(readAnswer(request.status, request.responseText));
    // A server that refuses early may close before all was sent: that looks like a lost connection.
    request.onerror = () =>
      fail("disconnected", "The upload was cut off. Check the connection and try again.");
    request.ontimeout = () => fail("timeout", "The upload took too long.");
    request.onabort = () => fail("aborted", "The upload was cancelled.");
  });
  const form = new FormData();
  form.append("file", file, file.name || "image");
  request.open("POST", "/upload");
  request.send(form);
  return { done, abort: () => request.abort() };
}
