"""The transports under the chat: Engine.IO v4 and Socket.IO v5 as they are on the wire, whole and broken, from the
page's own origin and from others, on one thread and on several."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest
import websocket

from conftest import StartApp
from support.clients import Connections
from support.program import PATIENCE
from support.raw_client import RawClient
from support.servers import AppServer
from support.web import Answer, get, request

MESSAGES = ["Transport unknown", "Session ID unknown", "Bad handshake method", "Bad request"]
MESSAGES += ["Forbidden", "Unsupported protocol version"]
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.fixture
def server(start_app: StartApp) -> AppServer:
    return start_app("--store", "memory")


def refused(answer: Answer, code: int) -> None:
    """Refused as every Engine.IO server does."""
    assert answer.status == (403 if code == 4 else 400), answer
    assert answer.json() == {"code": code, "message": MESSAGES[code]}


def open_session(server: AppServer) -> str:
    """The sid of a new polling session."""
    opened = get(server, "/socket.io/?EIO=4&transport=polling")
    assert opened.status == 200
    return str(json.loads(opened.body[1:])["sid"])


def open_websocket(server: AppServer, **how: Any) -> websocket.WebSocket:
    """A WebSocket session whose open packet has been read."""
    opened = websocket.create_connection(
        f"ws://{server.host}:{server.port}/socket.io/?EIO=4&transport=websocket",
        timeout=PATIENCE,
        **{"suppress_origin": True, **how},
    )
    text = opened.recv()
    assert isinstance(text, str)
    assert text.startswith("0{")
    return opened


def connect(opened: websocket.WebSocket) -> None:
    """Into the namespace "/"."""
    opened.send("40")
    answer = opened.recv()
    assert isinstance(answer, str)
    while answer.startswith('42["presence"'):  # told to who was here before
        answer = str(opened.recv())
    assert answer.startswith('40{"sid":"')


def closed(opened: websocket.WebSocket) -> bool:
    """Whether the server ends the session; what it still sends is read."""
    try:
        while True:
            opcode, _ = opened.recv_data()
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                return True
    except (websocket.WebSocketConnectionClosedException, ConnectionError):
        return True
    except websocket.WebSocketTimeoutException:
        return False


# Engine.IO


def test_the_handshake_offers_what_the_protocol_wants(server: AppServer, connections: Connections) -> None:
    polling, direct = connections.raw(server, "polling"), connections.raw(server, "websocket")
    expected = {"pingInterval": 25_000, "pingTimeout": 20_000, "maxPayload": 1_000_000}
    assert polling.handshake == {"sid": polling.sid, "upgrades": ["websocket"], **expected}
    assert direct.handshake == {"sid": direct.sid, "upgrades": [], **expected}
    assert len(polling.sid) >= 20
    # The Socket.IO id is another one: it may be shown to others.
    assert set(polling.connect_answer) == {"sid"}
    assert polling.connect_answer["sid"] not in (polling.sid, direct.connect_answer["sid"])


def test_a_polling_answer_is_not_cached_nor_sniffed(server: AppServer) -> None:
    answer = get(server, "/socket.io/?EIO=4&transport=polling")
    assert answer.headers["Content-Type"] == "text/plain; charset=UTF-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_errors_have_the_numbers_of_the_protocol(server: AppServer) -> None:
    refused(get(server, "/socket.io/"), 0)
    refused(get(server, "/socket.io/?EIO=4&transport=carrier-pigeon"), 0)
    refused(get(server, "/socket.io/?EIO=4&transport=__proto__"), 0)
    refused(get(server, "/socket.io/?EIO=4&transport=polling&sid=unknown"), 1)
    refused(request(server, "POST", "/socket.io/?EIO=4&transport=polling", body=b"40"), 2)
    refused(request(server, "DELETE", "/socket.io/?EIO=4&transport=polling"), 2)
    refused(get(server, "/socket.io/?EIO=4&transport=websocket"), 3)
    refused(request(server, "GET", "/socket.io/?EIO=4&transport=polling", headers=UPGRADE), 3)
    refused(get(server, "/socket.io/?EIO=4&transport=polling", Origin="https://evil.example"), 4)
    refused(get(server, "/socket.io/?EIO=3&transport=polling"), 5)
    refused(get(server, "/socket.io/?transport=polling"), 5)


@pytest.mark.parametrize("sid", ["__proto__", "constructor", "a" * 31 + "ffff", "a" * 31 + "0000", "%00", "x" * 4000])
def test_no_made_up_sid_finds_a_session(server: AppServer, sid: str) -> None:
    for method, headers in (("GET", {}), ("POST", {}), ("GET", UPGRADE)):
        transport = "websocket" if headers else "polling"
        answer = request(server, method, f"/socket.io/?EIO=4&transport={transport}&sid={sid}", headers=headers)
        refused(answer, 1)


def test_a_second_poll_at_once_ends_the_session(server: AppServer, connections: Connections) -> None:
    client = connections.raw(server, "polling")
    time.sleep(0.5 * PATIENCE / 20)  # its own poll is held by now
    second = get(server, f"/socket.io/?EIO=4&transport=polling&sid={client.sid}")
    assert second.status == 400
    client.wait_for_end()
    refused(get(server, f"/socket.io/?EIO=4&transport=polling&sid={client.sid}"), 1)


def test_polling_is_over_after_the_upgrade(server: AppServer, connections: Connections) -> None:
    client = connections.raw(server, "upgrade")
    client.call("rooms")  # answered behind the client's last word of the upgrade
    address = f"/socket.io/?EIO=4&transport=polling&sid={client.sid}"
    refused(get(server, address), 3)
    refused(request(server, "POST", address, body=b"41"), 3)
    second = request(server, "GET", address.replace("polling", "websocket"), headers=UPGRADE)
    assert second.status == 400, "nor is there a second WebSocket"
    client.join("Anna")


def test_messages_are_kept_in_order_through_an_upgrade(server: AppServer, connections: Connections) -> None:
    anna = connections.joined(server, "Anna")
    stop = threading.Event()

    def talk() -> None:
        while not stop.is_set():
            anna.emit("message", {"room": "lobby", "message": "tick"})
            time.sleep(0.01)

    thread = threading.Thread(target=talk)
    thread.start()
    try:
        for number in range(5):
            late = connections.raw(server, "polling")
            start = late.join(f"Late {number}")["last_seq"]
            late.upgrade()
            last = late.wait_for_all("message", 10)[-1]["seq"]
            assert [m["seq"] for m in late.received("message")][: last - start] == list(range(start + 1, last + 1))
    finally:
        stop.set()
        thread.join()


def test_a_probe_that_goes_wrong_leaves_polling_as_it_was(server: AppServer, connections: Connections) -> None:
    client = connections.raw(server, "polling")
    client.join("Anna")
    address = f"ws://{server.host}:{server.port}/socket.io/?EIO=4&transport=websocket&sid={client.sid}"

    def open_probe() -> websocket.WebSocket:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                return websocket.create_connection(address, timeout=PATIENCE, suppress_origin=True)
            except websocket.WebSocketBadStatusException:  # the one before is not over yet
                assert time.monotonic() < until
                time.sleep(0.02)

    for first in ("2probe", "2wrong", "5", "40", '42["message","smuggled"]'):
        probe = open_probe()
        probe.send(first)
        if first == "2probe":
            assert probe.recv() == "3probe"
            probe.close(timeout=0)  # and gone, in mid-upgrade
        else:
            assert closed(probe), first
    client.say("still here")
    assert client.wait_for("message")["message"] == "still here"
    assert client.transport() == "polling"
    # And a proper one still works.
    client.upgrade()
    client.say("now there")
    client.wait_for_text("now there")


def test_a_payload_of_many_packets_is_taken(server: AppServer) -> None:
    sid = open_session(server)
    address = f"/socket.io/?EIO=4&transport=polling&sid={sid}"
    join = '420["join",{"username":"Anna","room":"lobby"}]'
    says = [f'42{n}["message",{{"room":"lobby","message":"m{n}"}}]' for n in range(1, 51)]
    payload = "\x1e".join(["40", join, *says])
    posted = request(server, "POST", address, body=payload.encode())
    assert (posted.status, posted.body) == (200, b"ok")
    got: list[str] = []
    while sum(packet.startswith("42") for packet in got) < 50 or sum(packet.startswith("43") for packet in got) < 51:
        got += get(server, address).body.decode().split("\x1e")
    acks = [packet for packet in got if packet.startswith("43")]
    assert len(acks) == 51
    assert all('"ok":true' in ack for ack in acks)


def test_an_answer_has_no_more_packets_than_any_client_takes(server: AppServer, connections: Connections) -> None:
    """python-engineio's clients end the session at the seventeenth."""
    address = f"/socket.io/?EIO=4&transport=polling&sid={open_session(server)}"
    join = '42["join",{"username":"Slow","room":"lobby"}]'
    assert request(server, "POST", address, body=f"40\x1e{join}".encode()).status == 200
    anna = connections.joined(server, "Anna")
    for number in range(100):
        anna.say(f"{number}")
    texts: list[str] = []
    while len(texts) < 100:
        packets = get(server, address).body.decode().split("\x1e")
        assert len(packets) <= 16
        texts += [json.loads(packet[2:])[1]["message"] for packet in packets if packet.startswith('42["message"')]
    assert texts == [f"{number}" for number in range(100)]


