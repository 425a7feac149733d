"""What is sent to Engine.IO with bad intent, and what must happen. The heavy ones are scaled (support/scale.py)."""

from __future__ import annotations

import collections
import contextlib
import json
import socket
import struct
import time
from base64 import b64encode
from collections.abc import Callable, Iterator

import pytest
import websocket

from support.engineio import EngineServer, Http, Polling, open_websocket, refused, url, wait_for_close
from support.program import PATIENCE
from support.raw_client import RawClient
from support.scale import scaled
from support.servers import AppServer, Server

UNKNOWN_SID = {"code": 1, "message": "Session ID unknown"}
BAD_REQUEST = {"code": 3, "message": "Bad request"}
FORBIDDEN = {"code": 4, "message": "Forbidden"}
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@pytest.fixture(scope="module")
def server() -> Iterator[EngineServer]:
    with EngineServer(shards=2, upgrade_timeout=60_000, ping_interval=600_000) as running:
        yield running


@pytest.fixture
def session(server: EngineServer) -> Iterator[Polling]:
    polling = Polling(server)
    yield polling
    polling.close()


def plain_socket(server: Server) -> socket.socket:
    """A TCP connection that ends with a reset when it is closed."""
    connection = socket.create_connection((server.host, server.port), timeout=PATIENCE)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return connection


def masked(text: str) -> bytes:
    """A WebSocket frame with a short text (masked with zeros)."""
    return bytes([0x81, 0x80 | len(text)]) + bytes(4) + text.encode()


def upgrade_request(target: str) -> bytes:
    key = b64encode(bytes(16)).decode()
    return (
        f"GET {target} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
    ).encode()


def eventually(what: Callable[[], bool]) -> bool:
    """Whether it becomes true in time."""
    until = time.monotonic() + PATIENCE
    while not what():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


# ---- Session ids ----


def test_sids_have_at_least_128_random_bits(server: EngineServer) -> None:
    sids = [Polling(server).sid for _ in range(scaled(300, 100))]
    assert len(set(sids)) == len(sids)
    for sid in sids:
        assert len(sid) >= 22
        assert set(sid) <= set(ALPHABET)
    # 22 characters of 6 bits: in each place many different ones, and none of them in most ids.
    for place in zip(*(sid[:22] for sid in sids)):
        seen = collections.Counter(place)
        assert len(seen) > 32
        assert max(seen.values()) < len(sids) / 4


def test_a_million_guessed_sids_hit_nothing(server: EngineServer, session: Polling) -> None:
    """Ids of the right form, each another one, pipelined on two connections; others are served meanwhile."""
    batch = 2000
    bystander = Polling(server)
    connections = [plain_socket(server) for _ in range(2)]
    wanted: bytes = b""
    for number in range(0, scaled(500, 4), len(connections)):
        for each, connection in enumerate(connections):
            guesses = (f"{number + each:05}{guess:05}{session.sid[10:]}" for guess in range(batch))
            connection.sendall("".join(f"GET {url(guess)} HTTP/1.1\r\nHost: x\r\n\r\n" for guess in guesses).encode())
        for connection in connections:
            if not wanted:
                wanted = connection.recv(65536, socket.MSG_PEEK)
                wanted = wanted[: wanted.index(b'unknown"}') + len(b'unknown"}')]
                assert wanted.startswith(b"HTTP/1.1 400 "), wanted
                assert json.loads(wanted.partition(b"\r\n\r\n")[2]) == UNKNOWN_SID
                wanted *= batch  # all refusals are the same to the byte
            answers = bytearray(len(wanted))
            view = memoryview(answers)
            while view:
                got = connection.recv_into(view)
                assert got, bytes(answers[-500:])
                view = view[got:]
            assert answers == wanted
        if number % 50 == 0:
            assert bystander.post(f"4{number}").text == "ok"
            assert bystander.poll().text == f"4{number}"
    for connection in connections:
        connection.close()
    bystander.close()
    assert session.post("4still mine").text == "ok"
    assert session.poll().text == "4still mine"


@pytest.mark.parametrize(
    "sid", ["__proto__", "constructor", "toString", "hasOwnProperty", "0000", "%2e%2e", "a" * 4000]
)
def test_names_that_mean_something_elsewhere_are_just_unknown_sids(server: EngineServer, sid: str) -> None:
    with Http(server) as http:
        for _ in range(2):  # CVE-2026-59724: the process ended
            assert http.ask("GET", url(sid)).json() == UNKNOWN_SID
            assert http.ask("POST", url(sid), "4x").json() == UNKNOWN_SID
    assert refused(server, url(sid, transport="websocket")).json() == UNKNOWN_SID


