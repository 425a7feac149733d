// The conversation with the server: which rooms are open, joining and leaving them, coming back after a lost
// connection. Lives as long as the page; components read its signals and call its methods. No DOM in here.
import { batch, computed, effect, signal } from "@preact/signals";
import { newId } from "../lib/ids";
import type { Store } from "../lib/storage";
import { sentence } from "../lib/text";
import type { Attachment, ChatMessage, JoinReply, Reply, RoomSummary, WireError } from "../net/protocol";
import type { LinkState, Transport } from "../net/transport";
import { Credentials } from "./credentials";
import { Drafts } from "./drafts";
import { membersOf, withPage, withPresence } from "./members";
import { type Outgoing, retried, revived, without } from "./outbox";
import { createRoom, type Room } from "./room";
import { Sender } from "./sender";
import { Sync } from "./sync";
import { arrived, seen, settled } from "./unread";

/** hidden: all is well and nobody needs to be told. online: back again, shown for a moment. */
export type Banner = "hidden" | "offline" | "reconnecting" | "online";

export interface ChatOptions {
  transport: Transport;
  tab: Store;
  device: Store;
  /** How long "back online" is shown. */
  backMs?: number;
  /** How long joining waits for the connection. */
  connectMs?: number;
}

const noConnection: WireError = {
  code: "disconnected",
  message: "The server cannot be reached. Check the connection and try again.",
};

export class Chat {
  readonly phase = signal<"welcome" | "chat">("welcome");
  readonly username = signal("");
  readonly rooms = signal<readonly Room[]>([]);
  readonly activeName = signal("");
  readonly active = computed(() => this.rooms.value.find((room) => room.name === this.activeName.value));
  readonly directory = signal<readonly RoomSummary[]>([]);
  readonly banner = signal<Banner>("hidden");
  readonly unread = computed(() => this.rooms.value.reduce((sum, room) => sum + room.unread.value, 0));
  /** Set by the page: the tab can be seen; the message list stands at its end. */
  readonly visible = signal(true);
  readonly atEnd = signal(true);

  readonly credentials: Credentials;
  private readonly drafts: Drafts;
  private readonly transport: Transport;
  private readonly sync: Sync;
  private readonly sender: Sender;
  private readonly listeners: ((room: Room, message: ChatMessage) => void)[] = [];
  private readonly noticeListeners: ((text: string) => void)[] = [];
  /** Messages that overtook the answer to the join of their room. */
  private early: ChatMessage[] = [];
  private joining = 0;
  private backTimer: ReturnType<typeof setTimeout> | undefined;
  private onlineWaiters: (() => void)[] = [];

  constructor(private readonly options: ChatOptions) {
    this.transport = options.transport;
    this.credentials = new Credentials(options.tab, options.device);
    this.drafts = new Drafts(options.tab);
    this.sync = new Sync(this.transport, (room, messages, live) => this.onNew(room, messages, live));
    this.sender = new Sender(this.transport, {
      sent: (room, message) => this.sync.own(room, message),
      rejoin: (room) => this.rejoin(room),
      changed: () => this.rememberOutbox(),
    });
    this.listen();
    effect(() => {
      const room = this.active.value;
      if (room && this.visible.value && this.atEnd.value) room.read.value = seen(room.read.value);
    });
  }

  /** A message of somebody else that came just now. */
  onMessage(listener: (room: Room, message: ChatMessage) => void): void {
    this.listeners.push(listener);
  }

  /** A sentence the server wants people to read. */
  onNotice(listener: (text: string) => void): void {
    this.noticeListeners.push(listener);
  }

  // ---- joining and leaving -------------------------------------------------------------------------------------

  /** From the welcome page. Resolves to what went wrong, or undefined. */
  async enter(username: string, room: string): Promise<WireError | undefined> {
    const error = await this.open(room, username);
    if (error && this.rooms.peek().length === 0) this.transport.close();
    if (!error) {
      this.credentials.rememberJoin(username, room);
      this.phase.value = "chat";
    }
    return error;
  }