@pytest.mark.parametrize("body", [b"", b"9", b"\x1e", b"4\x1e\x1e4", b"b!!!", b"bAAA", b"0{}", b"2", b"\xff\xff", b"5"])
def test_a_malformed_payload_ends_the_session(server: AppServer, body: bytes) -> None:
    address = f"/socket.io/?EIO=4&transport=polling&sid={open_session(server)}"
    request(server, "POST", address, body=body)
    refused(get(server, address), 1)


def test_a_post_over_the_limit_is_refused(server: AppServer) -> None:
    address = f"/socket.io/?EIO=4&transport=polling&sid={open_session(server)}"
    answer = request(server, "POST", address, body=b"4" * 1_000_001)
    assert answer.status == 413
    # Exactly the limit is a matter for the layer above: an event that is too long.
    event = '420["message","' + "x" * 999_900 + '"]'
    assert request(server, "POST", address, body=f"40\x1e{event}".encode()).body == b"ok"
    assert b"not_joined" in get(server, address).body


def test_a_websocket_message_over_the_limit_ends_the_session(server: AppServer) -> None:
    opened = open_websocket(server)
    connect(opened)
    opened.send('42["message","' + "x" * 1_000_001 + '"]')
    opcode, data = opened.recv_data()
    assert (opcode, int.from_bytes(data[:2], "big")) == (websocket.ABNF.OPCODE_CLOSE, 1009)


