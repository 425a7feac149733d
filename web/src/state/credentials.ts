// What the page remembers about who we are.
//
// The token of a join lets us take our name again while an old connection still holds it. It is kept on the device
// (a second tab needs it too), never in an address.
import { asRecord, asString, type Store } from "../lib/storage";

const KEEP_TOKENS = 60;

export interface Session {
  username: string;
  rooms: { name: string; you: string }[];
  active: string;
}

export class Credentials {
  constructor(
    private readonly tab: Store,
    private readonly device: Store,
  ) {}

  /** The token for this name in this room, or else the latest one for the name. */
  token(username: string, room: string): string | undefined {
    const tokens = asRecord(this.device.get("tokens"));
    return asString(tokens[key(username, room)]) ?? asString(tokens[key(username, "")]);
  }

  rememberToken(username: string, room: string, token: string): void {
    const tokens = new Map(Object.entries(asRecord(this.device.get("tokens"))));
    for (const each of [key(username, room), key(username, "")]) {
      // Deleted first, so that the map's order is the order of use and the oldest fall out.
      tokens.delete(each);
      tokens.set(each, token);
    }
    this.device.set("tokens", Object.fromEntries([...tokens].slice(-KEEP_TOKENS)));
  }

  lastJoin(): { username: string; room: string } {
    const last = asRecord(this.device.get("last"));
    return { username: asString(last.username) ?? "", room: asString(last.room) ?? "" };
  }

  rememberJoin(username: string, room: string): void {
    this.device.set("last", { username, room });
  }

  session(): Session | undefined {
    const value = asRecord(this.tab.get("session"));
    const username = asString(value.username);
    if (username === undefined || !Array.isArray(value.rooms)) return undefined;
    const rooms = value.rooms.flatMap((each: unknown) => {
      const { name, you } = asRecord(each);
      return typeof name === "string" && typeof you === "string" ? [{ name, you }] : [];
    });
    return rooms.length > 0 ? { username, rooms, active: asString(value.active) ?? "" } : undefined;
  }

  rememberSession(session: Session): void {
    this.tab.set("session", session);
  }

  forgetSession(): void {
    this.tab.remove("session");
  }
}

/** A leading "@" keeps "__proto__" and the like plain data. */
function key(username: string, room: string): string {
  return `@${username}\n${room}`;
}