  /** Joins a room (or goes to it when it is open already) and makes it the active one. */
  async open(name: string, username = this.username.peek()): Promise<WireError | undefined> {
    const known = this.find(name);
    if (known && known.status.peek().kind !== "refused") {
      this.activate(known.name);
      return undefined;
    }
    if (!(await this.connected())) return noConnection;
    this.joining++;
    const reply = await this.requestJoin(username, name);
    this.joining--;
    if (!reply.ok) return reply.error.code === "disconnected" ? noConnection : reply.error;
    // The server may have tidied the names; what was typed is what will be typed again.
    if (reply.token) this.credentials.rememberToken(username, reply.token);
    batch(() => {
      const room = this.find(reply.room) ?? this.addRoom(reply.room, reply.you);
      if (this.username.peek() === "") this.username.value = reply.you;
      this.accept(room, reply, undefined);
      this.activate(room.name);
    });
    void this.refreshDirectory();
    return undefined;
  }

  /** After a reload: the rooms this tab was in. False when there were none. */
  resume(preferred: string): boolean {
    const session = this.credentials.session();
    if (!session) return false;
    const outbox = revived(this.options.tab.get("outbox"));
    this.username.value = session.username;
    this.phase.value = "chat";
    for (const { name, you } of session.rooms) {
      const room = this.addRoom(name, you);
      room.outbox.value = outbox.filter((item) => item.room === name);
    }
    const wanted = this.find(preferred) ?? this.find(session.active) ?? this.rooms.peek()[0];
    if (wanted) this.activate(wanted.name);
    this.transport.connect();
    if (preferred !== "" && !this.find(preferred)) {
      void this.open(preferred).then((error) => {
        if (error) this.notify(`#${preferred}: ${error.message}`);
      });
    }
    return true;
  }

  /** With another name, into a room that would not have us. */
  async reenter(room: Room, username: string): Promise<WireError | undefined> {
    room.you.value = username;
    await this.rejoin(room);
    const status = room.status.peek();
    return status.kind === "refused" ? status.error : undefined;
  }

  async leave(room: Room): Promise<void> {
    void this.transport.request("leave", { room: room.name });
    this.sender.stop(room);
    this.sync.forget(room);
    batch(() => {
      const index = this.rooms.peek().indexOf(room);
      const rest = this.rooms.peek().filter((each) => each !== room);
      this.rooms.value = rest;
      if (this.activeName.peek() === room.name) {
        this.activeName.value = (rest[index] ?? rest[index - 1])?.name ?? "";
      }
    });
    this.remember();
    this.rememberOutbox();
    await this.refreshDirectory();
  }

  /** Back to the welcome page. */
  signOut(): void {
    for (const room of this.rooms.peek()) {
      this.transport.tell("leave", { room: room.name });
      this.sender.stop(room);
      this.sync.forget(room);
    }
    this.transport.close();
    batch(() => {
      this.rooms.value = [];
      this.activeName.value = "";
      this.username.value = "";
      this.directory.value = [];
      this.banner.value = "hidden";
      this.phase.value = "welcome";
    });
    this.credentials.forgetPerson();
    this.drafts.forget();
    this.rememberOutbox();
  }

  activate(name: string): void {
    if (this.activeName.peek() === name) return;
    batch(() => {
      const before = this.active.peek();
      if (before) {
        before.read.value = settled(before.read.peek());
        this.sync.trim(before);
      }
      // The list says where it stands once it is drawn.
      this.atEnd.value = false;
      this.activeName.value = name;
    });
    this.remember();
  }

  find(name: string): Room | undefined {
    return this.rooms.peek().find((room) => room.name === name);
  }

  async refreshDirectory(): Promise<void> {
    const reply = await this.transport.request("rooms", {});
    if (reply.ok && Array.isArray(reply.rooms)) this.directory.value = reply.rooms;
  }

  // ---- messages ------------------------------------------------------------------------------------------------

