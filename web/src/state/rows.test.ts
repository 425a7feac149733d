import { describe, expect, test } from "vitest";
import { message } from "../../test/fake-transport";
import type { Outgoing } from "./outbox";
import { buildRows, type MessageRow } from "./rows";
import { opened } from "./timeline";

const noon = new Date(2026, 4, 12, 12).getTime();
const minute = 60_000;
const at = (seq: number, minutes: number, username = "Bo", fields = {}) =>
  message(seq, { username, timestamp: noon + minutes * minute, ...fields });
const waiting = (clientId: string, state: "pending" | "failed" = "pending"): Outgoing => ({
  clientId,
  room: "tea",
  text: "mine",
  attachments: [],
  createdAt: noon + 9 * minute,
  state,
});
const messages = (rows: ReturnType<typeof buildRows>) =>
  rows.filter((row): row is MessageRow => row.kind === "message");

describe("rows", () => {
  test("messages of one author within five minutes form a group", () => {
    const rows = buildRows(opened([at(1, 0), at(2, 2), at(3, 8), at(4, 8, "Cleo")], 4), [], "Ada", undefined);
    expect(messages(rows).map((row) => [row.first, row.last])).toEqual([
      [true, false],
      [false, true],
      [true, true],
      [true, true],
    ]);
  });

  test("however long one author goes on, a new group begins every five minutes", () => {
    const many = Array.from({ length: 40 }, (_, index) => at(index + 1, index * 4));
    const heads = messages(buildRows(opened(many, 40), [], "Ada", undefined)).filter((row) => row.first);
    expect(heads.map((row) => row.seq)).toEqual(Array.from({ length: 20 }, (_, index) => index * 2 + 1));
  });

  test("each day begins with a line, and a group does not reach over midnight", () => {
    const before = new Date(2026, 4, 12, 23, 59).getTime();
    const rows = buildRows(
      opened([message(1, { timestamp: before }), message(2, { timestamp: before + 2 * minute })], 2),
      [],
      "Ada",
      undefined,
    );
    expect(rows.map((row) => row.kind)).toEqual(["day", "message", "day", "message"]);
    expect(messages(rows).every((row) => row.first)).toBe(true);
  });

  test("the New line stands before the first unread message and parts a group", () => {
    const rows = buildRows(opened([at(1, 0), at(2, 1), at(3, 2)], 3), [], "Ada", 2);
    expect(rows.map((row) => row.kind)).toEqual(["day", "message", "marker", "message", "message"]);
    expect(messages(rows).map((row) => row.first)).toEqual([true, true, false]);
  });

  test("own messages are marked, by the name the server gave us", () => {
    const rows = messages(buildRows(opened([at(1, 0, "Ada"), at(2, 1, "ada")], 2), [], "Ada", undefined));
    expect(rows.map((row) => row.own)).toEqual([true, false]);
  });

  test("a message on its way is shown last, and its row keeps its key when it has been sent", () => {
    const pending = messages(buildRows(opened([at(1, 0)], 1), [waiting("c1")], "Ada", undefined)).at(-1);
    const sent = messages(
      buildRows(opened([at(1, 0), at(2, 9, "Ada", { client_id: "c1" })], 2), [], "Ada", undefined),
    ).at(-1);
    expect(pending).toMatchObject({ state: "pending", seq: undefined });
    expect(sent).toMatchObject({ state: "sent", seq: 2, key: pending?.key });
  });

  test("a message whose broadcast is here before its ack is shown once", () => {
    const rows = buildRows(
      opened([at(1, 0, "Ada", { client_id: "c1" })], 1),
      [waiting("c1")],
      "Ada",
      undefined,
    );
    expect(messages(rows).length).toBe(1);
  });

  test("another person's client_id does not hide our message", () => {
    const rows = buildRows(
      opened([at(1, 0, "Bo", { client_id: "c1" })], 1),
      [waiting("c1")],
      "Ada",
      undefined,
    );
    expect(messages(rows).length).toBe(2);
    expect(new Set(messages(rows).map((row) => row.key)).size).toBe(2);
  });

  test("nothing gives nothing", () => {
    expect(buildRows(opened([], 0), [], "Ada", undefined)).toEqual([]);
  });
});