# Socket.IO


@pytest.mark.parametrize(
    "packets",
    [
        [""],
        ["9"],
        ["0{}"],
        ["4"],
        ["4x"],
        ["49"],
        ["42"],
        ["42{}"],
        ["42[]"],
        ["42[null]"],
        ['42["join"'],
        ['42["join",]'],
        ['42["join",NaN]'],
        ['42["join",1e400]'],
        ['42["a",{"a":1,"a":2}]'],
        ['42["\\ud800"]'],
        ['42["a",' + "[" * 100_000],
        ['42["a",' + "[" * 40 + "]" * 40 + "]"],
        ['42["a",' + '{"a":' * 40 + "1" + "}" * 41 + "]"],
        ['4299999999999999999999999["a"]'],
        ['42/elsewhere,["a"]'],
        ['42/__proto__,["a"]'],
        ["40"],
        ["40[]"],
        ["45-[]"],
        ["450-[]"],
        ['451["a"]'],
        ['4511-["a"]'],
        ['45999999999999-["a"]'],
        ['451-["a",{"_placeholder":true,"num":0}]', '42["b"]'],
        ['451-["a",{"_placeholder":true,"num":0}]', '451-["a",{"_placeholder":true,"num":0}]'],
        ['451-["a",{"_placeholder":true,"num":1}]', b"1"],
        ['451-["a",{"_placeholder":true,"num":-1}]', b"1"],
        ['451-["a",{"_placeholder":true,"num":"__proto__"}]', b"1"],
        ['451-["a"]', b"1"],
        ['452-["a",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]', b"1", b"2"],
        [b"nobody announced this"],
        ["43"],
        ["431{}"],
    ],
    ids=lambda packets: str(packets[0])[:24],
)
def test_a_broken_packet_ends_that_connection_only(
    server: AppServer, connections: Connections, packets: list[str | bytes]
) -> None:
    anna = connections.joined(server, "Anna")
    opened = open_websocket(server)
    connect(opened)
    for packet in packets:
        if isinstance(packet, bytes):
            opened.send_binary(packet)
        else:
            opened.send(packet)
    assert closed(opened)
    anna.say("undisturbed")


@pytest.mark.parametrize(
    "packet",
    ['42["a",1e308,-0.0,123456789012345678901234567890]', '42["a","\\u0000"]', "42[1]", "436[]"],
)
def test_an_unusual_packet_does_no_harm(server: AppServer, packet: str) -> None:
    opened = open_websocket(server)
    connect(opened)
    opened.send(packet)
    opened.send('427["rooms",{}]')
    while True:
        answer = opened.recv()
        assert isinstance(answer, str)
        if answer.startswith("437"):
            break
        assert "unknown_event" in answer
    opened.close()


def test_an_event_before_connect_ends_the_session(server: AppServer) -> None:
    opened = open_websocket(server)
    opened.send('42["rooms",{}]')
    assert closed(opened)


