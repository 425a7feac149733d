// The small state modules that stand between the page and the browser.
import { signal } from "@preact/signals";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FakeTransport, message } from "../../test/fake-transport";
import { memoryStore } from "../lib/storage";
import { readLimits } from "../net/config";
import { defaultLimits } from "../net/protocol";
import { readAnswer, type UploadResult } from "../net/upload";
import { Credentials } from "./credentials";
import { Notifications } from "./notifications";
import { ThemeChoice } from "./theme";
import { MAX_IMAGES, type Pending, summary, TrayKeeper, uploading } from "./tray";
import { TypingReporter } from "./typing";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe("typing", () => {
  const reports = (transport: FakeTransport) => transport.payloads("typing").map((payload) => payload.typing);

  test("is told at most every three seconds, and its end once", () => {
    const transport = new FakeTransport();
    const typing = new TypingReporter(transport);
    for (let ms = 0; ms < 6_500; ms += 250) {
      typing.input("tea", "text");
      vi.advanceTimersByTime(250);
    }
    typing.stop();
    typing.stop();
    expect(reports(transport)).toEqual([true, true, true, false]);
  });

  test("ends by itself after a pause, and when everything is deleted", () => {
    const transport = new FakeTransport();
    const typing = new TypingReporter(transport);
    typing.input("tea", "x");
    vi.advanceTimersByTime(4_100);
    typing.input("tea", "y");
    typing.input("tea", "  ");
    expect(reports(transport)).toEqual([true, false, true, false]);
  });

  test("in another room ends in the first one", () => {
    const transport = new FakeTransport();
    const typing = new TypingReporter(transport);
    typing.input("tea", "x");
    typing.input("milk", "x");
    expect(transport.payloads("typing")).toEqual([
      { room: "tea", typing: true },
      { room: "tea", typing: false },
      { room: "milk", typing: true },
    ]);
  });
});

