import { describe, expect, test } from "vitest";
import { failed, judge, MAX_TRIES, nextPending, type Outgoing, retried, revived, without } from "./outbox";

const item = (clientId: string, fields: Partial<Outgoing> = {}): Outgoing => ({
  clientId,
  room: "tea",
  text: "hi",
  attachments: [],
  createdAt: 1,
  state: "pending",
  ...fields,
});
const refusal = (code: string, retry_after_ms?: number) =>
  ({ ok: false, error: { code, message: code, ...(retry_after_ms ? { retry_after_ms } : {}) } }) as const;

describe("what an answer means for a message", () => {
  test("stored: sent", () => {
    expect(judge({ ok: true, id: "a", seq: 1, timestamp: 1 }, 1)).toEqual({ kind: "sent" });
  });

  test("too fast: again when the server says, within reason, however often", () => {
    expect(judge(refusal("rate_limited", 700), 99)).toEqual({ kind: "again", ms: 700 });
    expect(judge(refusal("rate_limited"), 1)).toEqual({ kind: "again", ms: 1_000 });
    expect(judge(refusal("rate_limited", 10_000_000), 1)).toEqual({ kind: "again", ms: 30_000 });
  });

  test("a lost connection or a server that stops: wait, do not fail", () => {
    expect(judge(refusal("disconnected"), 9).kind).toBe("wait");
    expect(judge(refusal("shutting_down"), 9).kind).toBe("wait");
  });

  test("no answer, or the store is down: a few tries with growing pauses, then failed", () => {
    const first = judge(refusal("timeout"), 1);
    const second = judge(refusal("store_unavailable"), 2);
    expect(first.kind).toBe("again");
    expect(second.kind === "again" && first.kind === "again" && second.ms > first.ms).toBe(true);
    expect(judge(refusal("timeout"), MAX_TRIES).kind).toBe("fail");
  });

  test("not in the room any more: join and try again, but not for ever", () => {
    expect(judge(refusal("not_joined"), 1).kind).toBe("rejoin");
    expect(judge(refusal("not_joined"), MAX_TRIES).kind).toBe("fail");
  });

  test("a refusal that will not change fails at once", () => {
    for (const code of ["message_too_long", "message_invalid", "attachment_unknown", "something_new"]) {
      expect(judge(refusal(code), 1).kind).toBe("fail");
    }
  });
});

describe("outbox", () => {
  test("a failed message does not hold up the next one", () => {
    const outbox = failed([item("a"), item("b")], "a", "no");
    expect(nextPending(outbox)?.clientId).toBe("b");
    expect(outbox[0]).toMatchObject({ state: "failed", error: "no" });
  });

  test("retrying keeps the client_id and the place, and drops the error", () => {
    const outbox = retried(failed([item("a"), item("b")], "a", "no"), "a");
    expect(nextPending(outbox)).toEqual(item("a"));
  });

  test("taking out what is not there changes nothing", () => {
    const outbox = [item("a")];
    expect(without(outbox, "x")).toBe(outbox);
    expect(without(outbox, "a")).toEqual([]);
  });

  test("what another page left in storage is taken only if it has the right shape", () => {
    expect(revived([item("a"), { clientId: 1 }, null, "x", { ...item("b"), state: "weird" }])).toEqual([
      item("a"),
    ]);
    expect(revived("nonsense")).toEqual([]);
  });
});
