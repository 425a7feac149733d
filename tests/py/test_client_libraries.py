"""Client libraries against a chatterlink.socketio.Server: npm's, the official Java one, python-socketio's."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import socketio  # type: ignore[import-untyped]

from support import aio, paths
from support.chat_client import TRANSPORTS
from support.driven_client import DrivenClient
from support.java_client import JavaClient
from support.node_client import NodeClient
from support.ports import free_port
from support.program import PATIENCE
from support.socketio_process import SocketIOProcess

PROGRAM = paths.ROOT / "tests" / "py" / "programs" / "meeting_point.py"
LIBRARIES: dict[str, type[DrivenClient]] = {"node": NodeClient, "java": JavaClient}
#: How the page and the test's clients see binary data, nested and of every byte.
BYTES = bytes(range(256)) * 3
SAMPLES: list[tuple[Any, ...]] = [
    (),
    (None, True, False, 0, -1, 1.5, 2**40),
    ("", "grüße 🎈 \u2028", {"a": [1, {"b": None}], "é": []}),
    (BYTES,),
    ({"deep": [BYTES, {"er": BYTES}]}, "text", BYTES),
]


def start(port: int = 0, **options: Any) -> SocketIOProcess:
    return SocketIOProcess(PROGRAM, json.dumps(options), str(port))


@pytest.fixture(scope="module")
def server() -> Iterator[SocketIOProcess]:
    """One for all tests that leave nothing behind."""
    with start() as running:
        yield running


@pytest.fixture(scope="module")
def recovering() -> Iterator[SocketIOProcess]:
    with start(connection_state_recovery=60) as running:
        yield running


@pytest.fixture(scope="module")
def msgpack() -> Iterator[SocketIOProcess]:
    with start(serializer="msgpack") as running:
        yield running


@pytest.fixture
def clients() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture(params=[f"{library}/{transport}" for library in LIBRARIES for transport in TRANSPORTS])
def client(request: pytest.FixtureRequest, server: SocketIOProcess, clients: ExitStack) -> DrivenClient:
    library, transport = request.param.split("/")
    return clients.enter_context(LIBRARIES[library](server, transport))


@pytest.mark.parametrize("arguments", SAMPLES, ids=["none", "plain", "text", "binary", "nested binary"])
def test_arguments_travel_both_ways_unchanged(client: DrivenClient, arguments: tuple[Any, ...]) -> None:
    assert client.ask("echo", *arguments) == list(arguments), "as event and as ack"
    client.emit("repeat", *arguments)
    assert client.wait_for_events(1) == [("repeated", list(arguments))], "as an event from the server"
    said = client.ask("ask_me", *arguments)
    assert said == ([] if not arguments else list(arguments)), "as the answer to the server's question"


def test_server_and_client_agree_on_the_transport(client: DrivenClient) -> None:
    assert client.ask("transport") == [client.transport()]


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_namespace_lets_in_who_has_the_token(server: SocketIOProcess, clients: ExitStack, library: str) -> None:
    kind = LIBRARIES[library]
    inside = clients.enter_context(kind(server, namespace="admin", auth={"token": "let me in"}))
    assert inside.ask("echo", 1) == ["admin", 1]
    outside = clients.enter_context(kind(server, namespace="admin", auth={"token": "please"}, wait=False))
    refusal = outside.wait_refused()
    assert refusal["message"] == "who are you"
    if library == "node":
        assert refusal["data"] == {"needed": ["token"]}
    unknown = clients.enter_context(kind(server, namespace="nowhere", wait=False))
    assert unknown.wait_refused()["message"] == "Invalid namespace"


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_client_comes_back_after_a_restart(clients: ExitStack, library: str) -> None:
    first = clients.enter_context(start(free_port()))
    client = clients.enter_context(LIBRARIES[library](first, "upgrade", reconnection=True))
    assert client.ask("echo", "before") == ["before"]
    first.kill()
    client.wait_disconnected(1)
    clients.enter_context(start(first.port))
    client.wait_connected(2)
    assert client.ask("echo", "after") == ["after"]


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_client_that_was_sent_away_stays_away(server: SocketIOProcess, clients: ExitStack, library: str) -> None:
    client = clients.enter_context(LIBRARIES[library](server, reconnection=True))
    client.emit("send_me_away")
    assert client.wait_disconnected(1) == "io server disconnect"


def test_what_is_not_answered_in_time_is_sent_again(server: SocketIOProcess, clients: ExitStack) -> None:
    """Node's `retries` and `ackTimeout`: the first answer comes too late, the one to the second try counts."""
    client = clients.enter_context(NodeClient(server, retries=5, ackTimeout=1000))
    calls = [client.start_ask("slow_at_first", name, 1, 1.5) for name in ("one", "two")]
    answers = [client.answer(call) for call in calls]
    assert all(len(answer) == 1 and answer[0] >= 2 for answer in answers), answers


