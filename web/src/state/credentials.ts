// What the page remembers about who we are.
//
// The server knows a person by a token: one for each connection, given or confirmed at its first join. It lets us take
// our name again while an old connection still holds it. The tab keeps its own, so that all its rooms are joined with
// the same one after a reload; the device keeps the latest for each name, for a second tab. Never in an address.
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

  token(username: string): string | undefined {
    return asString(this.tab.get("token")) ?? asString(asRecord(this.device.get("tokens"))[key(username)]);
  }

  rememberToken(username: string, token: string): void {
    this.tab.set("token", token);
    const tokens = new Map(Object.entries(asRecord(this.device.get("tokens"))));
    // Deleted first, so that the map's order is the order of use and the oldest fall out.
    tokens.delete(key(username));
    tokens.set(key(username), token);
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

  /** No room is open any more; the connection and its token may go on. */
  forgetSession(): void {
    this.tab.remove("session");
  }

  /** The person leaves; the next one in this tab may be another. */
  forgetPerson(): void {
    this.forgetSession();
    this.tab.remove("token");
  }
}

/** A leading "@" keeps "__proto__" and the like plain data. */
function key(username: string): string {
  return `@${username}`;
}
