// What the reader has not seen yet in a room, and where the "New" line stands.

export interface ReadMark {
  readonly unread: number;
  /** seq of the first message below the "New" line; undefined: no line. */
  readonly marker: number | undefined;
}

export const allRead: ReadMark = { unread: 0, marker: undefined };

/** A message of somebody else came. `watched`: the room is open, visible, and scrolled to its end. */
export function arrived(mark: ReadMark, seq: number, watched: boolean): ReadMark {
  if (watched) return mark;
  return { unread: mark.unread + 1, marker: mark.unread === 0 ? seq : Math.min(mark.marker ?? seq, seq) };
}

/** The reader is at the end of the room. The line stays, so that the place can still be found. */
export function seen(mark: ReadMark): ReadMark {
  return mark.unread === 0 ? mark : { ...mark, unread: 0 };
}

/** The reader wrote something or went to another room: the line has done its work (unless there is more to read). */
export function settled(mark: ReadMark): ReadMark {
  return mark.unread > 0 || mark.marker === undefined ? mark : allRead;
}

/** "(3) #tea · ChatterLink" */
export function pageTitle(room: string | undefined, unread: number): string {
  const count = unread > 0 ? `(${unread > 99 ? "99+" : unread}) ` : "";
  return `${count}${room === undefined ? "" : `#${room} · `}ChatterLink`;
}