def test_the_socket_id_that_others_may_know_opens_no_session(start_app: Callable[..., AppServer]) -> None:
    """A Socket.IO id is a public name; only the Engine.IO id, which nobody else sees, is a key."""
    app = start_app("--store", "memory")
    user = RawClient(app, "polling")
    public = user.connect_answer["sid"]
    assert public != user.sid
    with Http(app) as http:
        for method, body in (("GET", None), ("POST", "42hello")):
            answer = http.ask(method, url(public, path="/socket.io/"), body)
            assert (answer.status, answer.json()) == (400, UNKNOWN_SID)
    assert refused(app, url(public, transport="websocket", path="/socket.io/")).json() == UNKNOWN_SID
    user.close()


# ---- Polling ----


def test_a_second_poll_at_the_same_time_costs_the_session_and_nobody_else(
    server: EngineServer, session: Polling
) -> None:
    bystander = Polling(server)
    session.polls.start("GET", session.target)
    assert session.polls.silent()
    with Http(server) as second:
        assert second.ask("GET", session.target).status == 400
    assert session.polls.finish().text == "1"
    assert session.poll().json() == UNKNOWN_SID
    assert bystander.post("4x").text == "ok"
    assert bystander.poll().text == "4x"


@pytest.mark.parametrize("kind", ["application/octet-stream", "Application/Octet-Stream; charset=binary"])
def test_a_binary_post_is_refused_and_leaks_nothing(server: EngineServer, kind: str) -> None:
    """CVE-2026-59725: such a POST kept its socket for ever."""
    bystander = Polling(server)
    before = len(server.open_files())
    for _ in range(20):
        session = Polling(server)
        answer = session.post(b"\x00\x01\xff4hello", {"Content-Type": kind})
        assert (answer.status, answer.json()) == (400, BAD_REQUEST)
        assert session.poll().json() == UNKNOWN_SID
        session.close()
    assert eventually(lambda: len(server.open_files()) <= before)
    assert bystander.post("4x").text == "ok"


def test_a_post_of_one_byte_too_many_gets_413(server: EngineServer) -> None:
    session = Polling(server)
    assert session.post("4" + "x" * 999_999).text == "ok"
    assert session.poll().text == "4" + "x" * 999_999
    with Http(server) as http:
        assert http.ask("POST", session.target, "4" + "x" * 1_000_000).status == 413
    with Http(server) as http:  # announced, never sent: not waited for
        http.start_post(session.target, 10**12, b"4x")
        assert http.finish().status == 413


def test_a_payload_of_too_many_packets_closes_the_session(session: Polling) -> None:
    assert session.post("\x1e".join(["6"] * 1000)).text == "ok"
    assert session.post("\x1e".join(["6"] * 1001)).json() == BAD_REQUEST
    assert session.poll().json() == UNKNOWN_SID


def test_a_client_that_posts_and_never_polls_is_closed_before_it_fills_the_memory(session: Polling) -> None:
    for _ in range(12):
        answer = session.post("4" + "x" * 200_000)
        if answer.status != 200:
            break
    assert answer.json() == UNKNOWN_SID


def test_sessions_that_nobody_uses_are_gone_after_interval_and_timeout() -> None:
    with EngineServer(ping_interval=300, ping_timeout=300) as server:
        before = len(server.open_files())
        silent = [Polling(server) for _ in range(scaled(100, 20))]
        half_open = [open_websocket(server, url(transport="websocket")) for _ in range(scaled(50, 10))]
        time.sleep(3)
        for session in silent:
            assert session.poll().json() == UNKNOWN_SID
            session.close()
        for connection in half_open:
            assert wait_for_close(connection) == 1000
            connection.close()
        assert eventually(lambda: len(server.open_files()) <= before)


# ---- Upgrade ----

STAGES = ("the request", "the answer", "the probe", "half a frame", "the answered probe")


def break_off(server: EngineServer, target: str, stage: str) -> None:
    """Begin an upgrade and reset the connection after `stage`."""
    connection = plain_socket(server)
    try:
        connection.sendall(upgrade_request(target))
        if stage == "the request":
            return
        if not connection.recv(4096).startswith(b"HTTP/1.1 101"):
            return  # the attempt before is still known
        if stage == "half a frame":
            connection.sendall(masked("2probe")[:4])
        elif stage != "the answer":
            connection.sendall(masked("2probe"))
        if stage == "the answered probe":
            connection.recv(4096)
    except ConnectionError:
        pass
    finally:
        connection.close()