  say(room: Room, text: string, attachments: readonly Attachment[]): void {
    const item: Outgoing = {
      clientId: newId(),
      room: room.name,
      text,
      attachments,
      createdAt: Date.now(),
      state: "pending",
    };
    batch(() => {
      room.outbox.value = [...room.outbox.peek(), item];
      room.read.value = settled(seen(room.read.peek()));
    });
    this.rememberOutbox();
    void this.sender.pump(room);
  }

  retry(room: Room, clientId: string): void {
    room.outbox.value = retried(room.outbox.peek(), clientId);
    this.rememberOutbox();
    void this.sender.pump(room);
  }

  discard(room: Room, clientId: string): void {
    room.outbox.value = without(room.outbox.peek(), clientId);
    this.rememberOutbox();
  }

  loadOlder(room: Room): Promise<boolean> {
    return this.sync.older(room);
  }

  /** Asks for further names of a large room until one comes that is new. False when it failed. */
  async loadMembers(room: Room): Promise<boolean> {
    if (room.loadingMembers.peek()) return true;
    room.loadingMembers.value = true;
    const before = room.members.peek().names.length;
    let fine = true;
    do {
      const { last } = room.members.peek();
      const reply = await this.transport.request("members", {
        room: room.name,
        ...(last === undefined ? {} : { after: last }),
      });
      fine = reply.ok;
      if (reply.ok) room.members.value = withPage(room.members.peek(), reply);
    } while (fine && room.members.peek().last !== undefined && room.members.peek().names.length <= before);
    room.loadingMembers.value = false;
    return fine;
  }

  /** The reader reached the end of the room. */
  trim(room: Room): void {
    this.sync.trim(room);
  }

  // ---- inside --------------------------------------------------------------------------------------------------

  private listen(): void {
    this.transport.onLink((state) => this.onLink(state));
    this.transport.on("message", (message) => {
      const room = this.find(message.room);
      if (room) this.sync.live(room, message);
      else if (this.joining > 0 && this.early.length < 500) this.early.push(message);
    });
    this.transport.on("presence", (delta) => {
      const room = this.find(delta.room);
      if (room) room.members.value = withPresence(room.members.peek(), delta, room.you.peek());
    });
    this.transport.on("typing", ({ room, usernames }) => {
      const known = this.find(room);
      if (known && Array.isArray(usernames)) known.typing.value = usernames;
    });
    this.transport.on("notice", ({ room, message }) => this.notify(room ? `#${room}: ${message}` : message));
    // Only events without an ack are answered this way. That a typing sign came too often or after leaving is no news.
    this.transport.on("error", ({ code, message }) => {
      if (code !== "not_joined" && code !== "rate_limited") this.notify(sentence(message));
    });
  }

  private notify(text: string): void {
    for (const listener of this.noticeListeners) listener(text);
  }

  private onLink(state: LinkState): void {
    if (state === "online") {
      for (const resolve of this.onlineWaiters.splice(0)) resolve();
      void this.comeBack();
      return;
    }
    if (this.rooms.peek().length === 0) return;
    clearTimeout(this.backTimer);
    batch(() => {
      for (const room of this.rooms.peek()) {
        if (room.status.peek().kind === "joined") room.status.value = { kind: "away" };
        room.typing.value = [];
      }
      // A page that has just been opened says nothing until something is wrong.
      // From the first new try on it stays "reconnecting": it must not flicker with every try that fails.
      if (state === "offline" && this.banner.peek() !== "reconnecting") this.banner.value = "offline";
      else if (state === "connecting" && this.banner.peek() === "offline") this.banner.value = "reconnecting";
    });
  }

  /** Joins every open room again and says so when they are whole. */
  private async comeBack(): Promise<void> {
    await Promise.all(this.rooms.peek().map((room) => this.rejoin(room)));
    if (!this.transport.online) return;
    if (this.banner.peek() !== "hidden") {
      this.banner.value = "online";
      clearTimeout(this.backTimer);
      this.backTimer = setTimeout(() => {
        this.banner.value = "hidden";
      }, this.options.backMs ?? 3_000);
    }
    void this.refreshDirectory();
  }

