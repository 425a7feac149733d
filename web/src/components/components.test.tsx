// @vitest-environment happy-dom
// The page as a whole, drawn into a document, with a server of a few lines behind it.
import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/preact";
import axe from "axe-core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FakeTransport, joinReply, message, settle } from "../../test/fake-transport";
import { type App, AppProvider, createApp } from "../app-context";
import { memoryStore } from "../lib/storage";
import type { UploadResult } from "../net/upload";
import { AppShell } from "./app-shell";

let transport: FakeTransport;
let app: App;
let finishUpload: (result: UploadResult) => void;

beforeEach(() => {
  history.replaceState(null, "", "/");
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe() {}
      disconnect() {}
    },
  );
  transport = new FakeTransport();
  transport.answers.join = () =>
    joinReply({ history: [message(1), message(2, { message: "see https://a.org/b" })] });
  let seq = 2;
  transport.answers.message = () => ({ ok: true, id: `m${++seq}`, seq, timestamp: Date.now() });
  app = createApp({
    transport,
    tab: memoryStore(),
    device: memoryStore(),
    tray: {
      start: () => ({
        done: new Promise((resolve) => {
          finishUpload = resolve;
        }),
        abort: () => {},
      }),
      preview: () => "blob:x",
      release: () => {},
      newId: () => "i1",
    },
  });
  render(
    <AppProvider value={app}>
      <AppShell />
    </AppProvider>,
  );
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const byId = (id: string) => screen.getByTestId(id);
const texts = () => screen.getAllByTestId("message-text").map((element) => element.textContent);

async function join(name = "Ada", room = "tea"): Promise<void> {
  fireEvent.input(byId("join-name"), { target: { value: name } });
  fireEvent.input(byId("join-room"), { target: { value: room } });
  fireEvent.click(byId("join-submit"));
  await settle();
}

async function write(text: string): Promise<void> {
  fireEvent.input(byId("composer-input"), { target: { value: text } });
  fireEvent.keyDown(byId("composer-input"), { key: "Enter" });
  await settle();
}

/** Everything axe knows, but for colours: those need a real browser, and contrast.test.ts has them. */
async function problems(): Promise<string[]> {
  const found = await axe.run(document.body, { rules: { "color-contrast": { enabled: false } } });
  return found.violations.map((each) => `${each.id}: ${each.nodes.map((node) => node.html).join(" ")}`);
}

test("axe sees problems in this environment at all", async () => {
  document.body.insertAdjacentHTML("beforeend", "<main><button></button><img src='/x'></main>");
  const found = await problems();
  document.body.lastElementChild?.remove();
  expect(found.join(" ")).toContain("button-name");
  expect(found.join(" ")).toContain("image-alt");
});

describe("the door", () => {
  test("an empty name is told at its field, which gets the focus; the server is not asked", async () => {
    await join("  ");
    expect(byId("join-error").dataset.code).toBe("name_empty");
    expect(byId("join-name").getAttribute("aria-describedby")).toBe("join-error");
    expect(document.activeElement).toBe(byId("join-name"));
    expect(transport.payloads("join")).toEqual([]);
  });

  test("a room the server refuses is told at the room's field", async () => {
    transport.answers.join = () => ({ ok: false, error: { code: "room_invalid", message: "Not that one." } });
    await join();
    expect(byId("join-error").textContent).toBe("Not that one.");
    expect(byId("join-room").getAttribute("aria-invalid")).toBe("true");
    expect(byId("join-name").getAttribute("aria-invalid")).toBe("false");
  });

  test("has no accessibility problems axe can see", async () => {
    await join("  ");
    expect(await problems()).toEqual([]);
  });
});