describe("images to send", () => {
  const png = (size = 10, type = "image/png") => ({ name: "a.png", type, size }) as File;
  function tools() {
    const runs: { progress: (f: number) => void; finish: (r: UploadResult) => void; aborted: boolean }[] = [];
    const released: string[] = [];
    let id = 0;
    const keeper = new TrayKeeper({
      start: (_, progress) => {
        let finish: (r: UploadResult) => void = () => {};
        const done = new Promise<UploadResult>((resolve) => {
          finish = resolve;
        });
        const run = { progress, finish, aborted: false };
        runs.push(run);
        const abort = () => {
          run.aborted = true;
        };
        return { done, abort };
      },
      preview: () => `blob:${id}`,
      release: (preview) => void released.push(preview),
      newId: () => `i${id++}`,
    });
    return { keeper, runs, released, tray: signal<readonly Pending[]>([]) };
  }
  const attachment = { url: "/uploads/a", name: "a", type: "image/png", size: 1, width: 1, height: 1 };

  test("progress, then ready, then taken with the message; the preview is given back", async () => {
    const { keeper, runs, released, tray } = tools();
    keeper.add(tray, [png()], defaultLimits);
    runs[0]?.progress(0.4);
    expect(tray.value[0]).toMatchObject({ state: "uploading", progress: 0.4 });
    expect(uploading(tray.value)).toBe(true);
    runs[0]?.finish({ ok: true, attachment });
    await vi.advanceTimersByTimeAsync(0);
    expect(tray.value[0]?.state).toBe("done");
    expect(keeper.take(tray)).toEqual([attachment]);
    expect(tray.value).toEqual([]);
    expect(released.length).toBe(1);
  });

  test("wrong type, too large, empty and too many are refused before anything is sent", () => {
    const { keeper, runs, tray } = tools();
    const many = Array.from({ length: MAX_IMAGES + 1 }, () => png());
    keeper.add(tray, [png(10, "text/plain"), png(11 * 1024 * 1024), png(0), ...many], defaultLimits);
    expect(runs.length).toBe(MAX_IMAGES);
    expect(tray.value.filter((item) => item.state === "failed").map((item) => item.error)).toEqual([
      "Only PNG, JPEG, GIF and WebP images can be sent.",
      "11 MB is too large; the limit is 10 MB.",
      "This file is empty.",
      `A message holds at most ${MAX_IMAGES} images.`,
    ]);
  });

  test("cancelling ends the upload; its late answer brings nothing back", async () => {
    const { keeper, runs, tray } = tools();
    keeper.add(tray, [png()], defaultLimits);
    keeper.remove(tray, tray.value[0]?.id ?? "");
    expect(runs[0]?.aborted).toBe(true);
    runs[0]?.finish({ ok: true, attachment });
    await vi.advanceTimersByTimeAsync(0);
    expect(tray.value).toEqual([]);
  });

  test("a failed upload says why and does not go with the message", async () => {
    const { keeper, runs, tray } = tools();
    keeper.add(tray, [png()], defaultLimits);
    runs[0]?.finish({ ok: false, error: { code: "upload_invalid", message: "broken" } });
    await vi.advanceTimersByTimeAsync(0);
    expect(tray.value[0]).toMatchObject({ state: "failed", error: "broken" });
    expect(tray.value[0]?.again).toBeUndefined(); // the file itself is bad
    expect(keeper.take(tray)).toEqual([]);
    expect(tray.value.length).toBe(1);
  });

  test("what was cut off is uploaded again at its place, with the same preview", async () => {
    const { keeper, runs, released, tray } = tools();
    keeper.add(tray, [png(), png()], defaultLimits);
    runs[0]?.finish({ ok: false, error: { code: "disconnected", message: "cut off" } });
    runs[1]?.finish({ ok: true, attachment });
    await vi.advanceTimersByTimeAsync(0);
    const [id, other] = tray.value.map((item) => item.id);
    keeper.retry(tray, id ?? "", defaultLimits);
    keeper.retry(tray, other ?? "", defaultLimits);
    expect(runs.length).toBe(3);
    expect(tray.value[0]).toMatchObject({ id, state: "uploading", progress: 0, error: undefined });
    expect(released).toEqual([]);
    runs[2]?.finish({ ok: true, attachment: { ...attachment, url: "/uploads/b" } });
    await vi.advanceTimersByTimeAsync(0);
    expect(keeper.take(tray).map((each) => each.url)).toEqual(["/uploads/b", "/uploads/a"]);
    expect(tray.value).toEqual([]);
  });

  test("is told in words: what is on its way, then what is ready", async () => {
    const { keeper, runs, tray } = tools();
    expect(summary(tray.value)).toBe("");
    keeper.add(tray, [png(), png(), png(0)], defaultLimits);
    expect(summary(tray.value)).toBe("Uploading 2 images.");
    runs[0]?.finish({ ok: true, attachment });
    await vi.advanceTimersByTimeAsync(0);
    expect(summary(tray.value)).toBe("Uploading 1 image.");
    runs[1]?.finish({ ok: true, attachment });
    await vi.advanceTimersByTimeAsync(0);
    expect(summary(tray.value)).toBe("2 images ready to send.");
  });

  test("trying again makes no eleventh image", async () => {
    const { keeper, runs, tray } = tools();
    keeper.add(tray, [png()], defaultLimits);
    runs[0]?.finish({ ok: false, error: { code: "timeout", message: "slow" } });
    await vi.advanceTimersByTimeAsync(0);
    const full = Array.from({ length: MAX_IMAGES }, () => png());
    keeper.add(tray, full, defaultLimits);
    keeper.retry(tray, tray.value[0]?.id ?? "", defaultLimits);
    expect(runs.length).toBe(MAX_IMAGES + 1);
    expect(tray.value[0]).toMatchObject({ state: "failed", error: expect.stringContaining("at most") });
  });
});

