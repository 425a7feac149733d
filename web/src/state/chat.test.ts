import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FakeTransport, joinReply, message, settle } from "../../test/fake-transport";
import { memoryStore } from "../lib/storage";
import type { ChatMessage } from "../net/protocol";
import { Chat } from "./chat";
import type { Room } from "./room";

let transport: FakeTransport;
let tab: ReturnType<typeof memoryStore>;
let device: ReturnType<typeof memoryStore>;

beforeEach(() => {
  vi.useFakeTimers();
  transport = new FakeTransport();
  tab = memoryStore();
  device = memoryStore();
  transport.answers.join = () => joinReply({ history: [message(1), message(2)] });
  let seq = 2;
  transport.answers.message = () => ({ ok: true, id: `m${++seq}`, seq, timestamp: 1_000 + seq });
});
afterEach(() => vi.useRealTimers());

const newChat = () => new Chat({ transport, tab, device });
const seqs = (room: Room | undefined) => room?.timeline.value.messages.map((each) => each.seq);

async function inTea(): Promise<{ chat: Chat; room: Room }> {
  const chat = newChat();
  expect(await chat.enter("Ada", "tea")).toBeUndefined();
  await settle();
  const room = chat.find("tea");
  if (!room) throw new Error("no room");
  return { chat, room };
}

describe("joining", () => {
  test("shows history, members and our name as the server wrote it", async () => {
    transport.answers.join = () => joinReply({ you: "Ada L", history: [message(1)], count: 9 });
    const { chat, room } = await inTea();
    expect(chat.phase.value).toBe("chat");
    expect(chat.username.value).toBe("Ada L");
    expect(seqs(room)).toEqual([1]);
    expect(room.members.value.count).toBe(9);
    expect(room.status.value.kind).toBe("joined");
  });

  test("a refusal leaves us at the door with the server's reason", async () => {
    transport.answers.join = () => ({ ok: false, error: { code: "name_taken", message: "taken" } });
    const chat = newChat();
    expect(await chat.enter("Ada", "tea")).toEqual({ code: "name_taken", message: "taken" });
    expect(chat.phase.value).toBe("welcome");
    expect(chat.rooms.value).toEqual([]);
  });

  test("no server: says so after a while", async () => {
    transport.reachable = false;
    const entering = newChat().enter("Ada", "tea");
    await vi.advanceTimersByTimeAsync(10_000);
    expect((await entering)?.code).toBe("disconnected");
  });

  test("the token of a join goes with later joins of the same name, also from another tab", async () => {
    await inTea();
    tab = memoryStore();
    await inTea();
    expect(transport.payloads("join").map((payload) => payload.token)).toEqual([undefined, "secret"]);
  });

  test("a message that overtakes the answer to the join is not lost", async () => {
    transport.answers.join = async () => {
      transport.push("message", message(3));
      return joinReply({ history: [message(1), message(2)] });
    };
    const { room } = await inTea();
    expect(seqs(room)).toEqual([1, 2, 3]);
  });

  test("a second room keeps the first one; opening an open one only goes to it", async () => {
    const { chat } = await inTea();
    transport.answers.join = () => joinReply({ room: "milk" });
    await chat.open("milk");
    await chat.open("tea");
    expect(chat.rooms.value.map((room) => room.name)).toEqual(["tea", "milk"]);
    expect(chat.activeName.value).toBe("tea");
    expect(transport.payloads("join").length).toBe(2);
  });

  test("leaving goes to the neighbour and tells the server", async () => {
    const { chat, room } = await inTea();
    transport.answers.join = () => joinReply({ room: "milk" });
    await chat.open("milk");
    await chat.leave(chat.find("milk") as Room);
    expect(chat.active.value).toBe(room);
    expect(transport.payloads("leave")).toEqual([{ room: "milk" }]);
  });

  test("signing out forgets the session and closes the connection", async () => {
    const { chat } = await inTea();
    chat.signOut();
    expect(chat.phase.value).toBe("welcome");
    expect(transport.online).toBe(false);
    expect(newChat().resume("")).toBe(false);
  });
});