def test_an_unknown_namespace_is_refused_and_the_known_one_goes_on(server: AppServer) -> None:
    opened = open_websocket(server)
    opened.send("40/admin,")
    assert opened.recv() == '44/admin,{"message":"Invalid namespace"}'
    opened.send('40/admin?a=b,{"token":"x"}')
    assert opened.recv() == '44/admin,{"message":"Invalid namespace"}'
    connect(opened)
    opened.send('421["rooms",{}]')
    assert opened.recv() == '431[{"ok":true,"rooms":[]}]'
    opened.close()


def test_a_namespace_can_be_left_and_entered_again(server: AppServer, connections: Connections) -> None:
    anna = connections.joined(server, "Anna")
    opened = open_websocket(server)
    for _ in range(3):
        connect(opened)
        opened.send('421["join",{"username":"Ben","room":"lobby"}]')
        assert '"you":"Ben"' in str(opened.recv())
        opened.send("41")
    anna.wait_for("presence", lambda p: p["count"] == 1)
    opened.close()


# Who may


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://127.0.0.1", "http://127.0.0.1:1", "http://{host}.evil.example", "file://"],
)
def test_another_origin_is_forbidden(server: AppServer, origin: str) -> None:
    origin = origin.format(host=f"127.0.0.1:{server.port}")
    refused(get(server, "/socket.io/?EIO=4&transport=polling", Origin=origin), 4)
    refused(get(server, "/socket.io/?EIO=4&transport=polling", Origin=origin, Cookie="io=x"), 4)
    websockets = request(server, "GET", "/socket.io/?EIO=4&transport=websocket", headers={**UPGRADE, "Origin": origin})
    refused(websockets, 4)
    preflight = request(server, "OPTIONS", "/socket.io/?EIO=4&transport=polling", headers={"Origin": origin})
    assert preflight.status == 403
    for answer in (websockets, preflight):
        assert "Access-Control-Allow-Origin" not in answer.headers
    # Nor may it use a session that exists.
    sid = open_session(server)
    refused(
        request(
            server,
            "POST",
            f"/socket.io/?EIO=4&transport=polling&sid={sid}",
            headers={"Origin": origin},
            body=b"40",
        ),
        4,
    )


def test_the_pages_own_origin_is_welcome(server: AppServer) -> None:
    own = server.url.rstrip("/")
    answer = get(server, "/socket.io/?EIO=4&transport=polling", Origin=own)
    assert answer.status == 200
    opened = open_websocket(server, origin=own, suppress_origin=False)
    connect(opened)
    opened.close()
    with RawClient(server, "upgrade", headers={"Origin": own}) as client:
        client.join("Anna")


# Several threads


@pytest.mark.parametrize("threads", ["1", "2", "4"])
def test_a_polling_session_may_use_any_connection(start_app: StartApp, connections: Connections, threads: str) -> None:
    """Connections are spread over the threads; a session stays on one of them and its requests are brought there."""
    server = start_app("--store", "memory", "--threads", threads, "--rate-limit", "off")
    people = [connections.raw(server, "polling", fresh_connections=True) for _ in range(4)]
    for number, each in enumerate(people):
        each.join(f"P{number}")
    for number in range(20):
        for each in people:
            each.emit("message", {"room": "lobby", "message": f"{number}"})
    for each in people:
        messages = each.wait_for_all("message", 80)
        assert [m["seq"] for m in messages] == list(range(1, 81))
    for number, each in enumerate(people):
        each.upgrade()
        each.say(f"upgraded {number}")
    for each in people:
        assert [m["message"] for m in each.wait_for_all("message", 84)[80:]] == [f"upgraded {n}" for n in range(4)]


def test_rooms_on_several_threads_work_like_on_one(start_app: StartApp, connections: Connections) -> None:
    server = start_app("--store", "memory", "--threads", "4", "--rate-limit", "off")
    rooms = [f"room {number}" for number in range(12)]
    people = [connections.raw(server, ("websocket", "polling")[number % 2]) for number in range(8)]
    for number, each in enumerate(people):
        for room in rooms:
            each.join(f"P{number}", room)
    for room in rooms:
        for each in people:
            each.say("hello", room)
    for each in people:
        messages = each.wait_for_all("message", len(rooms) * len(people))
        for room in rooms:
            assert [m["seq"] for m in messages if m["room"] == room] == list(range(1, len(people) + 1))
    assert {room["name"]: room["count"] for room in people[0].call("rooms")["rooms"]} == dict.fromkeys(
        rooms, len(people)
    )