describe("the answer to an upload", () => {
  const good = {
    ok: true,
    url: "/uploads/a.png",
    name: "a",
    type: "image/png",
    size: 5,
    width: 2,
    height: 3,
  };

  test("is taken when it is whole, with or without a thumbnail", () => {
    expect(readAnswer(200, JSON.stringify({ ...good, thumbnail: null }))).toMatchObject({
      ok: true,
      attachment: { url: "/uploads/a.png", width: 2 },
    });
    expect(readAnswer(201, JSON.stringify({ ...good, thumbnail: "/uploads/t.png" }))).toMatchObject({
      attachment: { thumbnail: "/uploads/t.png" },
    });
  });

  test("of another shape becomes a sentence, never an exception", () => {
    for (const body of [
      "",
      "<html>",
      "null",
      "[]",
      '{"ok":true}',
      '{"ok":false}',
      '{"ok":false,"error":"x"}',
    ]) {
      expect(readAnswer(200, body).ok).toBe(false);
    }
    expect(readAnswer(413, "<html>")).toMatchObject({ error: { code: "upload_too_large" } });
    expect(readAnswer(418, "")).toMatchObject({ error: { code: "upload_failed" } });
  });

  test("carries the server's own words, as a sentence, when there are some", () => {
    const body = JSON.stringify({ ok: false, error: { code: "upload_invalid", message: "broken" } });
    expect(readAnswer(422, body)).toEqual({
      ok: false,
      error: { code: "upload_invalid", message: "Broken." },
    });
  });
});

test("limits are taken one by one; what is missing or nonsense keeps its default", () => {
  expect(readLimits({ max_upload: 5, max_name: "x", max_room: -1, max_message: Number.NaN })).toEqual({
    ...defaultLimits,
    max_upload: 5,
  });
  expect(readLimits(undefined)).toEqual(defaultLimits);
});

describe("credentials", () => {
  test("a tab keeps to its own token; another tab takes the name's latest", () => {
    const device = memoryStore();
    const first = new Credentials(memoryStore(), device);
    first.rememberToken("Ada", "t1");
    const second = new Credentials(memoryStore(), device);
    expect(second.token("Ada")).toBe("t1");
    expect(second.token("Bo")).toBeUndefined();
    second.rememberToken("Bo", "t2");
    second.rememberToken("Ada", "t2");
    expect(first.token("Ada")).toBe("t1");
    expect(first.token("Bo")).toBe("t1");
  });

  test("whoever signs in after another person does not carry that person's token", () => {
    const credentials = new Credentials(memoryStore(), memoryStore());
    credentials.rememberToken("Ada", "t1");
    credentials.forgetPerson();
    expect(credentials.token("Bo")).toBeUndefined();
    expect(credentials.token("Ada")).toBe("t1");
  });

  test("names like __proto__ neither find nor plant anything", () => {
    const device = memoryStore();
    expect(new Credentials(memoryStore(), device).token("__proto__")).toBeUndefined();
    new Credentials(memoryStore(), device).rememberToken("__proto__", "t");
    expect(new Credentials(memoryStore(), device).token("__proto__")).toBe("t");
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
  });

  test("the store of tokens does not grow without end", () => {
    const device = memoryStore();
    const credentials = new Credentials(memoryStore(), device);
    for (let index = 0; index < 500; index++) credentials.rememberToken(`user ${index}`, `t${index}`);
    expect(Object.keys(device.get("tokens") as object).length).toBeLessThanOrEqual(60);
    expect(new Credentials(memoryStore(), device).token("user 499")).toBe("t499");
  });

  test("a session of another shape is no session", () => {
    const tab = memoryStore();
    const credentials = new Credentials(tab, memoryStore());
    for (const value of [
      1,
      null,
      {},
      { username: "a", rooms: [] },
      { username: "a", rooms: [{ name: 1 }] },
    ]) {
      tab.set("session", value);
      expect(credentials.session()).toBeUndefined();
    }
  });
});

