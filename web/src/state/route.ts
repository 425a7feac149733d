// The room in the address: /#tea. Nothing else is ever put there.

export function roomFromHash(hash: string): string {
  const raw = hash.replace(/^#/, "");
  try {
    return decodeURIComponent(raw).trim();
  } catch {
    return raw.trim();
  }
}

export function hashFromRoom(room: string): string {
  return room === "" ? "" : `#${encodeURIComponent(room)}`;
}