describe("sending", () => {
  test("a message is pending until it is stored, then it is in the timeline", async () => {
    const { chat, room } = await inTea();
    chat.say(room, "hello", []);
    expect(room.outbox.value[0]?.state).toBe("pending");
    await settle();
    expect(room.outbox.value).toEqual([]);
    expect(room.timeline.value.messages.at(-1)).toMatchObject({ seq: 3, username: "Ada", message: "hello" });
  });

  test("messages go one at a time, in the order they were written", async () => {
    const { chat, room } = await inTea();
    let inFlight = 0;
    let seq = 2;
    transport.answers.message = async () => {
      expect(++inFlight).toBe(1);
      await Promise.resolve();
      inFlight--;
      return { ok: true, id: `m${++seq}`, seq, timestamp: 1 };
    };
    for (const text of ["a", "b", "c"]) chat.say(room, text, []);
    await settle();
    await settle();
    expect(transport.payloads("message").map((payload) => payload.message)).toEqual(["a", "b", "c"]);
    expect(seqs(room)).toEqual([1, 2, 3, 4, 5]);
  });

  test("broadcast and ack of one message, in either order, make one message", async () => {
    const { chat, room } = await inTea();
    transport.answers.message = (payload: { client_id: string }) => {
      transport.push("message", message(3, { username: "Ada", client_id: payload.client_id }));
      return { ok: true, id: "m3", seq: 3, timestamp: 1 };
    };
    chat.say(room, "hello", []);
    await settle();
    transport.push("message", message(3, { username: "Ada" }));
    expect(seqs(room)).toEqual([1, 2, 3]);
    expect(room.outbox.value).toEqual([]);
  });

  test("told to slow down: waits as long as the server says, then sends the same client_id", async () => {
    const { chat, room } = await inTea();
    const stored = transport.answers.message;
    transport.answers.message = () => ({
      ok: false,
      error: { code: "rate_limited", message: "slow", retry_after_ms: 800 },
    });
    chat.say(room, "hello", []);
    await settle();
    if (stored) transport.answers.message = stored;
    await vi.advanceTimersByTimeAsync(700);
    expect(transport.payloads("message").length).toBe(1);
    await vi.advanceTimersByTimeAsync(200);
    const ids = transport.payloads("message").map((payload) => payload.client_id);
    expect(ids.length).toBe(2);
    expect(new Set(ids).size).toBe(1);
    expect(room.outbox.value).toEqual([]);
  });

  test("refused: failed with the reason; trying again uses the same client_id", async () => {
    const { chat, room } = await inTea();
    const stored = transport.answers.message;
    transport.answers.message = () => ({ ok: false, error: { code: "message_invalid", message: "bad" } });
    chat.say(room, "hello", []);
    await settle();
    expect(room.outbox.value[0]).toMatchObject({ state: "failed", error: "bad" });
    if (stored) transport.answers.message = stored;
    chat.retry(room, room.outbox.value[0]?.clientId ?? "");
    await settle();
    const ids = transport.payloads("message").map((payload) => payload.client_id);
    expect(new Set(ids).size).toBe(1);
    expect(room.outbox.value).toEqual([]);
  });

  test("a failed message can be thrown away", async () => {
    const { chat, room } = await inTea();
    transport.answers.message = () => ({ ok: false, error: { code: "message_invalid", message: "bad" } });
    chat.say(room, "hello", []);
    await settle();
    chat.discard(room, room.outbox.value[0]?.clientId ?? "");
    expect(room.outbox.value).toEqual([]);
    expect(tab.get("outbox")).toBeUndefined();
  });

  test("the server forgot that we are in the room: joins again, then sends", async () => {
    const { chat, room } = await inTea();
    const stored = transport.answers.message;
    transport.answers.message = () => {
      if (stored) transport.answers.message = stored;
      return { ok: false, error: { code: "not_joined", message: "who?" } };
    };
    chat.say(room, "hello", []);
    await settle();
    await settle();
    expect(transport.payloads("join").length).toBe(2);
    expect(room.outbox.value).toEqual([]);
  });

  test("attachments travel as addresses only", async () => {
    const { chat, room } = await inTea();
    const image = { url: "/uploads/a.png", name: "a", type: "image/png", size: 1, width: 1, height: 1 };
    chat.say(room, "", [image]);
    await settle();
    expect(transport.payloads("message")[0]?.attachments).toEqual([{ url: "/uploads/a.png" }]);
    expect(room.timeline.value.messages.at(-1)?.attachments).toEqual([image]);
  });
});

