// One open room: its signals. Who changes what: chat.ts joins and leaves, sync.ts fills the timeline,
// sender.ts empties the outbox; components only read, except `draft` and `tray`.
import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { WireError } from "../net/protocol";
import { type Members, nobody } from "./members";
import type { Outbox } from "./outbox";
import { emptyTimeline, type Timeline } from "./timeline";
import type { Pending } from "./tray";
import { allRead, type ReadMark } from "./unread";

export type RoomStatus =
  | { kind: "joined" }
  /** Not (or no longer) known to the server; joined again as soon as there is a connection. */
  | { kind: "away" }
  /** The server will not have us: the reader has to choose, usually another name. */
  | { kind: "refused"; error: WireError };

export interface Room {
  readonly name: string;
  /** Our name here, as the server wrote it. */
  readonly you: Signal<string>;
  readonly status: Signal<RoomStatus>;
  readonly timeline: Signal<Timeline>;
  readonly outbox: Signal<Outbox>;
  readonly members: Signal<Members>;
  readonly loadingMembers: Signal<boolean>;
  /** Everybody who types now, us included. */
  readonly typing: Signal<readonly string[]>;
  readonly read: Signal<ReadMark>;
  readonly unread: ReadonlySignal<number>;
  readonly loadingOlder: Signal<boolean>;
  /** What stands in the composer, and the images that go with it. */
  readonly draft: Signal<string>;
  readonly tray: Signal<readonly Pending[]>;
}

export function createRoom(name: string, you: string): Room {
  const read = signal<ReadMark>(allRead);
  return {
    name,
    you: signal(you),
    status: signal<RoomStatus>({ kind: "away" }),
    timeline: signal<Timeline>(emptyTimeline),
    outbox: signal<Outbox>([]),
    members: signal<Members>(nobody),
    loadingMembers: signal(false),
    typing: signal<readonly string[]>([]),
    read,
    unread: computed(() => read.value.unread),
    loadingOlder: signal(false),
    draft: signal(""),
    tray: signal<readonly Pending[]>([]),
  };
}
