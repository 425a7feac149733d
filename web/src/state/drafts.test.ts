import { describe, expect, test } from "vitest";
import { FakeTransport, joinReply } from "../../test/fake-transport";
import { memoryStore } from "../lib/storage";
import { Chat } from "./chat";
import { Drafts } from "./drafts";

describe("drafts", () => {
  test("survive a reload and leaving the room, and go with the person", async () => {
    const tab = memoryStore();
    const newChat = () => new Chat({ transport, tab, device: memoryStore() });
    const transport = new FakeTransport();
    transport.answers.join = () => joinReply();
    const chat = newChat();
    await chat.enter("Ada", "tea");
    const room = chat.find("tea");
    if (!room) throw new Error("no room");
    room.draft.value = "half a thou";
    const again = newChat();
    again.resume("");
    expect(again.find("tea")?.draft.value).toBe("half a thou");
    await chat.leave(room);
    await chat.open("tea");
    expect(chat.find("tea")?.draft.value).toBe("half a thou");
    chat.signOut();
    await chat.enter("Bo", "tea");
    expect(chat.find("tea")?.draft.value).toBe("");
  });

  test("what was sent or deleted is not kept; other rooms keep theirs; the oldest fall out", () => {
    const tab = memoryStore();
    const drafts = new Drafts(tab);
    for (let room = 1; room <= 21; room++) drafts.keep(`${room}`, `text ${room}`);
    expect(drafts.of("1")).toBe("");
    drafts.keep("2", "");
    drafts.keep("3", "x".repeat(100_000));
    expect(["2", "3", "4"].map((room) => drafts.of(room))).toEqual(["", "", "text 4"]);
    drafts.keep("__proto__", "plain");
    expect([drafts.of("__proto__"), drafts.of("constructor")]).toEqual(["plain", ""]);
    drafts.forget();
    drafts.keep("5", "");
    expect(tab.get("drafts")).toBeUndefined();
    tab.set("drafts", { "#tea": 7 });
    expect(drafts.of("tea")).toBe("");
  });
});