describe("the conversation", () => {
  test("shows history with authors, times and a day line, and who is there", async () => {
    await join();
    expect(texts()).toEqual(["text 1", "see https://a.org/b"]);
    expect(screen.getAllByTestId("message-author")[0]?.textContent).toBe("Bo");
    expect(screen.getAllByTestId("message").map((element) => element.dataset.seq)).toEqual(["1", "2"]);
    expect(screen.getAllByTestId("day-separator").length).toBe(1);
    expect(byId("member-count").textContent).toBe("2");
    expect(screen.getAllByTestId("member").map((element) => element.dataset.name)).toEqual(["Ada", "Bo"]);
  });

  test("markup in messages, names and rooms is shown as text", async () => {
    const evil = '<img src=x onerror="alert(1)"><script>alert(2)</script>';
    transport.answers.join = () =>
      joinReply({ members: ["Ada", evil], history: [message(1, { username: evil, message: evil })] });
    await join();
    expect(texts()).toEqual([evil]);
    expect(screen.getAllByTestId("message-author")[0]?.textContent).toBe(evil);
    expect(document.querySelectorAll("[data-testid=messages] img, script").length).toBe(0);
  });

  test("links open elsewhere and tell nothing about us", async () => {
    await join();
    const link = within(byId("messages")).getByRole("link");
    expect(link.getAttribute("href")).toBe("https://a.org/b");
    expect(link.getAttribute("target")).toBe("_blank");
    expect(link.getAttribute("rel")).toContain("noopener");
  });

  test("Enter sends, shortcodes become emoji, and the field is empty again", async () => {
    await join();
    await write("hi :tada:");
    await waitFor(() => expect(texts().at(-1)).toBe("hi 🎉"));
    await settle();
    expect((byId("composer-input") as HTMLTextAreaElement).value).toBe("");
    const last = screen.getAllByTestId("message").at(-1);
    expect(last?.dataset).toMatchObject({ state: "sent", seq: "3", own: "true" });
  });

  test("Shift+Enter, and Enter while an input method composes, do not send", async () => {
    await join();
    fireEvent.input(byId("composer-input"), { target: { value: "hi" } });
    fireEvent.keyDown(byId("composer-input"), { key: "Enter", shiftKey: true });
    fireEvent.keyDown(byId("composer-input"), { key: "Enter", isComposing: true });
    await settle();
    expect(transport.payloads("message")).toEqual([]);
  });

  test("a message of nothing but white space is not sent; one that is too long cannot be", async () => {
    await join();
    await write("  \n ");
    await write("ü".repeat(5_000));
    expect(transport.payloads("message")).toEqual([]);
    expect((byId("composer-send") as HTMLButtonElement).disabled).toBe(true);
    expect(byId("composer-input").getAttribute("aria-invalid")).toBe("true");
  });

  test("a refused message stays, says why, and can be sent again", async () => {
    await join();
    const good = transport.answers.message;
    transport.answers.message = () => ({
      ok: false,
      error: { code: "message_invalid", message: "Not this." },
    });
    await write("hello");
    expect(screen.getAllByTestId("message").at(-1)?.dataset.state).toBe("failed");
    expect(screen.getAllByTestId("message").at(-1)?.textContent).toContain("Not this.");
    if (good) transport.answers.message = good;
    fireEvent.click(byId("message-retry"));
    await settle();
    expect(screen.getAllByTestId("message").at(-1)?.dataset.state).toBe("sent");
  });

  test("offline: the banner says so, what is written waits, and goes out when the server is back", async () => {
    await join();
    transport.goDown();
    await write("later");
    expect(byId("connection-banner").dataset.state).toBe("offline");
    expect(screen.getAllByTestId("message").at(-1)?.dataset.state).toBe("pending");
    transport.answers.join = () => joinReply({ last_seq: 2 });
    transport.comeUp();
    await settle();
    await settle();
    expect(screen.getAllByTestId("message").at(-1)?.dataset.state).toBe("sent");
    expect(byId("connection-banner").dataset.state).toBe("online");
  });

  test("an image goes with the message once it is uploaded, even if Enter came first", async () => {
    await join();
    const file = new File(["x"], "a.png", { type: "image/png" });
    fireEvent.change(byId("upload-input"), { target: { files: [file] } });
    await settle();
    expect(byId("upload-progress")).toBeTruthy();
    await write("look");
    expect(transport.payloads("message")).toEqual([]);
    const attachment = {
      url: "/uploads/a.png",
      name: "a.png",
      type: "image/png",
      size: 1,
      width: 760,
      height: 400,
    };
    finishUpload({ ok: true, attachment });
    await waitFor(() => expect(transport.payloads("message").length).toBe(1));
    const image = await screen.findByTestId("message-image");
    expect([image.getAttribute("width"), image.getAttribute("height")]).toEqual(["380", "200"]);
  });

  test("a taken name in another room asks for a name for that room", async () => {
    await join();
    transport.answers.join = () => ({ ok: false, error: { code: "name_taken", message: "Taken." } });
    fireEvent.input(byId("new-room-input"), { target: { value: "milk" } });
    fireEvent.click(byId("new-room-submit"));
    await settle();
    transport.answers.join = (payload: { username: string }) =>
      joinReply({ room: "milk", you: payload.username });
    fireEvent.input(await screen.findByTestId("new-room-name"), { target: { value: "Ada 2" } });
    fireEvent.click(byId("new-room-submit"));
    await settle();
    expect(app.chat.active.value?.you.value).toBe("Ada 2");
  });

  test("our name went to somebody else: the room offers to come back under another", async () => {
    await join();
    transport.goDown();
    transport.answers.join = () => ({
      ok: false,
      error: { code: "name_taken", message: "Taken meanwhile." },
    });
    transport.comeUp();
    await settle();
    expect(byId("room-gate").textContent).toContain("Taken meanwhile.");
    expect(await problems()).toEqual([]);
    transport.answers.join = (payload: { username: string }) =>
      joinReply({ you: payload.username, last_seq: 2 });
    fireEvent.input(byId("gate-name"), { target: { value: "Ada 2" } });
    fireEvent.submit(byId("room-gate"));
    await settle();
    expect(screen.queryByTestId("room-gate")).toBeNull();
  });

  test("has no accessibility problems axe can see: messages, a failed one, a picture, the picker open", async () => {
    const image = { url: "/uploads/a.png", name: "a.png", type: "image/png", size: 1, width: 9, height: 9 };
    transport.answers.join = () => joinReply({ history: [message(1), message(2, { attachments: [image] })] });
    transport.answers.rooms = () => ({ ok: true, rooms: [{ name: "milk", count: 3, topic: "" }] });
    await join();
    transport.answers.message = () => ({ ok: false, error: { code: "message_invalid", message: "No." } });
    await write("hello");
    transport.push("typing", { room: "tea", usernames: ["Bo"] });
    fireEvent.click(byId("emoji-button"));
    await screen.findByTestId("emoji-picker");
    expect(await problems()).toEqual([]);
  });

  test("an empty room invites, and has no accessibility problems", async () => {
    transport.answers.join = () => joinReply({ members: ["Ada"], count: 1 });
    await join();
    expect(byId("empty-room").textContent).toContain("quiet");
    expect(await problems()).toEqual([]);
  });
});