  private async rejoin(room: Room): Promise<void> {
    for (let tries = 1; this.transport.online && this.rooms.peek().includes(room); tries++) {
      const { messages, synced } = room.timeline.peek();
      const since = messages.length > 0 || synced > 0 ? synced : undefined;
      const reply = await this.requestJoin(room.you.peek(), room.name, since);
      if (reply.ok) {
        await this.accept(room, reply, since);
        return;
      }
      const { code, retry_after_ms } = reply.error;
      if (code === "disconnected") return;
      const passing = code === "rate_limited" || code === "timeout" || code === "store_unavailable";
      if (!passing && code !== "shutting_down") {
        room.status.value = { kind: "refused", error: reply.error };
        return;
      }
      await new Promise((done) => setTimeout(done, retry_after_ms ?? Math.min(500 * 2 ** tries, 15_000)));
    }
  }

  private requestJoin(username: string, room: string, since?: number): Promise<Reply<JoinReply>> {
    const token = this.credentials.token(username);
    return this.transport.request("join", {
      username,
      room,
      ...(since === undefined ? {} : { since }),
      ...(token === undefined ? {} : { token }),
    });
  }

  private async accept(room: Room, reply: JoinReply, since: number | undefined): Promise<void> {
    room.you.value = reply.you;
    room.members.value = membersOf(Array.isArray(reply.members) ? reply.members : [], reply.count);
    if (reply.token) this.credentials.rememberToken(reply.you, reply.token);
    const whole = this.sync.joined(room, reply, since);
    for (const message of this.early.splice(0)) {
      const target = this.find(message.room);
      if (target) this.sync.live(target, message);
    }
    room.status.value = { kind: "joined" };
    this.remember();
    void this.sender.pump(room);
    await whole;
  }

  private addRoom(name: string, you: string): Room {
    const room = createRoom(name, you);
    room.draft.value = this.drafts.of(name);
    room.draft.subscribe((text) => this.drafts.keep(name, text));
    this.rooms.value = [...this.rooms.peek(), room];
    return room;
  }

  private async connected(): Promise<boolean> {
    if (!this.transport.online) this.transport.connect();
    if (this.transport.online) return true;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.options.connectMs ?? 10_000);
      this.onlineWaiters.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
    return this.transport.online;
  }

  private onNew(room: Room, messages: readonly ChatMessage[], live: boolean): void {
    const watched = this.active.peek() === room && this.visible.peek() && this.atEnd.peek();
    let mark = room.read.peek();
    let outbox = room.outbox.peek();
    for (const message of messages) {
      if (message.username === room.you.peek()) {
        // The ack may have been lost: the broadcast says as well that it is stored.
        if (message.client_id) outbox = without(outbox, message.client_id);
        continue;
      }
      mark = arrived(mark, message.seq, watched);
    }
    batch(() => {
      room.read.value = mark;
      if (outbox !== room.outbox.peek()) {
        room.outbox.value = outbox;
        this.rememberOutbox();
      }
    });
    const latest = messages.findLast((message) => message.username !== room.you.peek());
    if (latest && (live || !watched)) for (const listener of this.listeners) listener(room, latest);
  }

  private remember(): void {
    if (this.rooms.peek().length === 0) {
      this.credentials.forgetSession();
      return;
    }
    this.credentials.rememberSession({
      username: this.username.peek(),
      rooms: this.rooms.peek().map((room) => ({ name: room.name, you: room.you.peek() })),
      active: this.activeName.peek(),
    });
  }

  private rememberOutbox(): void {
    const waiting = this.rooms.peek().flatMap((room) => room.outbox.peek());
    if (waiting.length > 0) this.options.tab.set("outbox", waiting);
    else this.options.tab.remove("outbox");
  }
}