def test_resets_in_the_middle_of_upgrades_leak_nothing(server: EngineServer) -> None:
    bystander, session = Polling(server), Polling(server)
    for each in (bystander, session):  # all their connections are open from here on
        assert each.post("4x").text == "ok"
        assert each.poll().text == "4x"
    before = len(server.open_files())
    target = url(session.sid, transport="websocket")
    for number in range(scaled(10_000, 200)):
        break_off(server, target, STAGES[number % len(STAGES)])
        if number % 500 == 0:
            assert bystander.post(f"4{number}").text == "ok"
            assert bystander.poll().text == f"4{number}"
    assert eventually(lambda: len(server.open_files()) <= before), (len(server.open_files()), before)
    assert session.post("4still here").text == "ok"
    polled = session.poll().text
    assert polled in ("4still here", "6\x1e4still here"), polled
    # And an upgrade that is done right goes through, as soon as the last attempt is forgotten.
    upgraded: list[websocket.WebSocket] = []

    def upgrade() -> bool:
        with contextlib.suppress(websocket.WebSocketBadStatusException):
            upgraded.append(open_websocket(server, target))
        return bool(upgraded)

    assert eventually(upgrade)
    upgraded[0].send("2probe")
    assert upgraded[0].recv() == "3probe"
    upgraded[0].send("5")
    upgraded[0].send("4x")
    assert upgraded[0].recv() == "4x"
    upgraded[0].close()


def test_sessions_that_end_in_the_middle_of_upgrades_leak_nothing(server: EngineServer) -> None:
    before = len(server.open_files())
    for number in range(scaled(100, 20)):
        session = Polling(server)
        connection = open_websocket(server, url(session.sid, transport="websocket"))
        if number % 2:
            connection.send("2probe")
            assert connection.recv() == "3probe"
        assert session.post("1").text == "ok"
        assert wait_for_close(connection) == 1000
        connection.close()
        session.close()
    assert eventually(lambda: len(server.open_files()) <= before)


def test_a_session_has_one_probe_at_a_time(server: EngineServer, session: Polling) -> None:
    first = open_websocket(server, url(session.sid, transport="websocket"))
    assert refused(server, url(session.sid, transport="websocket")).json() == BAD_REQUEST
    first.send("2probe")
    assert first.recv() == "3probe"
    first.close()


def test_the_server_ends_in_every_state_of_its_sessions() -> None:
    with EngineServer(shards=2) as server:
        held = Polling(server)
        held.polls.start("GET", held.target)
        queued = Polling(server)
        assert queued.post("4x").text == "ok"
        probing = Polling(server)
        silent_probe = open_websocket(server, url(probing.sid, transport="websocket"))
        finishing = Polling(server)
        probe = open_websocket(server, url(finishing.sid, transport="websocket"))
        probe.send("2probe")
        assert probe.recv() == "3probe"
        plain = open_websocket(server, url(transport="websocket"))
        plain.recv()
        lingering = Polling(server)
        assert lingering.post("4close").text == "ok"
        posting = Polling(server)
        posting.posts.start_post(posting.target, 10, b"4x")
        assert server.end() == 0
        for connection in (silent_probe, probe, plain):
            connection.close()


# ---- Pages of others ----


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1.evil.example", "file://"])
def test_pages_of_others_are_refused_whatever_cookie_the_browser_adds(
    server: EngineServer, session: Polling, origin: str
) -> None:
    headers = {"Origin": origin, "Cookie": f"io={session.sid}; session=secret"}
    as_lines = [f"{name}: {value}" for name, value in headers.items()]
    with Http(server) as http:
        for method, target, body in (
            ("GET", url(), None),
            ("GET", session.target, None),
            ("POST", session.target, "4as somebody else"),
            ("OPTIONS", url(), None),
        ):
            answer = http.ask(method, target, body, headers)
            assert (answer.status, answer.json()) == (403, FORBIDDEN)
            assert "Access-Control-Allow-Origin" not in answer.headers
            assert "Access-Control-Allow-Credentials" not in answer.headers
    for target in (url(transport="websocket"), url(session.sid, transport="websocket")):
        assert refused(server, target, as_lines).status == 403
    assert session.post("4x").text == "ok"
    assert session.poll().text == "4x", "what the other page sent is not there"


def test_cors_is_an_exact_list_and_a_star_never_comes_with_credentials() -> None:
    with EngineServer(origin="https://chat.example", credentials=1) as server, Http(server) as http:
        listed = http.ask("GET", url(), headers={"Origin": "https://chat.example"})
        assert listed.headers["Access-Control-Allow-Origin"] == "https://chat.example"
        assert listed.headers["Access-Control-Allow-Credentials"] == "true"
        assert listed.headers["Vary"] == "Origin"
        for wrong in ("https://chat.example.evil", "http://chat.example", "https://CHAT.example", "null"):
            answer = http.ask("GET", url(), headers={"Origin": wrong})
            assert answer.status == 403
            assert "Access-Control-Allow-Credentials" not in answer.headers
    with EngineServer(origin="*", credentials=1) as server, Http(server) as http:
        answer = http.ask("GET", url(), headers={"Origin": "http://evil.example", "Cookie": "a=b"})
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer.headers