describe("losing the connection", () => {
  test("the banner says offline, reconnecting, online, and goes away", async () => {
    const { chat } = await inTea();
    expect(chat.banner.value).toBe("hidden");
    transport.goDown();
    expect(chat.banner.value).toBe("offline");
    transport.reachable = false;
    for (let tries = 0; tries < 3; tries++) {
      transport.connect();
      expect(chat.banner.value).toBe("reconnecting");
    }
    transport.reachable = true;
    transport.connect();
    await settle();
    expect(chat.banner.value).toBe("online");
    await vi.advanceTimersByTimeAsync(3_100);
    expect(chat.banner.value).toBe("hidden");
  });

  test("coming back joins every room with the last seq known, and takes what was missed", async () => {
    const { chat, room } = await inTea();
    transport.goDown();
    transport.answers.join = (payload: { since?: number }) => {
      expect(payload.since).toBe(2);
      return joinReply({ history: [message(3), message(4)], last_seq: 4 });
    };
    transport.comeUp();
    await settle();
    expect(seqs(room)).toEqual([1, 2, 3, 4]);
    expect(chat.banner.value).toBe("online");
  });

  test("more than a page was missed: asks on until it is whole, with live messages in between", async () => {
    const { room } = await inTea();
    transport.goDown();
    const all = Array.from({ length: 500 }, (_, index) => message(index + 1));
    const following = (seq: number) => all.filter((each) => each.seq > seq).slice(0, 200);
    transport.answers.join = () => joinReply({ history: following(2), last_seq: 499, more: true });
    transport.answers.history = (payload: { after: number }) => {
      transport.push("message", all[499] as ChatMessage);
      const page = following(payload.after);
      return { ok: true, messages: page, more: (page.at(-1)?.seq ?? 500) < 500 };
    };
    transport.comeUp();
    await settle();
    expect(seqs(room)).toEqual(all.map((each) => each.seq));
    expect(room.timeline.value.synced).toBe(500);
  });

  test("the connection breaks again while catching up: the next join asks from where it was whole", async () => {
    const { room } = await inTea();
    transport.goDown();
    transport.answers.join = () => joinReply({ history: [message(3)], last_seq: 400, more: true });
    transport.answers.history = () => {
      transport.push("message", message(400));
      transport.goDown();
      return { ok: false, error: { code: "disconnected", message: "" } };
    };
    transport.comeUp();
    await settle();
    expect(seqs(room)).toEqual([1, 2, 3, 400]);
    transport.comeUp();
    await settle();
    expect(transport.payloads("join").at(-1)?.since).toBe(3);
  });

  test("far behind: begins anew at the newest instead of reading thousands of messages", async () => {
    const { room } = await inTea();
    transport.goDown();
    transport.answers.join = () => joinReply({ history: [message(3)], last_seq: 90_000, more: true });
    transport.answers.history = () => ({
      ok: true,
      messages: [message(89_999), message(90_000)],
      more: true,
    });
    transport.comeUp();
    await settle();
    expect(seqs(room)).toEqual([89_999, 90_000]);
    expect(room.timeline.value.hasOlder).toBe(true);
  });

  test("a server that lost its messages: the page shows what the server has", async () => {
    const { room } = await inTea();
    transport.goDown();
    transport.answers.join = () => joinReply({ history: [], last_seq: 1 });
    transport.answers.history = () => ({ ok: true, messages: [message(1, { id: "new" })], more: false });
    transport.comeUp();
    await settle();
    expect(room.timeline.value.messages.map((each) => each.id)).toEqual(["new"]);
  });

  test("what was written meanwhile is sent after the join, once, in order", async () => {
    const { chat, room } = await inTea();
    transport.goDown();
    chat.say(room, "one", []);
    chat.say(room, "two", []);
    await settle();
    expect(transport.payloads("message")).toEqual([]);
    transport.comeUp();
    await settle();
    await settle();
    expect(transport.payloads("message").map((payload) => payload.message)).toEqual(["one", "two"]);
    expect(room.outbox.value).toEqual([]);
  });

  test("the ack was lost but the message stored: its broadcast takes it from the outbox, no second copy", async () => {
    const { chat, room } = await inTea();
    transport.answers.message = () => ({ ok: false, error: { code: "disconnected", message: "" } });
    chat.say(room, "one", []);
    await settle();
    transport.goDown();
    const id = room.outbox.value[0]?.clientId ?? "";
    transport.answers.join = () =>
      joinReply({ history: [message(3, { username: "Ada", client_id: id })], last_seq: 3 });
    transport.comeUp();
    await settle();
    expect(transport.payloads("message").length).toBe(1);
    expect(room.outbox.value).toEqual([]);
    expect(seqs(room)).toEqual([1, 2, 3]);
  });

  test("our name went to somebody else: the room says so and another name gets us back", async () => {
    const { chat, room } = await inTea();
    transport.goDown();
    transport.answers.join = () => ({ ok: false, error: { code: "name_taken", message: "taken" } });
    transport.comeUp();
    await settle();
    expect(room.status.value).toMatchObject({ kind: "refused", error: { code: "name_taken" } });
    transport.answers.join = () => joinReply({ you: "Ada 2", last_seq: 2 });
    expect(await chat.reenter(room, "Ada 2")).toBeUndefined();
    expect(room.status.value.kind).toBe("joined");
    expect(room.you.value).toBe("Ada 2");
  });

  test("joins are refused for a moment: tries again by itself", async () => {
    const { room } = await inTea();
    transport.goDown();
    transport.answers.join = () => ({
      ok: false,
      error: { code: "rate_limited", message: "", retry_after_ms: 400 },
    });
    transport.comeUp();
    await settle();
    transport.answers.join = () => joinReply({ last_seq: 2 });
    await vi.advanceTimersByTimeAsync(500);
    expect(room.status.value.kind).toBe("joined");
  });

  test("a hole in live messages is filled without being asked", async () => {
    const { room } = await inTea();
    transport.answers.history = () => ({ ok: true, messages: [message(3), message(4)], more: false });
    transport.push("message", message(4));
    expect(seqs(room)).toEqual([1, 2, 4]);
    await vi.advanceTimersByTimeAsync(600);
    expect(seqs(room)).toEqual([1, 2, 3, 4]);
  });
});