describe("toasts", () => {
  test.each([
    ["the pointer", "pointerEnter", "pointerLeave"],
    ["the focus", "focusIn", "focusOut"],
  ] as const)("stay while %s is on them", (_what, enter, leave) => {
    vi.useFakeTimers();
    app.toasts.show("read me");
    const box = document.querySelector(".toasts") as HTMLElement;
    fireEvent[enter](box);
    vi.advanceTimersByTime(60_000);
    expect(app.toasts.list.value.length).toBe(1);
    fireEvent[leave](box);
    vi.advanceTimersByTime(6_000);
    expect(app.toasts.list.value).toEqual([]);
    vi.useRealTimers();
  });
});

describe("the list of rooms", () => {
  const item = (room: string) =>
    screen.getAllByTestId("room-item").find((each) => each.dataset.room === room) as HTMLElement;

  test("joining a listed room shows and says so until the answer is there, and asks only once", async () => {
    transport.answers.rooms = () => ({ ok: true, rooms: [{ name: "milk", count: 3, topic: "" }] });
    await join();
    for (const answer of [
      { ok: false, error: { code: "room_invalid", message: "Not that one." } },
      joinReply({ room: "milk" }),
    ]) {
      const asked = transport.payloads("join").length;
      let reply = (_answer: unknown) => {};
      transport.answers.join = () =>
        new Promise((resolve) => {
          reply = resolve;
        });
      fireEvent.click(item("milk"));
      await settle();
      expect(item("milk").getAttribute("aria-busy")).toBe("true");
      expect(item("milk").textContent).toContain("Joining…");
      expect(screen.getByText("Joining #milk…").getAttribute("role")).toBe("status");
      fireEvent.click(item("milk"));
      await settle();
      expect(transport.payloads("join").length).toBe(asked + 1);
      reply(answer);
      await settle();
      expect(screen.queryByText("Joining #milk…")).toBeNull();
    }
    expect(item("milk").dataset.joined).toBe("true");
  });
});

describe("the emoji picker", () => {
  const open = async () => {
    await join();
    fireEvent.click(byId("emoji-button"));
    await screen.findByTestId("emoji-picker");
  };

  test("finds by word, and puts what is picked where the caret is", async () => {
    await open();
    fireEvent.input(byId("emoji-search"), { target: { value: "rocket" } });
    expect(screen.getAllByTestId("emoji-option")[0]?.dataset.emoji).toBe("🚀");
    fireEvent.keyDown(byId("emoji-search"), { key: "Enter" });
    expect((byId("composer-input") as HTMLTextAreaElement).value).toBe("🚀");
    expect(screen.queryByTestId("emoji-picker")).toBeNull();
  });

  test("is closed by Esc and remembers what was used", async () => {
    await open();
    fireEvent.click(screen.getAllByTestId("emoji-option")[3] as HTMLElement);
    fireEvent.click(byId("emoji-button"));
    await screen.findByTestId("emoji-picker");
    expect(screen.getAllByTestId("emoji-tab")[0]?.getAttribute("aria-label")).toBe("Recent");
    expect(screen.getAllByTestId("emoji-option").length).toBe(1);
    fireEvent.keyDown(byId("emoji-search"), { key: "Escape" });
    expect(screen.queryByTestId("emoji-picker")).toBeNull();
  });
});