def test_an_answer_that_takes_too_long_is_an_error(server: SocketIOProcess, clients: ExitStack) -> None:
    client = clients.enter_context(NodeClient(server))
    late = client.answer(client.start_ask("never_answered_in_time", timeout=100))
    assert late == [{"error": "operation has timed out"}]
    assert client.ask("echo", "and goes on") == ["and goes on"]


def break_and_come_back(client: NodeClient, server: SocketIOProcess, meanwhile: list[str]) -> dict[str, Any]:
    """The transport ends; something is said; the client is back. What it was told at its return."""
    with NodeClient(server) as other:
        client.tell("break")
        client.wait_disconnected(1)
        for text in meanwhile:
            assert other.ask("shout", "room", text) == ["shouted"]
        return client.wait_connected(2)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_client_recovers_with_nothing_missed(recovering: SocketIOProcess, clients: ExitStack, transport: str) -> None:
    client = clients.enter_context(NodeClient(recovering, transport, reconnection=True, reconnectionDelay=1000))
    before = client.wait_connected(1)
    assert client.ask("join", "room") == ["joined"]
    with NodeClient(recovering) as other:
        assert other.ask("shout", "room", "before") == ["shouted"]
    client.wait_for_events(1)
    back = break_and_come_back(client, recovering, ["while away 1", "while away 2"])
    assert (back["recovered"], back["id"]) == (True, before["id"])
    client.wait_for_events(3)
    with NodeClient(recovering) as other:
        assert other.ask("shout", "room", "after") == ["shouted"]  # the room is the same
    texts = [arguments[0] for _, arguments in client.wait_for_events(4)]
    assert texts == ["before", "while away 1", "while away 2", "after"]


def test_a_client_recovers_also_before_it_has_seen_any_event(recovering: SocketIOProcess, clients: ExitStack) -> None:
    client = clients.enter_context(NodeClient(recovering, reconnection=True, reconnectionDelay=1000))
    assert client.ask("join", "room") == ["joined"]
    back = break_and_come_back(client, recovering, ["the first"])
    assert back["recovered"] is True
    # Each event ends in its offset, by which the client says how much it has.
    assert [arguments[0] for _, arguments in client.wait_for_events(1)] == ["the first"]


def test_without_recovery_a_client_begins_anew(server: SocketIOProcess, clients: ExitStack) -> None:
    client = clients.enter_context(NodeClient(server, reconnection=True))
    before = client.wait_connected(1)
    client.tell("break")
    back = client.wait_connected(2)
    assert not back.get("recovered")
    assert back["id"] != before["id"]


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("arguments", SAMPLES, ids=["none", "plain", "text", "binary", "nested binary"])
def test_the_msgpack_parser(
    msgpack: SocketIOProcess, clients: ExitStack, transport: str, arguments: tuple[Any, ...]
) -> None:
    client = clients.enter_context(NodeClient(msgpack, transport, msgpack=True))
    assert client.ask("echo", *arguments) == list(arguments)
    client.emit("repeat", *arguments)
    assert client.wait_for_events(1) == [("repeated", list(arguments))]


def test_the_msgpack_parser_in_a_namespace(msgpack: SocketIOProcess, clients: ExitStack) -> None:
    inside = NodeClient(msgpack, msgpack=True, namespace="admin", auth={"token": "let me in"})
    assert clients.enter_context(inside).ask("echo", BYTES) == ["admin", BYTES]
    outside = clients.enter_context(NodeClient(msgpack, msgpack=True, namespace="admin", wait=False))
    assert outside.wait_refused()["data"] == {"needed": ["token"]}


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_python_socketios_client(server: SocketIOProcess, transport: str) -> None:
    client = socketio.Client(reconnection=False)
    client.on("question", lambda *arguments: arguments)
    client.connect(
        server.url,
        namespaces=["/", "/admin"],
        auth={"token": "let me in"},
        transports=None if transport == "upgrade" else [transport],
        wait_timeout=PATIENCE,
    )
    try:
        assert client.transport() == ("polling" if transport == "polling" else "websocket")
        for arguments in SAMPLES[2:]:
            # The library gives an ack of one argument as it is, of several as a tuple.
            wanted = arguments[0] if len(arguments) == 1 else arguments
            for event in ("echo", "ask_me"):
                assert client.call(event, arguments, timeout=PATIENCE) == wanted
        assert client.call("echo", "x", namespace="/admin", timeout=PATIENCE) == ("admin", "x")
    finally:
        client.disconnect()
        client.shutdown()


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_python_socketios_async_client(server: SocketIOProcess, transport: str) -> None:
    async def talk() -> list[Any]:
        client = socketio.AsyncClient(reconnection=False)
        client.on("question", lambda *arguments: arguments)
        transports = None if transport == "upgrade" else [transport]
        await client.connect(server.url, transports=transports, wait_timeout=PATIENCE)
        try:
            said = await asyncio.gather(*(client.call("echo", BYTES + bytes([n]), timeout=PATIENCE) for n in range(20)))
            assert said == [BYTES + bytes([n]) for n in range(20)]
            return [await client.call("ask_me", "what", timeout=PATIENCE)]
        finally:
            await client.disconnect()

    assert aio.run(talk()) == ["what"]