describe("a reload", () => {
  test("goes back into the rooms of the tab, with what was not yet sent", async () => {
    const { chat, room } = await inTea();
    transport.goDown();
    chat.say(room, "unsent", []);
    const id = room.outbox.value[0]?.clientId;

    transport = new FakeTransport();
    transport.answers.join = () => joinReply({ history: [message(1), message(2)] });
    transport.answers.message = () => ({ ok: true, id: "m3", seq: 3, timestamp: 5 });
    const again = newChat();
    expect(again.resume("")).toBe(true);
    await settle();
    await settle();
    expect(again.activeName.value).toBe("tea");
    expect(transport.payloads("join")[0]).toMatchObject({ username: "Ada", room: "tea", token: "secret" });
    expect(transport.payloads("message")[0]).toMatchObject({ message: "unsent", client_id: id });
    expect(seqs(again.find("tea"))).toEqual([1, 2, 3]);
    expect(again.banner.value).toBe("hidden");
  });

  test("with a room in the address that is not open yet: opens it too", async () => {
    await inTea();
    const again = newChat();
    transport.answers.join = (payload: { room: string }) => joinReply({ room: payload.room });
    again.resume("milk");
    await settle();
    expect(again.rooms.value.map((room) => room.name)).toEqual(["tea", "milk"]);
    expect(again.activeName.value).toBe("milk");
  });
});

