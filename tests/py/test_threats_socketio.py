"""What a Socket.IO server must withstand, row by row: what is sent, what must happen, and that nobody else notices.

Among the rows: CVE-2022-2421 and CVE-2023-32695 (packet validation), CVE-2024-38355 (an `error` event), CVE-2026-33151
and CVE-2026-69185 (attachment counts), CVE-2026-59724 (`__proto__` as a name).
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from support import memory
from support.engineio import Http, url
from support.socketio_server import SocketioServer, Wire

PLACEHOLDER = '{"_placeholder":true,"num":%s}'
PROTOTYPES = ["__proto__", "constructor", "toString", "hasOwnProperty"]


@pytest.fixture(scope="module")
def server() -> Iterator[SocketioServer]:
    with SocketioServer(ping_interval=120_000, attachment_timeout=3_000) as running:
        yield running


@pytest.fixture
def wire(server: SocketioServer) -> Iterator[Wire]:
    """The one that misbehaves; another client talks on before and after."""
    with Wire.connected(server) as bystander, Wire.connected(server) as opened:
        assert bystander.ask('42["message","before"]') == '42["message-back","before"]'
        yield opened
        assert bystander.ask('42["message","after"]') == '42["message-back","after"]'


# ---- JSON ----


@pytest.mark.parametrize(
    "payload",
    [
        "[" * 100_000,
        '["message",' + "[" * 100_000 + "]" * 100_000 + "]",
        '["message",' + '{"a":' * 100_000,
        '["message",' + "[" * 32 + "]" * 32 + "]",
    ],
    ids=["brackets", "closed brackets", "objects", "33 levels"],
)
def test_nesting_beyond_depth_32_closes_the_connection(wire: Wire, payload: str) -> None:
    started = time.monotonic()
    wire.send("42" + payload)
    wire.closed()
    assert time.monotonic() - started < 10


def test_nesting_to_depth_32_is_taken(wire: Wire) -> None:
    deep = "[" * 31 + "]" * 31
    assert wire.ask(f'42["message",{deep}]') == f'42["message-back",{deep}]'


@pytest.mark.parametrize(
    "payload",
    [
        '["message",{"a":1,"a":2}]',
        '["message",{"__proto__":1,"\\u005f_proto__":2}]',
        '["message",1e400]',
        '["message",-1e400]',
        '["message","\\ud800"]',
        '["message","\\udc00x"]',
        '["message",{"\\ud83d":1}]',
        '["message",NaN]',
        '["message",01]',
        "['message']",
        '["message",]',
        '["message"]\x00',
    ],
)
def test_what_is_no_unambiguous_json_closes_the_connection(wire: Wire, payload: str) -> None:
    wire.send("42" + payload)
    wire.closed()


# ---- Attachments ----


@pytest.mark.parametrize(
    "packet",
    [
        "51-",
        "50-[]",
        "511-[]",
        '511-["message"' + "".join("," + PLACEHOLDER % n for n in range(11)) + "]",
        "5999999999-[]",
        '59999999999999999999999-["message"]',
        '5-1-["message"]',
        '51.5-["message"]',
        '5["message"]',
        "61-7[]" + "x",
        '61-["no id"]',
    ],
)
def test_impossible_attachment_counts_close_the_connection_at_once(
    server: SocketioServer, wire: Wire, packet: str
) -> None:
    before = memory.resident(server.pid)
    wire.send("4" + packet)
    wire.closed()
    assert memory.resident(server.pid) - before < memory.growth(50_000_000)


@pytest.mark.parametrize("number", ["1", "-1", '"splice"', "0.5", "null", "[]", "18446744073709551615"])
def test_a_placeholder_that_names_no_attachment_closes_the_connection(wire: Wire, number: str) -> None:
    wire.send(f'451-["message",{PLACEHOLDER % number}]', b"bytes")
    wire.closed()


def test_text_while_attachments_are_awaited_closes_the_connection(wire: Wire) -> None:
    wire.send(f'452-["message",{PLACEHOLDER % 0},{PLACEHOLDER % 1}]', b"one", '42["message",1]')
    wire.closed()


def test_attachments_nobody_announced_close_the_connection(wire: Wire) -> None:
    wire.send(b"surprise")
    wire.closed()


def test_missing_attachments_close_the_connection_in_time(wire: Wire) -> None:
    wire.send(f'452-["message",{PLACEHOLDER % 0},{PLACEHOLDER % 1}]', b"one")
    started = time.monotonic()
    wire.closed()
    assert time.monotonic() - started < 10


def test_ten_attachments_are_taken(wire: Wire) -> None:
    wire.send('4510-["message",' + ",".join(PLACEHOLDER % n for n in range(10)) + "]", *(bytes([n]) for n in range(10)))
    assert str(wire.receive()).startswith('4510-["message-back"')
    assert [wire.receive() for _ in range(10)] == [bytes([n]) for n in range(10)]


def test_the_same_by_polling_ends_the_session(server: SocketioServer) -> None:
    for body in ("4511-[]", '451-["message"]\x1e42["message"]', "42" + "[" * 100_000, "bAAAA"):
        with Http(server) as http:
            opened = http.ask("GET", "/socket.io/?EIO=4&transport=polling").text
            target = url(json.loads(opened[1:])["sid"], path="/socket.io/")
            assert http.ask("POST", target, "40").status == 200
            http.ask("POST", target, body)
            for _ in range(3):  # what was queued before, then the end
                answer = http.ask("GET", target)
                if answer.status == 400:
                    break
            assert answer.status == 400


# ---- Names of JavaScript's prototypes are plain data ----


@pytest.mark.parametrize("name", PROTOTYPES)
def test_prototype_names_are_plain_data_as_event_key_and_room(wire: Wire, name: str) -> None:
    assert wire.ask(f'421["{name}",1]').startswith("431[")
    assert (
        wire.ask(f'42["message",{{"{name}":{{"polluted":1}}}}]') == f'42["message-back",{{"{name}":{{"polluted":1}}}}]'
    )
    assert name in json.loads(wire.ask(f'422["join","{name}"]')[3:])[0]
    assert wire.ask(f'42["tell","{name}","hello"]') == '42["told","hello"]'
    assert name not in json.loads(wire.ask(f'423["leave","{name}"]')[3:])[0]


@pytest.mark.parametrize("name", PROTOTYPES)
def test_prototype_names_are_no_namespaces_and_no_sessions(server: SocketioServer, wire: Wire, name: str) -> None:
    assert wire.ask(f"40/{name},") == f'44/{name},{{"message":"Invalid namespace"}}'
    with Http(server) as http:
        assert http.ask("GET", url(name, path="/socket.io/")).json() == {"code": 1, "message": "Session ID unknown"}


# ---- Events ----


@pytest.mark.parametrize("name", ["error", "", "message\\u0000", "unknown event", "x" * 100_000])
def test_any_event_name_is_data_and_ends_nothing(wire: Wire, name: str) -> None:
    wire.send(f'42["{name}"]')
    assert wire.ask('42["message","still here"]') == '42["message-back","still here"]'


def test_a_handler_that_fails_ends_neither_its_socket_nor_the_server(wire: Wire) -> None:
    wire.send('42["join"]', '42["join",{"not":"a room"}]', '42["tell",[]]')
    assert wire.ask('42["message","still here"]') == '42["message-back","still here"]'


def test_a_crowd_of_malformed_packets_costs_no_memory_that_stays(server: SocketioServer, wire: Wire) -> None:
    before = memory.resident(server.pid)
    for _ in range(30):
        with Wire.connected(server) as one:
            one.send('42["message","' + "x" * 300_000)
            one.closed()
    assert memory.resident(server.pid) - before < memory.growth(50_000_000)
    assert wire.ask('42["message",1]') == '42["message-back",1]'
