"""What the web chat lets in and what it refuses: names, messages, payloads, rates. One client library stands for all
(test_web_clients.py shows that they see the same)."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import pytest
import websocket

from conftest import StartApp
from support.clients import Connections
from support.servers import AppServer


@pytest.fixture
def server(start_app: StartApp) -> AppServer:
    return start_app("--store", "memory")


# Names


@pytest.mark.parametrize(
    ("username", "code"),
    [
        ("", "name_empty"),
        ("   \t", "name_empty"),
        ("\u3000", "name_empty"),
        ("x" * 33, "name_too_long"),
        ("😀" * 33, "name_too_long"),
        ("x" * 100_000, "name_too_long"),
        ("An\u200bna", "name_invalid"),  # zero-width space
        ("An\u200dna", "name_invalid"),  # zero-width joiner between letters
        ("\u202eannA", "name_invalid"),  # right-to-left override
        ("An\x00na", "name_invalid"),
        ("An\nna", "name_invalid"),
        ("An\u0430", "name_invalid"),  # Latin with a Cyrillic а
        ("\ufeffAnna", "name_invalid"),
        ("a" + "\u0301" * 20, "name_invalid"),  # a pile of accents
        ("system", "name_taken"),  # the server speaks under it
        ("Sуstem".replace("у", "y"), "name_taken"),
    ],
)
def test_an_unfit_name_is_refused_with_its_code(
    server: AppServer, connections: Connections, username: str, code: str
) -> None:
    client = connections.raw(server)
    assert client.refused("join", {"username": username, "room": "lobby"})["code"] == code
    # Nothing came of it, and another try is as good as the first.
    assert client.refused("message", {"room": "lobby", "message": "hi"})["code"] == "not_joined"
    assert client.join("Anna")["members"] == ["Anna"]


@pytest.mark.parametrize(
    "twin",
    ["Coco", "coco", "COCO", "  Coco ", "C0C0", "\u0441\u043e\u0441\u043e", "Ｃｏｃｏ"],
    ids=["same", "small", "capital", "spaces", "zeros", "cyrillic", "wide"],
)
def test_a_name_that_looks_like_one_in_the_room_is_taken(
    server: AppServer, connections: Connections, twin: str
) -> None:
    connections.joined(server, "Coco")
    client = connections.raw(server)
    assert client.refused("join", {"username": twin, "room": "lobby"})["code"] == "name_taken"
    # In another room it is free.
    assert client.join(twin, "elsewhere")["you"] == twin.strip()


def test_a_name_is_free_again_after_its_owner_left(server: AppServer, connections: Connections) -> None:
    anna, other = connections.joined(server, "Anna"), connections.joined(server, "Ben")
    assert other.refused("join", {"username": "Anna", "room": "lobby"})["code"] == "name_taken"
    anna.call("leave", {"room": "lobby"})
    assert other.join("Anna")["members"] == ["Anna"], "a join in the same room renames"


def test_a_rename_shows_in_presence_and_messages(server: AppServer, connections: Connections) -> None:
    anna, ben = connections.joined(server, "Anna"), connections.joined(server, "Ben")
    ben.wait_for("presence", lambda p: "Ben" in p["joined"])
    anna.join("Anna B.")
    came = ben.wait_for("presence", lambda p: "Anna B." in p["joined"])
    assert came["left"] == ["Anna"]
    assert came["count"] == 2
    anna.say("it is me")
    assert ben.wait_for_text("it is me")["username"] == "Anna B."


@pytest.mark.parametrize(
    "username", ["Zoë", "李小龍", "Ольга", "أحمد", "x" * 32, "😀" * 32, "<b>Bob</b>", "O'Neil & Co"]
)
def test_names_of_all_languages_are_welcome(server: AppServer, connections: Connections, username: str) -> None:
    client = connections.raw(server)
    assert client.join(username)["you"] == username
    client.say("hello")
    assert client.wait_for_text("hello")["username"] == username


@pytest.mark.parametrize(
    ("room", "code"),
    [
        ("", "room_empty"),
        ("##", "room_empty"),
        ("r" * 65, "room_too_long"),
        ("a/b", "room_invalid"),
        ("..\\x", "room_invalid"),
        ("lob\u200bby", "room_invalid"),
        ("lob\x00by", "room_invalid"),
    ],
)
def test_an_unfit_room_is_refused_with_its_code(
    server: AppServer, connections: Connections, room: str, code: str
) -> None:
    client = connections.raw(server)
    assert client.refused("join", {"username": "Anna", "room": room})["code"] == code


def test_a_room_is_the_same_with_a_hash_and_spaces(server: AppServer, connections: Connections) -> None:
    anna, ben = connections.raw(server), connections.raw(server)
    assert anna.join("Anna", "#Tea  Room ")["room"] == "Tea Room"
    ben.join("Ben", "Tea Room")
    anna.say("sugar?", "# Tea Room")
    assert ben.wait_for_text("sugar?")["room"] == "Tea Room"
    assert anna.call("leave", {"room": "#Tea Room"}) == {"ok": True}


@pytest.mark.parametrize("word", ["__proto__", "constructor", "toString", "hasOwnProperty", "null", "undefined"])
def test_words_of_javascript_are_plain_data(server: AppServer, connections: Connections, word: str) -> None:
    anna, ben = connections.raw(server), connections.raw(server)
    joined = anna.join(word, word)
    assert (joined["you"], joined["room"], joined["members"]) == (word, word, [word])
    ben.join("Ben", word)
    anna.say(word, word, client_id=word, reply_to=word)
    message = ben.wait_for("message")
    assert [message[key] for key in ("room", "username", "message", "client_id", "reply_to")] == [word] * 5
    assert anna.call("rooms")["rooms"] == [{"name": word, "count": 2, "topic": ""}]
    error = anna.refused(word, {word: {word: word}})
    assert error["code"] == "unknown_event"
    assert word in error["message"]
    extra = anna.call("message", {"room": word, "message": "with more", word: {word: 1}, "__proto__": {"ok": 1}})
    assert extra["ok"]
    assert word not in ben.wait_for_text("with more")


# Messages


@pytest.mark.parametrize("text", ["", " ", "\n\t \r\n"])
def test_an_empty_message_is_refused(server: AppServer, connections: Connections, text: str) -> None:
    client = connections.joined(server, "Anna")
    assert client.refused("message", {"room": "lobby", "message": text})["code"] == "message_empty"
    assert client.refused("message", text)["code"] == "message_empty"


@pytest.mark.parametrize("text", ["a" * 8193, "é" * 4096 + "a", "😀" * 2048 + "a", "x" * 500_000])
def test_a_message_of_more_than_8192_bytes_is_refused(server: AppServer, connections: Connections, text: str) -> None:
    client = connections.joined(server, "Anna")
    error = client.refused("message", {"room": "lobby", "message": text})
    assert error["code"] == "message_too_long"
    assert "8192" in error["message"]
    client.say("a" * 8192)
    assert client.wait_for("message")["seq"] == 1


def test_a_nul_is_refused(server: AppServer, connections: Connections) -> None:
    client = connections.joined(server, "Anna")
    assert client.refused("message", {"room": "lobby", "message": "a\0b"})["code"] == "message_invalid"


def test_a_plain_string_needs_exactly_one_room(server: AppServer, connections: Connections) -> None:
    client = connections.raw(server)
    assert client.refused("message", "hello")["code"] == "not_joined"
    client.join("Anna", "one")
    assert client.call("message", "hello")["ok"]
    client.join("Anna", "two")
    assert client.refused("message", "hello")["code"] == "not_joined"
    client.call("leave", {"room": "one"})
    assert client.call("message", "in the second")["ok"]
    assert client.wait_for_text("in the second")["room"] == "two"


def test_a_retry_with_the_same_client_id_is_stored_and_broadcast_once(
    server: AppServer, connections: Connections
) -> None:
    anna, ben = connections.joined(server, "Anna"), connections.joined(server, "Ben")
    first = anna.say("once", client_id="id-1")
    again = anna.say("once", client_id="id-1")
    assert again == first
    # Another person's id is another id.
    other = ben.say("mine", client_id="id-1")
    assert other["seq"] == 2
    anna.say("the end")
    ben.wait_for_text("the end")
    assert [m["message"] for m in ben.received("message")] == ["once", "mine", "the end"]
    assert [m["seq"] for m in anna.call("history", {"room": "lobby"})["messages"]] == [1, 2, 3]


def test_too_long_ids_are_refused(server: AppServer, connections: Connections) -> None:
    client = connections.joined(server, "Anna")
    client.say("longest", client_id="c" * 64, reply_to="r" * 64)
    for field in ("client_id", "reply_to"):
        assert client.refused("message", {"room": "lobby", "message": "x", field: "i" * 65})["code"] == "bad_payload"


# Payloads


@pytest.mark.parametrize(
    ("event", "arguments"),
    [
        ("join", []),
        ("join", [None]),
        ("join", ["Anna"]),
        ("join", [["Anna", "lobby"]]),
        ("join", [{"username": "Anna"}]),
        ("join", [{"room": "lobby"}]),
        ("join", [{"username": 7, "room": "lobby"}]),
        ("join", [{"username": "Anna", "room": {"name": "lobby"}}]),
        ("join", [{"username": "Anna", "room": "lobby", "since": "3"}]),
        ("join", [{"username": "Anna", "room": "lobby", "since": -1}]),
        ("join", [{"username": "Anna", "room": "lobby", "token": 5}]),
        ("leave", [True]),
        ("leave", [{"room": 1}]),
        ("message", []),
        ("message", [17]),
        ("message", [None]),
        ("message", [{"room": "home"}]),
        ("message", [{"room": "home", "message": ["a"]}]),
        ("message", [{"room": "home", "message": None}]),
        ("message", [{"room": 1, "message": "a"}]),
        ("message", [{"room": "home", "message": "a", "client_id": 1}]),
        ("message", [{"room": "home", "message": "a", "attachments": "x"}]),
        ("message", [{"room": "home", "message": "a", "attachments": [1]}]),
        ("message", [{"room": "home", "message": "a", "attachments": [{"url": "http://elsewhere/x.png"}]}]),
        ("message", [{"room": "home", "message": "a", "attachments": ["/uploads/x.png"] * 11}]),
        ("typing", [{"room": "home"}]),
        ("typing", [{"room": "home", "typing": 1}]),
        ("history", [{}]),
        ("history", [{"room": "home", "before": -1}]),
        ("history", [{"room": "home", "before": 1.5}]),
        ("history", [{"room": "home", "after": "2"}]),
        ("history", [{"room": "home", "limit": [1]}]),
        ("members", [{}]),
        ("members", [{"room": "home", "after": 1}]),
        ("members", [{"room": "home", "limit": -1}]),
    ],
)
def test_a_payload_of_the_wrong_shape_is_refused(
    server: AppServer, connections: Connections, event: str, arguments: list[Any]
) -> None:
    client = connections.joined(server, "Anna", "home")
    assert client.refused(event, *arguments)["code"] == "bad_payload"
    client.say("still here", "home")
    assert len(client.wait_for_all("message", 1)) == 1


@pytest.mark.parametrize("event", ["leave", "message", "typing", "history", "members"])
def test_everything_about_a_room_needs_membership(server: AppServer, connections: Connections, event: str) -> None:
    connections.joined(server, "Anna", "secret").say("for us only", "secret")
    stranger = connections.joined(server, "Ben")
    payload = {"room": "secret", "message": "x", "typing": True}
    known = stranger.refused(event, payload)
    unknown = stranger.refused(event, {**payload, "room": "nowhere"})
    assert known["code"] == unknown["code"] == "not_joined"
    assert known["message"].replace("secret", "nowhere") == unknown["message"], "does not tell whether the room exists"


def test_more_arguments_than_wanted_do_no_harm(server: AppServer, connections: Connections) -> None:
    client = connections.joined(server, "Anna")
    assert client.call("message", {"room": "lobby", "message": "one"}, {"room": "lobby", "message": "two"}, 3)["ok"]
    assert client.call("rooms", {}, None)["ok"]
    assert [m["message"] for m in client.call("history", {"room": "lobby"})["messages"]] == ["one"]


def test_an_unknown_event_is_named_but_not_at_any_length(server: AppServer, connections: Connections) -> None:
    error = connections.raw(server).refused("e" * 100_000)
    assert error["code"] == "unknown_event"
    assert len(error["message"]) < 200


def test_an_unknown_events_name_may_be_cut_anywhere(server: AppServer, connections: Connections) -> None:
    """Cutting it in the middle of a character must not make an answer that is no UTF-8."""
    for shift in range(4):
        error = connections.raw(server).refused("x" * shift + "😀" * 60)
        assert error["code"] == "unknown_event"


# How many, how fast


def test_a_client_may_be_in_fifty_rooms(start_app: StartApp, connections: Connections) -> None:
    server = start_app("--store", "memory", "--rate-limit", "off", "--threads", "2")
    client = connections.raw(server)
    for number in range(50):
        client.join("Anna", f"room {number}")
    assert client.refused("join", {"username": "Anna", "room": "one more"})["code"] == "too_many_rooms"
    client.join("Anne", "room 7")  # a room it is in already is not one more
    client.call("leave", {"room": "room 0"})
    client.join("Anna", "one more")
    assert len(client.call("rooms")["rooms"]) == 50


@pytest.mark.parametrize("threads", ["1", "2"])
def test_fifty_rooms_may_be_joined_at_once(start_app: StartApp, connections: Connections, threads: str) -> None:
    """As a page does that comes back: without waiting for one answer before the next join."""
    server = start_app("--rate-limit", "off", "--threads", threads)
    client = connections.raw(server)
    names = [f"room {number}" for number in range(50)]
    joins = iter({"username": "Anna", "room": name} for name in [*names, *names, "one more"])
    answers = flood(client, 101, "join", joins)
    assert [answer.get("room") for answer in answers[:100]] == names * 2
    assert answers[100]["error"]["code"] == "too_many_rooms"


def flood(client: Any, count: int, event: str, payloads: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sends so many without waiting; all answers."""
    calls = [client.start_call(event, next(payloads)) for _ in range(count)]
    return [client.finish_call(call) for call in calls]