describe("unread and notices", () => {
  test("messages count as unread unless the room is open, visible and at its end", async () => {
    const { chat, room } = await inTea();
    chat.atEnd.value = true;
    transport.push("message", message(3));
    expect(room.unread.value).toBe(0);
    chat.visible.value = false;
    transport.push("message", message(4));
    chat.visible.value = true;
    expect(room.unread.value).toBe(0);
    chat.atEnd.value = false;
    transport.push("message", message(5));
    transport.push("message", message(6, { username: "Ada" }));
    expect(room.unread.value).toBe(1);
    expect(chat.unread.value).toBe(1);
    chat.atEnd.value = true;
    expect(room.unread.value).toBe(0);
    expect(room.read.value.marker).toBe(5);
  });

  test("others' messages are announced to listeners, own ones and doubles are not", async () => {
    const { chat } = await inTea();
    const heard: number[] = [];
    chat.onMessage((_, each) => heard.push(each.seq));
    transport.push("message", message(3));
    transport.push("message", message(3));
    transport.push("message", message(4, { username: "Ada" }));
    transport.push("message", message(9, { room: "elsewhere" }));
    expect(heard).toEqual([3]);
  });

  test("presence and typing reach their room and no other", async () => {
    const { room } = await inTea();
    transport.push("presence", { room: "tea", joined: ["Cleo"], left: ["Bo"], count: 2 });
    transport.push("presence", { room: "x", joined: ["Zed"], left: [], count: 9 });
    transport.push("typing", { room: "tea", usernames: ["Cleo"] });
    expect(room.members.value).toEqual({ names: ["Ada", "Cleo"], count: 2 });
    expect(room.typing.value).toEqual(["Cleo"]);
    transport.goDown();
    expect(room.typing.value).toEqual([]);
  });

  test("notices and errors of the server are read out", async () => {
    const { chat } = await inTea();
    const texts: string[] = [];
    chat.onNotice((text) => texts.push(text));
    transport.push("notice", { message: "restart at noon" });
    transport.push("notice", { room: "tea", message: "be kind" });
    transport.push("error", { code: "x", message: "odd" });
    transport.push("error", { code: "not_joined", message: "a late typing sign" });
    expect(texts).toEqual(["restart at noon", "#tea: be kind", "Odd."]);
  });

  test("further people are asked for page by page, until somebody is new; a failure is told", async () => {
    transport.answers.join = () => joinReply({ members: ["Ada", "Bo"], count: 5 });
    const { chat, room } = await inTea();
    const pages = [
      { ok: true, members: ["Bo"], more: true, count: 5 },
      { ok: true, members: ["Cleo"], more: true, count: 5 },
      { ok: true, members: ["Dan", "Eve"], more: false, count: 5 },
      { ok: false, error: { code: "timeout", message: "" } },
    ];
    transport.answers.members = () => pages.shift();
    expect(await chat.loadMembers(room)).toBe(true);
    expect(room.members.value).toEqual({ names: ["Ada", "Bo", "Cleo"], count: 5, last: "Cleo" });
    expect(await chat.loadMembers(room)).toBe(true);
    expect(room.members.value).toEqual({ names: ["Ada", "Bo", "Cleo", "Dan", "Eve"], count: 5 });
    expect(await chat.loadMembers(room)).toBe(false);
    expect(room.loadingMembers.value).toBe(false);
    expect(transport.payloads("members")).toEqual([
      { room: "tea", after: "Bo" },
      { room: "tea", after: "Bo" },
      { room: "tea", after: "Cleo" },
      { room: "tea" },
    ]);
  });

  test("older messages are loaded before the first one; a failure is told", async () => {
    transport.answers.join = () => joinReply({ history: [message(51)], last_seq: 51 });
    const { chat, room } = await inTea();
    transport.answers.history = (payload: { before: number }) => {
      expect(payload.before).toBe(51);
      return { ok: true, messages: [message(49), message(50)], more: true };
    };
    expect(await chat.loadOlder(room)).toBe(true);
    expect(seqs(room)).toEqual([49, 50, 51]);
    await vi.advanceTimersByTimeAsync(200);
    transport.answers.history = () => ({ ok: false, error: { code: "timeout", message: "" } });
    expect(await chat.loadOlder(room)).toBe(false);
    expect(room.loadingOlder.value).toBe(false);
  });
});
