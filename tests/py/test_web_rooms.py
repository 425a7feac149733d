"""History, presence and typing: what people in a room learn of each other, and that nobody misses or doubles
anything, however they come and go."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from conftest import StartApp
from support.clients import Connections
from support.program import PATIENCE
from support.raw_client import RawClient
from support.servers import AppServer

STORES = ["memory", "sqlite"]


@pytest.fixture
def server(start_app: StartApp) -> AppServer:
    return start_app("--store", "memory")


def seqs(messages: list[dict[str, Any]]) -> list[int]:
    return [message["seq"] for message in messages]


# History


@pytest.mark.parametrize("store", STORES)
def test_history_is_read_in_pages_in_both_directions(start_app: StartApp, connections: Connections, store: str) -> None:
    client = connections.joined(start_app("--store", store, "--rate-limit", "off"), "Anna")
    calls = [client.start_call("message", {"room": "lobby", "message": f"m{n}"}) for n in range(1, 301)]
    for call in calls:
        client.finish_call(call)

    def page(**which: int) -> tuple[list[int], bool]:
        answer = client.call("history", {"room": "lobby", **which})
        assert answer["last_seq"] == 300
        assert all(m["message"] == f"m{m['seq']}" and m["room"] == "lobby" for m in answer["messages"])
        return seqs(answer["messages"]), answer["more"]

    def span(first: int, last: int) -> list[int]:
        return list(range(first, last + 1))

    assert page() == (span(251, 300), True)
    assert page(limit=3) == (span(298, 300), True)
    assert page(limit=100_000) == (span(101, 300), True)
    assert page(limit=2**63) == (span(101, 300), True)
    assert page(before=251) == (span(201, 250), True)
    assert page(before=51) == (span(1, 50), False)
    assert page(before=3) == (span(1, 2), False)
    assert page(before=1) == ([], False)
    assert page(before=0) == ([], False)
    assert page(before=10**9, limit=1) == ([300], True)
    assert page(after=0, limit=2) == ([1, 2], True)
    assert page(after=297) == (span(298, 300), False)
    assert page(after=250) == (span(251, 300), False)
    assert page(after=249) == (span(250, 299), True)
    assert page(after=300) == ([], False)
    assert page(after=10**9) == ([], False)
    assert page(after=2**64 - 1) == ([], False)
    # Once through everything, as a page does that scrolls up.
    collected: list[int] = []
    before, more = 301, True
    while more:
        found, more = page(before=before, limit=70)
        collected = found + collected
        before = found[0]
    assert collected == span(1, 300)


@pytest.mark.parametrize("store", STORES)
def test_a_join_brings_the_newest_messages_or_those_since(
    start_app: StartApp, connections: Connections, store: str
) -> None:
    server = start_app("--store", store, "--rate-limit", "off", "--threads", "2")
    anna = connections.joined(server, "Anna")
    calls = [anna.start_call("message", {"room": "lobby", "message": f"m{n}"}) for n in range(1, 261)]
    for call in calls:
        anna.finish_call(call)

    def join(**more: int) -> tuple[list[int], bool, int]:
        with RawClient(server) as ben:
            answer = ben.call("join", {"username": "Ben", "room": "lobby", **more})
            return seqs(answer["history"]), answer["more"], answer["last_seq"]

    assert join() == (list(range(211, 261)), True, 260)
    assert join(since=258) == ([259, 260], False, 260)
    assert join(since=260) == ([], False, 260)
    assert join(since=0) == (list(range(1, 201)), True, 260)
    # More than there is: a store that forgot. Nothing, and nothing held back later.
    with RawClient(server) as ben:
        assert ben.join("Ben", since=1000)["history"] == []
        anna.say("still heard")
        ben.wait_for_text("still heard")


def test_rooms_do_not_hear_each_other(server: AppServer, connections: Connections) -> None:
    one, two = connections.joined(server, "Anna", "one"), connections.joined(server, "Anna", "two")
    both = connections.joined(server, "Ben", "one")
    both.join("Ben", "two")
    assert one.say("in one", "one")["seq"] == two.say("in two", "two")["seq"] == 1
    both.wait_for_all("message", 2)
    one.say("end", "one")
    one.wait_for_text("end")
    two.say("end", "two")
    two.wait_for_text("end")
    assert [m["room"] for m in one.received("message")] == ["one", "one"]
    assert [m["room"] for m in two.received("message")] == ["two", "two"]


def test_the_list_of_rooms_has_live_and_kept_ones(start_app: StartApp, connections: Connections) -> None:
    server = start_app("--threads", "2")
    for number, people in enumerate((1, 3, 2)):
        for person in range(people):
            connections.joined(server, f"P{person}", f"room {number}")
    gone = connections.joined(server, "Zoe", "attic")
    gone.say("remember me", "attic")
    connections.joined(server, "Yan", "silent").call("leave", {"room": "silent"})
    gone.call("leave", {"room": "attic"})
    asked = connections.raw(server)
    assert asked.call("rooms")["rooms"] == [
        {"name": "room 1", "count": 3, "topic": ""},
        {"name": "room 2", "count": 2, "topic": ""},
        {"name": "room 0", "count": 1, "topic": ""},
        {"name": "attic", "count": 0, "topic": ""},
    ]


# Exactly once


class Sender:
    """Says numbers in a room as fast as the server answers, `window` at a time, until told to stop."""

    def __init__(self, client: RawClient, room: str = "lobby", window: int = 8) -> None:
        self._client, self._room, self._window = client, room, window
        self._stop = threading.Event()
        self.sent = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        under_way: list[int] = []
        while not self._stop.is_set():
            while len(under_way) < self._window:
                under_way.append(self._client.start_call("message", {"room": self._room, "message": f"{self.sent}"}))
                self.sent += 1
            assert self._client.finish_call(under_way.pop(0))["ok"]
        for call in under_way:
            assert self._client.finish_call(call)["ok"]

    def stop(self) -> int:
        """How many there were."""
        self._stop.set()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        return self.sent


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("transport", ["polling", "websocket"])
def test_who_joins_amid_a_flood_gets_each_message_once_by_history_or_live(
    start_app: StartApp, connections: Connections, store: str, transport: str
) -> None:
    server = start_app("--store", store, "--rate-limit", "off", "--threads", "2")
    sender = Sender(connections.joined(server, "Flood"))
    late: list[tuple[RawClient, dict[str, Any]]] = []
    for number in range(12):
        client = connections.raw(server, transport)
        late.append((client, client.join(f"Late {number}")))
    total = sender.stop()
    for client, joined in late:
        history, last = seqs(joined["history"]), joined["last_seq"]
        assert history == list(range(max(1, last - 49), last + 1)), "the newest fifty"
        if last < total:
            client.wait_for("message", lambda m: m["seq"] == total)
        assert seqs(client.received("message")) == list(range(last + 1, total + 1)), "a hole or a double"


@pytest.mark.parametrize("store", STORES)
def test_who_comes_and_goes_amid_a_flood_misses_nothing(
    start_app: StartApp, connections: Connections, store: str
) -> None:
    """A bad network: connect, join with the last seq, listen a moment, be gone without a word; ten times over."""
    server = start_app("--store", store, "--rate-limit", "off", "--threads", "2")
    sender = Sender(connections.joined(server, "Flood"), window=4)
    got: list[int] = []
    token = ""
    for attempt in range(10):
        client = RawClient(server, ("websocket", "polling")[attempt % 2])
        since = got[-1] if got else 0
        joined = client.join("Anna", since=since, **({"token": token} if token else {}))
        token = joined["token"]
        missed = seqs(joined["history"])
        while (missed or [since])[-1] < joined["last_seq"]:  # the rest, page by page, up to where live ones begin
            page = client.call("history", {"room": "lobby", "after": missed[-1], "limit": 200})
            missed += [seq for seq in seqs(page["messages"]) if seq <= joined["last_seq"]]
        time.sleep(0.03)
        client.drop()
        got += missed + seqs(client.received("message"))
    total = sender.stop()
    with RawClient(server) as client:
        after = got[-1]
        while after < total:
            page = client.join("Anna", since=after, token=token)
            got += seqs(page["history"])
            after = got[-1]
    assert got == list(range(1, total + 1))


# Presence


def test_presence_tells_who_came_and_went_and_how_many_are_left(server: AppServer, connections: Connections) -> None:
    anna = connections.joined(server, "Anna")
    everyone = [connections.joined(server, f"Guest {n}") for n in range(5)]
    anna.wait_for("presence", lambda p: p["count"] == 6)
    came = [name for p in anna.received("presence") for name in p["joined"]]
    assert sorted(name for name in came if name != "Anna") == [f"Guest {n}" for n in range(5)]
    everyone[0].call("leave", {"room": "lobby"})
    everyone[1].close()
    everyone[2].drop()
    anna.wait_for("presence", lambda p: p["count"] == 3 and p["left"])
    left = [name for p in anna.received("presence") for name in p["left"]]
    assert sorted(left) == ["Guest 0", "Guest 1", "Guest 2"]
    assert sorted(everyone[4].join("Guest 4")["members"]) == ["Anna", "Guest 3", "Guest 4"]


def test_the_members_of_a_large_room_are_read_page_by_page(start_app: StartApp, connections: Connections) -> None:
    server = start_app("--store", "memory", "--rate-limit", "off", "--threads", "2")
    everybody = {f"Member {n}" for n in range(450)} | {"Zoë", "__proto__"}
    for name in everybody:
        connections.joined(server, name)
    last = connections.raw(server)
    joined = last.join("anna")
    assert (len(joined["members"]), joined["count"]) == (50, 453)

    pages = [last.call("members", {"room": "#lobby", "after": joined["members"][-1]})]
    while pages[-1]["more"]:
        pages.append(last.call("members", {"room": "lobby", "after": pages[-1]["members"][-1]}))
    assert [len(page["members"]) for page in pages] == [200, 200, 3]
    assert {page["room"] for page in pages} == {"lobby"}
    assert {page["count"] for page in pages} == {453}
    names = joined["members"] + [name for page in pages for name in page["members"]]
    assert len(names) == 453
    assert set(names) == everybody | {"anna"}

    assert last.call("members", {"room": "lobby", "limit": 2})["members"] == names[:2]
    assert last.call("members", {"room": "lobby", "limit": 10**9})["members"] == names[:200]
    last_one = last.call("members", {"room": "lobby", "after": names[-1]})
    assert (last_one["members"], last_one["more"]) == ([], False)
    assert last.refused("members", {"room": "lobby", "after": "\0"})["code"] == "name_invalid"


def test_a_crowd_that_joins_at_once_makes_few_presence_events(start_app: StartApp, connections: Connections) -> None:
    server = start_app("--store", "memory", "--rate-limit", "off")
    anna = connections.joined(server, "Anna")
    began = time.monotonic()
    for number in range(100):
        connections.raw(server).emit("join", {"username": f"Guest {number}", "room": "lobby"})
    anna.wait_for("presence", lambda p: p["count"] == 101)
    took = time.monotonic() - began
    assert len(anna.received("presence")) <= 2 + took / 0.1, "at most one in 100 ms"


def test_a_member_with_two_connections_is_one_member(server: AppServer, connections: Connections) -> None:
    ben = connections.joined(server, "Ben")
    phone, laptop = connections.raw(server), connections.raw(server)
    token = phone.join("Anna")["token"]
    again = laptop.join("Anna", token=token)
    assert again["token"] == token
    assert sorted(again["members"]) == ["Anna", "Ben"]
    assert again["count"] == 2
    ben.wait_for("presence", lambda p: "Anna" in p["joined"])
    phone.say("from the phone")
    for client in (phone, laptop, ben):
        client.wait_for_text("from the phone")
    phone.close()
    laptop.say("from the laptop")
    ben.wait_for_text("from the laptop")
    time.sleep(0.3)
    assert [p for p in ben.received("presence") if p["left"]] == [], "she has not left"
    laptop.close()
    assert ben.wait_for("presence", lambda p: p["left"])["left"] == ["Anna"]


def test_a_token_takes_the_name_back_from_a_ghost(server: AppServer, connections: Connections) -> None:
    """The network is gone and the server does not know yet: only who holds the token gets in as the same person."""
    ghost = connections.joined(server, "Anna")
    token = ghost.join("Anna")["token"]
    with RawClient(server) as thief:
        assert thief.refused("join", {"username": "Anna", "room": "lobby"})["code"] == "name_taken"
        wrong = {"username": "Anna", "room": "lobby", "token": token[:-1] + ("a" if token[-1] != "a" else "b")}
        assert thief.refused("join", wrong)["code"] == "name_taken"
        assert thief.refused("join", {**wrong, "token": ""})["code"] == "name_taken"
    with RawClient(server) as back:
        assert back.join("Anna", token=token)["you"] == "Anna"
        ghost.drop()
        back.say("it is me")
        assert back.wait_for_text("it is me")["username"] == "Anna"
        with RawClient(server) as thief:
            assert thief.refused("join", {"username": "anna", "room": "lobby"})["code"] == "name_taken"


def test_a_lost_connection_frees_its_name_at_once(server: AppServer, connections: Connections) -> None:
    for transport in ("websocket", "polling", "upgrade"):
        lost = connections.raw(server, transport)
        lost.join("Anna")
        lost.wait_for("presence")
        time.sleep(0.2)  # a poll is held by now; without one only the missing pong would tell
        lost.drop()
        deadline = time.monotonic() + PATIENCE
        with RawClient(server) as again:
            while not again.call("join", {"username": "Anna", "room": "lobby"})["ok"]:
                assert time.monotonic() < deadline, f"the name of a lost {transport} client stays taken"
                time.sleep(0.2)


# Typing


def test_typing_is_told_and_ends(server: AppServer, connections: Connections) -> None:
    anna, ben, eva = (connections.joined(server, name) for name in ("Anna", "Ben", "Eva"))
    anna.call("typing", {"room": "lobby", "typing": True})
    ben.call("typing", {"room": "lobby", "typing": True})
    eva.wait_for("typing", lambda t: sorted(t["usernames"]) == ["Anna", "Ben"])
    ben.call("typing", {"room": "lobby", "typing": False})
    eva.wait_for("typing", lambda t: t["usernames"] == ["Anna"])
    anna.call("leave", {"room": "lobby"})
    eva.wait_for("typing", lambda t: t["usernames"] == [])


def test_typing_ends_by_itself_and_with_the_connection(server: AppServer, connections: Connections) -> None:
    anna, ben, eva = (connections.joined(server, name) for name in ("Anna", "Ben", "Eva"))
    began = time.monotonic()
    anna.call("typing", {"room": "lobby", "typing": True})
    ben.call("typing", {"room": "lobby", "typing": True})
    eva.wait_for("typing", lambda t: len(t["usernames"]) == 2)
    ben.drop()
    eva.wait_for("typing", lambda t: t["usernames"] == ["Anna"])
    eva.wait_for("typing", lambda t: t["usernames"] == [], timeout=10)
    assert 5 < time.monotonic() - began < 9, "six seconds after the last sign"


def test_many_typing_signs_make_few_events(server: AppServer, connections: Connections) -> None:
    anna, ben = connections.joined(server, "Anna"), connections.joined(server, "Ben")
    answers = [anna.call("typing", {"room": "lobby", "typing": number % 2 == 0}) for number in range(60)]
    assert [answer["ok"] for answer in answers[:20]] == [True] * 20
    assert {answer["error"]["code"] for answer in answers if not answer["ok"]} == {"rate_limited"}
    anna.say("done")
    ben.wait_for_text("done")
    assert len(ben.received("typing")) < 10