def test_too_many_messages_are_refused_until_the_time_that_the_refusal_names(
    server: AppServer, connections: Connections
) -> None:
    anna, ben = connections.joined(server, "Anna"), connections.joined(server, "Ben")
    numbers = iter({"room": "lobby", "message": f"{number}"} for number in range(10_000))
    answers = flood(anna, 300, "message", numbers)
    refused = [answer["error"] for answer in answers if not answer["ok"]]
    assert [answer["ok"] for answer in answers[:150]] == [True] * 150, "a person's pace and more is no flood"
    assert len(refused) >= 50
    assert {error["code"] for error in refused} == {"rate_limited"}
    # Ben is not slowed.
    ben.say("mine goes through")
    wait = anna.call("message", next(numbers))
    for _ in range(20):
        if not wait["ok"]:
            assert 1 <= wait["error"]["retry_after_ms"] <= 1000
            time.sleep(wait["error"]["retry_after_ms"] / 1000)
        wait = anna.call("message", next(numbers))
        if wait["ok"]:
            break
    assert wait["ok"], "does not work again after the time it named"
    taken = [answer["seq"] for answer in answers if answer["ok"]]
    assert taken == sorted(taken)
    last = ben.wait_for("message", lambda m: m["seq"] == wait["seq"])
    assert [m["seq"] for m in ben.received("message")] == list(range(1, last["seq"] + 1)), "refused ones use no seq"


