"""The web chat as four independent clients see it: npm's socket.io-client, the official Java client, python-socketio
and one written from the protocol documents; each by polling only, by WebSocket only, and by polling with an upgrade."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
import socketio  # type: ignore[import-untyped]

from conftest import StartApp
from support import aio
from support.chat_client import ChatClient
from support.clients import ALL_KINDS, Connections
from support.driven_client import DrivenClient
from support.java_client import JavaClient
from support.node_client import NodeClient
from support.ports import free_port
from support.program import PATIENCE
from support.python_client import PythonClient
from support.servers import AppServer


@pytest.fixture(params=ALL_KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    assert isinstance(request.param, str)
    return request.param


@pytest.fixture
def pair(start_app: StartApp, connections: Connections, kind: str) -> tuple[ChatClient, ChatClient]:
    """Anna and Ben, of the same kind, in the lobby of one server."""
    server = start_app()
    anna, ben = connections.open(server, kind), connections.open(server, kind)
    anna.join("Anna")
    ben.join("Ben")
    return anna, ben


def talk(anna: ChatClient, ben: ChatClient) -> None:
    """Everything two people do, with every answer and event compared whole."""
    before = time.time() * 1000
    joined = anna.call("join", {"username": "Anna", "room": "lobby"})
    token = joined.pop("token")
    assert isinstance(token, str)
    assert len(token) >= 16
    assert joined == {
        "ok": True,
        "you": "Anna",
        "room": "lobby",
        "members": ["Anna"],
        "count": 1,
        "history": [],
        "more": False,
        "last_seq": 0,
    }
    joined = ben.join("Ben")
    assert sorted(joined["members"]) == ["Anna", "Ben"]
    assert joined["count"] == 2
    assert joined["token"] != token
    came = anna.wait_for("presence", lambda p: "Ben" in p["joined"])
    assert came == {"room": "lobby", "joined": came["joined"], "left": [], "count": 2}

    said = ben.call("message", {"room": "lobby", "message": "Good morning, ☀ <b>Anna</b>"})
    assert said == {"ok": True, "id": said["id"], "seq": 1, "timestamp": said["timestamp"]}
    assert before - 1000 < said["timestamp"] < time.time() * 1000 + 1000
    expected = {
        "id": said["id"],
        "seq": 1,
        "room": "lobby",
        "username": "Ben",
        "message": "Good morning, ☀ <b>Anna</b>",
        "timestamp": said["timestamp"],
    }
    assert anna.wait_for("message") == expected
    assert ben.wait_for("message") == expected, "the sender gets the message too"

    # A plain string goes to the only room the client is in.
    said = anna.call("message", "just text")
    assert said["seq"] == 2
    assert ben.wait_for_text("just text")["username"] == "Anna"

    # What the client adds comes back.
    anna.say("a reply", client_id="c-1", reply_to=expected["id"])
    reply = ben.wait_for_text("a reply")
    assert (reply["client_id"], reply["reply_to"], reply["seq"]) == ("c-1", expected["id"], 3)

    assert anna.call("typing", {"room": "lobby", "typing": True}) == {"ok": True}
    assert ben.wait_for("typing", lambda t: t["usernames"]) == {"room": "lobby", "usernames": ["Anna"]}
    assert anna.call("typing", {"room": "lobby", "typing": False}) == {"ok": True}
    ben.wait_for("typing", lambda t: t == {"room": "lobby", "usernames": []})

    page = ben.call("history", {"room": "lobby", "limit": 2})
    assert page.pop("ok") is True
    assert [m["seq"] for m in page.pop("messages")] == [2, 3]
    assert page == {"more": True, "last_seq": 3}
    assert ben.call("history", {"room": "lobby", "before": 2})["messages"] == [expected]

    assert ben.call("rooms", {}) == {"ok": True, "rooms": [{"name": "lobby", "count": 2, "topic": ""}]}

    assert ben.call("leave", {"room": "lobby"}) == {"ok": True}
    gone = anna.wait_for("presence", lambda p: p["left"])
    assert gone == {"room": "lobby", "joined": [], "left": ["Ben"], "count": 1}
    anna.say("are you there?")
    anna.wait_for_text("are you there?")
    assert ben.refused("message", {"room": "lobby", "message": "no"})["code"] == "not_joined"
    assert [m["seq"] for m in anna.received("message")] == [1, 2, 3, 4]
    assert [m["seq"] for m in ben.received("message")] == [1, 2, 3], "who has left hears nothing more"


def test_two_people_talk(start_app: StartApp, connections: Connections, kind: str) -> None:
    server = start_app()
    anna, ben = connections.open(server, kind), connections.open(server, kind)
    wanted = "polling" if kind.endswith("/polling") else "websocket"
    assert (anna.transport(), ben.transport()) == (wanted, wanted)
    talk(anna, ben)


def test_two_people_talk_on_both_faces(app_server: AppServer, connections: Connections) -> None:
    talk(connections.open(app_server, "node/upgrade"), connections.open(app_server, "python-socketio/polling"))


def test_all_kinds_of_clients_share_a_room(start_app: StartApp, connections: Connections) -> None:
    server = start_app("--threads", "2")
    everyone = {kind: connections.open(server, kind) for kind in ALL_KINDS}
    for kind, client in everyone.items():
        client.join(kind.replace("/", " "))  # "python-socketio upgrade"
    for kind, client in everyone.items():
        client.say(f"from {kind}")
    for kind, client in everyone.items():
        messages = client.wait_for_all("message", len(ALL_KINDS))
        assert [m["message"] for m in messages] == [f"from {sender}" for sender in ALL_KINDS], kind
        assert [m["seq"] for m in messages] == list(range(1, len(ALL_KINDS) + 1)), kind


def test_an_error_without_ack_is_an_event(pair: tuple[ChatClient, ChatClient]) -> None:
    anna, ben = pair
    anna.emit("message", {"room": "elsewhere", "message": "hello?"})
    error = anna.wait_for("error")
    assert error["code"] == "not_joined"
    assert "elsewhere" in error["message"]
    assert set(error) == {"code", "message"}
    anna.emit("dance")
    anna.wait_for("error", lambda e: e["code"] == "unknown_event")
    anna.emit("typing", {"room": "lobby", "typing": "very"})
    anna.wait_for("error", lambda e: e["code"] == "bad_payload")
    # The connection is as good as before, and nobody else heard of it.
    anna.emit("message", {"room": "lobby", "message": "without an ack"})
    ben.wait_for_text("without an ack")
    assert ben.received("error") == []


def test_binary_arguments_of_an_unknown_event_are_taken_and_refused(pair: tuple[ChatClient, ChatClient]) -> None:
    anna, ben = pair
    blob = bytes(range(256)) * 8
    refused = anna.call("picture", {"raw": blob, "deeper": [blob, {"again": blob}]})
    assert refused["error"]["code"] == "unknown_event"
    # In a known event they have the wrong type, no more.
    refused = anna.call("message", {"room": "lobby", "message": blob})
    assert refused["error"]["code"] == "bad_payload"
    refused = anna.call("message", blob)
    assert refused["error"]["code"] == "bad_payload"
    anna.say("text again")
    ben.wait_for_text("text again")


def test_long_and_strange_texts_arrive_unchanged(pair: tuple[ChatClient, ChatClient]) -> None:
    anna, ben = pair
    texts = [
        "é" * 4096,
        "😀" * 2048,
        "line one\nline two\r\n\ttabbed",
        "\x1e\x01\x7f\u2028\u2029\ufeff",
        '"\\/\b\f {"a":[1]} 42["message"]',
        "<script>alert(1)</script>&amp;",
        "\u202eright to left\u202c, зеро\u200bwidth",
        " leading and trailing ",
    ]
    for text in texts:
        anna.say(text)
    messages = ben.wait_for_all("message", len(texts))
    assert [m["message"] for m in messages] == texts
    assert [m["message"] for m in ben.call("history", {"room": "lobby"})["messages"]] == texts


def test_a_burst_arrives_complete_and_in_order(pair: tuple[ChatClient, ChatClient]) -> None:
    for number in range(100):
        pair[0].emit("message", {"room": "lobby", "message": f"{number}"})
    for client in pair:
        messages = client.wait_for_all("message", 100)
        assert [m["message"] for m in messages] == [f"{number}" for number in range(100)]
        assert [m["seq"] for m in messages] == list(range(1, 101))


def test_leaving_by_disconnecting_is_told(pair: tuple[ChatClient, ChatClient]) -> None:
    anna, ben = pair
    anna.wait_for("presence", lambda p: "Ben" in p["joined"])
    ben.close()
    assert anna.wait_for("presence", lambda p: p["left"])["left"] == ["Ben"]
    assert anna.call("join", {"username": "Anna", "room": "lobby"})["members"] == ["Anna"]


@pytest.mark.parametrize("transport", ["polling", "websocket", "upgrade"])
def test_python_socketios_async_client(start_app: StartApp, transport: str) -> None:
    server = start_app()

    async def run() -> list[Any]:
        client = socketio.AsyncClient(reconnection=False)
        messages: asyncio.Queue[Any] = asyncio.Queue()

        @client.on("message")  # type: ignore[untyped-decorator]
        async def on_message(message: Any) -> None:
            await messages.put(message)

        await client.connect(server.url, transports=None if transport == "upgrade" else [transport])
        assert client.transport() == ("polling" if transport == "polling" else "websocket")
        assert (await client.call("join", {"username": "Async", "room": "lobby"}))["ok"]
        answers = await asyncio.gather(
            *(client.call("message", {"room": "lobby", "message": f"{number}"}) for number in range(20))
        )
        got = [await asyncio.wait_for(messages.get(), PATIENCE) for _ in answers]
        assert sorted(answer["seq"] for answer in answers) == [message["seq"] for message in got]
        refused = await client.call("join", {"username": "", "room": "lobby"})
        await client.disconnect()
        return [refused["error"]["code"], len(got)]

    assert aio.run(run()) == ["name_empty", 20]


@pytest.mark.parametrize("library", ["node", "java", "python-socketio"])
def test_a_library_reconnects_by_itself_and_gets_what_it_missed(
    start_app: StartApp, connections: Connections, library: str
) -> None:
    port = str(free_port())
    first = start_app("--port", port)
    client: NodeClient | JavaClient | PythonClient
    if library == "node":
        client = connections.add(NodeClient(first, "upgrade", reconnection=True))
    elif library == "java":
        client = connections.add(JavaClient(first, "upgrade", reconnection=True))
    else:
        client = connections.add(
            PythonClient(first, "upgrade", reconnection=True, reconnection_delay=0.1, reconnection_delay_max=0.2)
        )
    joined = client.join("Anna")
    client.say("before")
    client.wait_for_text("before")
    if library == "java":
        # Its WebSocket says nothing of a server's orderly end: only the missing pings do, after 45 s.
        first.kill()
    else:
        assert first.end() == 0

    second = start_app("--port", port)
    ben = connections.joined(second, "Ben")
    ben.say("while Anna was away")
    if isinstance(client, DrivenClient):
        client.wait_disconnected(1)  # what is called before it has noticed is lost
        client.wait_connected(2)
    deadline = time.monotonic() + PATIENCE
    while True:  # the library comes back when it likes; the page then joins again as this does
        try:
            back = client.call("join", {"username": "Anna", "room": "lobby", "token": joined["token"], "since": 1})
            break
        except (AssertionError, socketio.exceptions.SocketIOError):
            assert time.monotonic() < deadline, "did not come back"
            time.sleep(0.1)
    assert [m["message"] for m in back["history"]] == ["while Anna was away"]
    ben.say("welcome back")
    client.wait_for_text("welcome back")
    assert [m["message"] for m in client.received("message")] == ["before", "welcome back"]