describe("theme", () => {
  const system = (dark: boolean) => ({ matches: dark, addEventListener: () => {} });

  test("follows the system until it is switched, and remembers the switch", () => {
    const device = memoryStore();
    const theme = new ThemeChoice(device, system(true));
    expect(theme.current.value).toBe("dark");
    theme.toggle();
    expect(theme.current.value).toBe("light");
    expect(new ThemeChoice(device, system(true)).current.value).toBe("light");
  });

  test("switched back to what the system says, it follows the system again", () => {
    const device = memoryStore();
    const theme = new ThemeChoice(device, system(true));
    theme.toggle();
    theme.toggle();
    expect(device.get("theme")).toBeUndefined();
    expect(new ThemeChoice(device, system(false)).current.value).toBe("light");
  });
});

describe("notifications", () => {
  function setUp(permission: NotificationPermission, answer: NotificationPermission = "granted") {
    const shown: { title: string; body: string | undefined; onclick?: () => void; close: () => void }[] = [];
    const asked = vi.fn(async () => answer);
    class Api {
      static permission = permission;
      static requestPermission = asked;
      onclick?: () => void;
      close = () => {};
      body: string | undefined;
      constructor(
        readonly title: string,
        options: NotificationOptions,
      ) {
        this.body = options.body;
        shown.push(this as never);
      }
    }
    const state = { hidden: false };
    const opened: string[] = [];
    const device = memoryStore();
    const make = () =>
      new Notifications({
        device,
        api: Api as unknown as typeof Notification,
        hidden: () => state.hidden,
        open: (room) => void opened.push(room),
      });
    return { notifications: make(), make, shown, asked, state, opened };
  }

  test("are never asked for by themselves, and offered only after a message was missed", async () => {
    const { notifications, asked, state } = setUp("default");
    expect(notifications.offer.value).toBe(false);
    notifications.incoming("tea", message(1));
    expect(notifications.offer.value).toBe(false);
    state.hidden = true;
    notifications.incoming("tea", message(2));
    expect(notifications.offer.value).toBe(true);
    expect(asked).not.toHaveBeenCalled();
    expect(await notifications.enable()).toBe(true);
    expect(notifications.offer.value).toBe(false);
  });

  test("once declined, the offer does not come back, nor after a reload", () => {
    const { notifications, make, state } = setUp("default");
    state.hidden = true;
    notifications.incoming("tea", message(1));
    notifications.dismiss();
    const again = make();
    again.incoming("tea", message(2));
    expect([notifications.offer.value, again.offer.value]).toEqual([false, false]);
  });

  test("show only while the tab is hidden; a click leads to the room", () => {
    const { notifications, shown, state, opened } = setUp("granted");
    notifications.incoming("tea", message(1));
    expect(shown).toEqual([]);
    state.hidden = true;
    notifications.incoming("tea", message(2, { message: "psst" }));
    expect(shown[0]).toMatchObject({ title: "Bo in #tea", body: "psst" });
    shown[0]?.onclick?.();
    expect(opened).toEqual(["tea"]);
  });

  test("an image without words is described; turned off, nothing is shown", () => {
    const { notifications, shown, state } = setUp("granted");
    state.hidden = true;
    const image = { url: "/u", name: "a", type: "image/png", size: 1, width: 1, height: 1 };
    notifications.incoming("tea", message(1, { message: "", attachments: [image] }));
    expect(shown[0]?.body).toBe("sent an image");
    notifications.disable();
    notifications.incoming("tea", message(2));
    expect(shown.length).toBe(1);
  });

  test("a browser without them, or that says no, does no harm", async () => {
    const none = new Notifications({
      device: memoryStore(),
      api: undefined,
      hidden: () => true,
      open: () => {},
    });
    none.incoming("tea", message(1));
    expect(none.offer.value).toBe(false);
    expect(await none.enable()).toBe(false);
    expect(await setUp("default", "denied").notifications.enable()).toBe(false);
  });
});