def test_who_goes_on_in_spite_of_refusals_is_closed(server: AppServer, connections: Connections) -> None:
    anna, ben = connections.joined(server, "Anna"), connections.joined(server, "Ben")
    answers = flood(anna, 1500, "message", ({"room": "lobby", "message": "m"} for _ in range(1500)))
    assert {answer["error"]["code"] for answer in answers if not answer["ok"]} == {"rate_limited"}, "still there"
    with contextlib.suppress(OSError, websocket.WebSocketException):  # closed while this still sends
        for _ in range(10_000):
            anna.emit("no such event")
    assert anna.wait_for_end() == "io server disconnect"
    ben.say("undisturbed")
    ben.call("join", {"username": "Ben", "room": "elsewhere"})


def test_too_many_joins_are_refused_until_the_time_that_the_refusal_names(
    server: AppServer, connections: Connections
) -> None:
    client = connections.raw(server)
    answers = flood(client, 60, "join", iter({"username": "Anna", "room": f"r{n % 3}"} for n in range(60)))
    assert [answer["ok"] for answer in answers[:40]] == [True] * 40
    refused = [answer["error"] for answer in answers if not answer["ok"]]
    assert {error["code"] for error in refused} == {"rate_limited"}
    assert 1 <= refused[-1]["retry_after_ms"] <= 1000
    time.sleep(refused[-1]["retry_after_ms"] / 1000)
    client.join("Anna", "r1")


def test_without_rate_limit_nothing_is_refused(start_app: StartApp, connections: Connections) -> None:
    server = start_app("--store", "memory", "--rate-limit", "off")
    client = connections.joined(server, "Anna")
    texts = iter({"room": "lobby", "message": f"{number}"} for number in range(1000))
    assert all(answer["ok"] for answer in flood(client, 1000, "message", texts))
    rooms = iter({"username": "Anna", "room": f"r{number % 9}"} for number in range(200))
    assert all(answer["ok"] for answer in flood(client, 200, "join", rooms))
    pages = iter({"room": "lobby"} for _ in range(150))
    assert all(answer["ok"] for answer in flood(client, 150, "history", pages))
