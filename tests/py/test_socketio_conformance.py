"""Socket.IO v5, case by case: the cases of the protocol's own test suite under their names there, then what Node's
Socket.IO 4.8 does beyond them. One test a case, against a server process (tests/cpp/tools/socketio_echo.cpp).

The suite's Engine.IO cases, which it runs with pings every 300 ms on the path /socket.io/, are at the beginning; all of
Engine.IO is in test_engineio_conformance.py.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
import websocket

from support.engineio import Http, refused, url
from support.engineio import open_websocket as open_raw
from support.socketio_server import TARGET, SocketioServer, Wire

POLLING = "/socket.io/?EIO=4&transport=polling"
PLACEHOLDER = '{"_placeholder":true,"num":%d}'
TWO = PLACEHOLDER % 0 + "," + PLACEHOLDER % 1


@pytest.fixture(scope="module")
def server() -> Iterator[SocketioServer]:
    """Pings as often as the suite wants, and is patient with the answers: the machine may be busy."""
    with SocketioServer(ping_timeout=20_000) as running:
        yield running


@pytest.fixture(scope="module")
def calm() -> Iterator[SocketioServer]:
    """No ping comes in between."""
    with SocketioServer(ping_interval=120_000) as running:
        yield running


@pytest.fixture
def wire(server: SocketioServer) -> Iterator[Wire]:
    with Wire(server) as opened:
        yield opened


@pytest.fixture
def main(server: SocketioServer) -> Iterator[Wire]:
    """Connected to the main namespace."""
    with Wire.connected(server) as opened:
        yield opened


def open_polling(http: Http) -> str:
    answer = http.ask("GET", POLLING)
    assert answer.status == 200
    return str(json.loads(answer.text[1:])["sid"])


# ---- Engine.IO: handshake ----


def test_handshake_polling_opens_a_session(server: SocketioServer) -> None:
    with Http(server) as http:
        answer = http.ask("GET", POLLING)
    opened = json.loads(answer.text[1:])
    assert set(opened) == {"sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"}
    assert opened["upgrades"] == ["websocket"]
    assert (opened["pingInterval"], opened["maxPayload"]) == (300, 1_000_000)


@pytest.mark.parametrize("query", ["transport=polling", "EIO=abc&transport=polling", "EIO=4", "EIO=4&transport=abc"])
def test_handshake_polling_refuses_invalid_parameters(server: SocketioServer, query: str) -> None:
    with Http(server) as http:
        assert http.ask("GET", f"/socket.io/?{query}").status == 400


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_handshake_polling_refuses_other_methods(server: SocketioServer, method: str) -> None:
    with Http(server) as http:
        assert http.ask(method, POLLING, "").status == 400


def test_handshake_websocket_opens_a_session(wire: Wire) -> None:
    assert wire.opened["upgrades"] == []
    assert (wire.opened["pingInterval"], wire.opened["maxPayload"]) == (300, 1_000_000)


@pytest.mark.parametrize(
    "query", ["transport=websocket", "EIO=abc&transport=websocket", "EIO=4", "EIO=4&transport=abc"]
)
def test_handshake_websocket_refuses_invalid_parameters(server: SocketioServer, query: str) -> None:
    assert refused(server, f"/socket.io/?{query}").status == 400


# ---- Engine.IO: heartbeat, close, upgrade ----


def test_heartbeat_websocket_sends_pings(wire: Wire) -> None:
    for _ in range(3):
        assert wire.raw() == "2"
        wire.send("3")


def test_heartbeat_polling_sends_pings(server: SocketioServer) -> None:
    with Http(server) as http:
        target = url(open_polling(http), path="/socket.io/")
        for _ in range(3):
            assert http.ask("GET", target).text == "2"
            assert http.ask("POST", target, "3").status == 200


def test_heartbeat_without_pong_ends_the_session() -> None:
    with SocketioServer(ping_interval=300, ping_timeout=200) as strict, Http(strict) as http:
        target = url(open_polling(http), path="/socket.io/")
        Wire(strict).closed()
        time.sleep(0.6)
        assert http.ask("GET", target).status == 400


def test_close_polling_ends_the_session(calm: SocketioServer) -> None:
    with Http(calm) as poll, Http(calm) as post:
        target = url(open_polling(poll), path="/socket.io/")
        poll.start("GET", target)
        assert post.ask("POST", target, "1").status == 200
        assert poll.finish().text in {"6", "1", "2\x1e6"}
        assert post.ask("GET", target).status == 400


def test_close_websocket_ends_the_session(wire: Wire) -> None:
    wire.send("1")
    wire.closed()


def test_upgrade_from_polling_to_websocket_goes_on_with_the_namespaces(server: SocketioServer) -> None:
    with Http(server) as http:
        sid = open_polling(http)
        assert http.ask("POST", url(sid, path="/socket.io/"), "40").status == 200
        upgraded = open_raw(server, url(sid, "websocket", path="/socket.io/"))
        upgraded.send("2probe")
        assert upgraded.recv() == "3probe"
        upgraded.send("5")
        upgraded.send('42["message","over the WebSocket"]')
        heard = [""]
        while "message-back" not in heard[-1]:
            heard.append(str(upgraded.recv()))
        assert heard[-1] == '42["message-back","over the WebSocket"]'
        # Requests and a second WebSocket of that session are refused afterwards.
        assert http.ask("GET", url(sid, path="/socket.io/")).status == 400
        assert refused(server, url(sid, "websocket", path="/socket.io/")).status == 400
        upgraded.close()


# ---- connect ----


def test_the_answer_to_a_connect_comes_in_a_read_of_its_own(calm: SocketioServer) -> None:
    # Programs that begin to listen for events when they have seen it (the official suite is one) miss none then.
    def read_once() -> bytes:
        wire = Wire(calm)
        wire.send("40")
        connection = wire.socket.sock
        assert connection is not None
        raw = connection.recv(65536)
        assert b"40{" in raw
        connection.close()
        return bytes(raw)

    assert any(b"auth" not in read_once() for _ in range(20)), (
        "the event is always with it; a slow machine does that once"
    )


@pytest.mark.parametrize("namespace", ["", "/custom,"])
@pytest.mark.parametrize("auth", ["", '{"token":"123"}'])
def test_connect_to_a_namespace_with_and_without_a_payload(wire: Wire, namespace: str, auth: str) -> None:
    answer = wire.ask(f"40{namespace}{auth}")
    assert answer.startswith("40" + namespace)
    handshake = json.loads(answer[2 + len(namespace) :])
    assert set(handshake) == {"sid"}
    assert isinstance(handshake["sid"], str)
    assert handshake["sid"] != wire.opened["sid"], "the session's id is a secret, the socket's is not"
    assert wire.receive() == f'42{namespace}["auth",{auth or "{}"}]'


def test_connect_to_an_unknown_namespace_is_refused(wire: Wire) -> None:
    assert wire.ask("40/random") == '44/random,{"message":"Invalid namespace"}'
    assert wire.ask("40").startswith("40"), "and the connection goes on"


@pytest.mark.parametrize("packet", ["4abc", "40[]", '40"text"', "401", "40{", "40null{}"])
def test_connect_with_an_invalid_handshake_closes_the_connection(wire: Wire, packet: str) -> None:
    wire.send(packet)
    wire.closed()


def test_connect_has_to_come_in_time() -> None:
    with SocketioServer(ping_interval=120_000, connect_timeout=2_000) as hasty:
        silent, refused_client, connected = Wire(hasty), Wire(hasty), Wire.connected(hasty)
        assert refused_client.ask("40/random").startswith("44")
        silent.closed()
        refused_client.closed()
        assert connected.ask('42["message",1]') == '42["message-back",1]'


@pytest.mark.parametrize("packet", ['42["message",1]', "41", "430[]", '44{"message":"x"}'])
def test_nothing_but_a_connect_may_come_first(wire: Wire, packet: str) -> None:
    wire.send(packet)
    wire.closed()


def test_a_second_connect_to_the_same_namespace_closes_the_connection(main: Wire) -> None:
    main.send("40")
    main.closed()


def test_a_connect_error_from_a_client_closes_the_connection(main: Wire) -> None:
    main.send('44{"message":"x"}')
    main.closed()


def test_middleware_refuses_with_message_and_data(wire: Wire) -> None:
    refusal = {"message": "Not authorized", "data": {"hint": "a token"}}
    for auth in ("", '{"token":"wrong"}', '{"token":{"$ne":null}}'):
        answer = wire.ask(f"40/guarded,{auth}")
        assert answer.startswith("44/guarded,")
        assert json.loads(answer[11:]) == refusal
    assert wire.ask('40/guarded,{"token":"123"}').startswith("40/guarded,")


def test_dynamic_namespaces_exist_for_whoever_asks() -> None:
    with SocketioServer(ping_interval=120_000, dynamic=1) as dynamic, Wire(dynamic) as one, Wire(dynamic) as other:
        for wire in (one, other):
            assert wire.ask("40/room-17,").startswith("40/room-17,{")
            assert wire.receive() == '42/room-17,["auth",{}]'
        assert other.ask("40/room-x,") == '44/room-x,{"message":"Invalid namespace"}'
        assert other.ask("40/room-18,").startswith("40/room-18,{")
        assert other.receive() == '42/room-18,["auth",{}]'
        for wire in (one, other):
            assert wire.ask('42/room-17,1["join","all"]').startswith("43/room-17,1[")
        other.send('42/room-18,["tell","all","not there"]', '42/room-17,["tell","all","hello"]')
        assert one.receive() == other.receive() == '42/room-17,["told","hello"]'


# ---- disconnect ----


def test_disconnect_from_the_main_namespace_keeps_the_connection(main: Wire) -> None:
    main.send("41")
    assert main.raw() == "2", "the session still beats"
    main.send("3")
    assert main.ask("40").startswith("40"), "and the client may come back"


def test_connect_then_disconnect_from_a_custom_namespace(main: Wire) -> None:
    assert main.ask("40/custom").startswith("40/custom,")
    assert main.receive() == '42/custom,["auth",{}]'
    main.send("41/custom")
    assert main.ask('42["message","to the main namespace"]') == '42["message-back","to the main namespace"]'
    main.send('42/custom,["message","to one it left"]')
    main.closed()


# ---- message ----


def test_message_plain_text(main: Wire) -> None:
    assert main.ask('42["message",1,"2",{"3":[true]}]') == '42["message-back",1,"2",{"3":[true]}]'


def test_message_with_binary_attachments(main: Wire) -> None:
    main.send(f'452-["message",{TWO}]', b"\1\2\3", b"\4\5\6")
    assert main.receive() == f'452-["message-back",{TWO}]'
    assert [main.receive(), main.receive()] == [b"\1\2\3", b"\4\5\6"]


def test_message_with_an_acknowledgement(main: Wire) -> None:
    assert main.ask('42456["message-with-ack",1,"2",{"3":[false]}]') == '43456[1,"2",{"3":[false]}]'


def test_message_with_binary_attachments_and_an_acknowledgement(main: Wire) -> None:
    main.send(f'452-789["message-with-ack",{TWO}]', b"\1\2\3", b"\4\5\6")
    assert main.receive() == f"462-789[{TWO}]"
    assert [main.receive(), main.receive()] == [b"\1\2\3", b"\4\5\6"]


@pytest.mark.parametrize("packet", ["4abc", "47", "4-1", "4"])
def test_message_of_an_unknown_packet_type_closes_the_connection(main: Wire, packet: str) -> None:
    main.send(packet)
    main.closed()


@pytest.mark.parametrize("packet", ["42{}", "42", "42[]", "42null", '42"message"', "42[{}]", "41{}", "431{}"])
def test_message_with_an_invalid_payload_closes_the_connection(main: Wire, packet: str) -> None:
    main.send(packet)
    main.closed()


@pytest.mark.parametrize("number", ["abc", "-1", "1.5", "1e3", "18446744073709551616"])
def test_message_with_an_invalid_acknowledgement_id_closes_the_connection(main: Wire, number: str) -> None:
    main.send(f'42{number}["message-with-ack",1]')
    main.closed()


@pytest.mark.parametrize("name", ["connect", "connect_error", "disconnect", "disconnecting", "newListener"])
def test_message_of_a_reserved_name_closes_the_connection(main: Wire, name: str) -> None:
    main.send(f'42["{name}"]')
    main.closed()


def test_an_answer_nobody_waits_for_is_ignored(main: Wire) -> None:
    main.send("43999[1]")
    assert main.ask('42["message",1]') == '42["message-back",1]'


def test_events_of_one_client_keep_their_order(main: Wire) -> None:
    main.send(*(f'42["message",{n}]' for n in range(500)))
    assert [main.receive() for _ in range(500)] == [f'42["message-back",{n}]' for n in range(500)]


# ---- msgpack ----


def test_the_msgpack_parser_takes_whole_packets_in_binary_messages() -> None:
    with SocketioServer(ping_interval=120_000, msgpack=1) as packed, Wire(packed) as wire:
        # {"type":0,"data":undefined,"nsp":"/"} as notepack writes it
        wire.send(b"\x83\xa4type\x00\xa4data\xd4\x00\x00\xa3nsp\xa1/")
        connected = wire.receive()
        assert isinstance(connected, bytes)
        assert b"\xa3sid" in connected
        assert b"\xa4type\x00" in connected
        auth = wire.receive()
        assert isinstance(auth, bytes)
        assert b"\x92\xa4auth\x80" in auth
        # {"type":2,"data":["message",b"\1\2"],"nsp":"/","options":{}}
        wire.send(b"\x84\xa4type\x02\xa4data\x92\xa7message\xc4\x02\1\2\xa3nsp\xa1/\xa7options\x80")
        assert wire.receive() == b"\x83\xa4data\x92\xacmessage-back\xc4\x02\1\2\xa3nsp\xa1/\xa4type\x02"
        # an acknowledgement: id 7
        wire.send(b"\x84\xa4type\x02\xa4data\x92\xb0message-with-ack\x05\xa3nsp\xa1/\xa2id\x07")
        assert wire.receive() == b"\x84\xa4data\x91\x05\xa2id\x07\xa3nsp\xa1/\xa4type\x03"


@pytest.mark.parametrize(
    "message",
    [
        "0",  # text
        "",
        b"",
        b"\x00",  # not an object
        b"\x83\xa4type\x05\xa4data\x91\xa1x\xa3nsp\xa1/",  # a binary type
        b"\x82\xa4type\x00\xa3nsp\x01",  # a namespace that is a number
        b"\x83\xa4type\x02\xa4data\x80\xa3nsp\xa1/",  # an event that is an object
        b"\x84\xa4type\x02\xa4data\x91\xa1x\xa3nsp\xa1/\xa2id\xff",  # a negative id
        b"\x91" * 100_000,  # nested
        b"\xdd\xff\xff\xff\xff",  # four billion elements
    ],
)
def test_the_msgpack_parser_refuses_what_is_no_packet(message: str | bytes) -> None:
    with SocketioServer(ping_interval=120_000, msgpack=1) as packed, Wire(packed) as wire:
        wire.send(f"4{message}" if isinstance(message, str) else message)
        wire.closed()
        with Wire(packed) as other:
            other.send(b"\x82\xa4type\x00\xa3nsp\xa1/")
            assert b"\xa3sid" in bytes(other.receive())  # type: ignore[arg-type]


# ---- Connection state recovery ----


@pytest.fixture(scope="module")
def recovering() -> Iterator[SocketioServer]:
    with SocketioServer(ping_interval=120_000, recovery=1, shards=2) as running:
        yield running


class TestRecovery:
    @staticmethod
    def enter(server: SocketioServer, auth: str = "") -> tuple[Wire, dict[str, str]]:
        wire = Wire(server)
        answer = wire.ask("40" + auth)
        assert answer.startswith("40{")
        return wire, json.loads(answer[2:])

    @pytest.mark.parametrize("connections_between", [0, 1], ids=["another shard", "the same shard"])
    def test_a_client_that_comes_back_gets_what_it_missed_with_id_and_rooms(
        self, recovering: SocketioServer, connections_between: int
    ) -> None:
        away, own = self.enter(recovering)
        assert set(own) == {"sid", "pid"}
        offset = json.loads(str(away.receive())[2:])[-1]
        away.ask('421["join","room"]')
        other, _ = self.enter(recovering)
        other.receive()
        away.break_off()
        other.ask('421["join","room"]')
        for n in range(3):
            other.send(f'42["tell","room",{n}]')
            assert str(other.receive()).startswith(f'42["told",{n},"')
        extra = [Wire(recovering) for _ in range(connections_between)]
        back, again = self.enter(recovering, json.dumps({"pid": own["pid"], "offset": offset}))
        assert again == own
        missed = [json.loads(str(back.receive())[2:]) for _ in range(3)]
        assert [each[:2] for each in missed] == [["told", n] for n in range(3)]
        assert all(isinstance(each[2], str) for each in missed)
        assert json.loads(back.ask('422["rooms"]')[3:]) == [[own["sid"], "room"]]
        for wire in (back, other, *extra):
            wire.close()

    def test_an_unknown_private_id_or_offset_begins_anew(self, recovering: SocketioServer) -> None:
        away, own = self.enter(recovering)
        away.receive()
        away.break_off()
        for auth in (
            {"pid": own["sid"], "offset": "0"},
            {"pid": "x"},
            {"pid": "a" * 24 + "0000"},
            {"pid": own["pid"], "offset": "never"},
        ):
            back, anew = self.enter(recovering, json.dumps(auth))
            assert anew["sid"] != own["sid"]
            assert anew["pid"] != own["pid"]
            back.close()


def test_the_suites_path_speaks_websocket(server: SocketioServer) -> None:
    opened = open_raw(server, TARGET)
    assert isinstance(opened, websocket.WebSocket)
    opened.close()
