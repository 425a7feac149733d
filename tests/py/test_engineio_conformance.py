"""Engine.IO v4, case by case: the 25 cases of the protocol's own test suite under their names there, then what the
protocol document says beyond them. One test a case, against a server process.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator

import pytest

from support.engineio import EngineServer, Http, Polling, open_websocket, refused, url, wait_for_close
from support.program import PATIENCE

KEYS = {"sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"}
UNKNOWN_TRANSPORT = {"code": 0, "message": "Transport unknown"}
UNKNOWN_SID = {"code": 1, "message": "Session ID unknown"}
BAD_METHOD = {"code": 2, "message": "Bad handshake method"}
BAD_REQUEST = {"code": 3, "message": "Bad request"}
UNSUPPORTED_VERSION = {"code": 5, "message": "Unsupported protocol version"}


@pytest.fixture(scope="module")
def server() -> Iterator[EngineServer]:
    with EngineServer() as running:
        yield running


@pytest.fixture(scope="module")
def beating() -> Iterator[EngineServer]:
    """Pings often and is patient with the answers."""
    with EngineServer(ping_interval=300, ping_timeout=20_000) as running:
        yield running


@pytest.fixture(scope="module")
def strict() -> Iterator[EngineServer]:
    """The suite's own intervals."""
    with EngineServer(ping_interval=300, ping_timeout=200) as running:
        yield running


@pytest.fixture
def http(server: EngineServer) -> Iterator[Http]:
    with Http(server) as connection:
        yield connection


@pytest.fixture
def session(server: EngineServer) -> Iterator[Polling]:
    polling = Polling(server)
    yield polling
    polling.close()


# ---- handshake / HTTP long-polling ----


def test_handshake_polling_successfully_opens_a_session(beating: EngineServer) -> None:
    opened = Polling(beating).opened
    assert set(opened) == KEYS
    assert isinstance(opened["sid"], str)
    assert opened["upgrades"] == ["websocket"]
    assert (opened["pingInterval"], opened["pingTimeout"], opened["maxPayload"]) == (300, 20_000, 1_000_000)


@pytest.mark.parametrize("eio", [None, "abc", "3", "", "44"])
def test_handshake_polling_fails_with_an_invalid_eio(http: Http, eio: str | None) -> None:
    answer = http.ask("GET", url(eio=eio))
    assert (answer.status, answer.json()) == (400, UNSUPPORTED_VERSION)
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("transport", [None, "abc", "", "webtransport", "Polling", "__proto__"])
def test_handshake_polling_fails_with_an_invalid_transport(http: Http, transport: str | None) -> None:
    answer = http.ask("GET", url(transport=transport))
    assert (answer.status, answer.json()) == (400, UNKNOWN_TRANSPORT)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_handshake_polling_fails_with_an_invalid_request_method(http: Http, method: str) -> None:
    answer = http.ask(method, url())
    assert (answer.status, answer.json()) == (400, BAD_METHOD)


# ---- handshake / WebSocket ----


def test_handshake_websocket_successfully_opens_a_session(beating: EngineServer) -> None:
    socket = open_websocket(beating, url(transport="websocket"))
    packet = socket.recv()
    assert isinstance(packet, str)
    assert packet[0] == "0"
    opened = json.loads(packet[1:])
    assert set(opened) == KEYS
    assert opened["upgrades"] == []
    assert (opened["pingInterval"], opened["pingTimeout"], opened["maxPayload"]) == (300, 20_000, 1_000_000)
    socket.close()


@pytest.mark.parametrize("eio", [None, "abc", "3"])
def test_handshake_websocket_fails_with_an_invalid_eio(server: EngineServer, eio: str | None) -> None:
    answer = refused(server, url(transport="websocket", eio=eio))
    assert (answer.status, answer.json()) == (400, UNSUPPORTED_VERSION)


@pytest.mark.parametrize("transport", [None, "abc"])
def test_handshake_websocket_fails_with_an_invalid_transport(server: EngineServer, transport: str | None) -> None:
    answer = refused(server, url(transport=transport))
    assert (answer.status, answer.json()) == (400, UNKNOWN_TRANSPORT)


def test_handshake_of_one_transport_by_the_other_is_a_bad_request(server: EngineServer, http: Http) -> None:
    assert refused(server, url(transport="polling")).json() == BAD_REQUEST
    answer = http.ask("GET", url(transport="websocket"))
    assert (answer.status, answer.json()) == (400, BAD_REQUEST)


# ---- message / HTTP long-polling ----


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param("4hello", id="one_plain_text_packet"),
        pytest.param("4test1\x1e4test2\x1e4test3", id="several_plain_text_packets"),
        pytest.param("4hello\x1ebAQIDBA==", id="plain_text_and_binary_packets"),
        pytest.param("4\x1eb\x1e4€ \u0000", id="empty_packets_and_other_characters"),
    ],
)
def test_message_polling_sends_and_receives(session: Polling, payload: str) -> None:
    posted = session.post(payload)
    assert (posted.status, posted.text) == (200, "ok")
    polled = session.poll()
    assert (polled.status, polled.text) == (200, payload)
    assert polled.headers["Content-Type"] == "text/plain; charset=UTF-8"
    assert polled.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "payload",
    ["abc", "", "7", "4a\x1e", "\x1e4a", "b*", "bA", "0{}", "2", "5", "4hi\x1e9"],
)
def test_message_polling_closes_the_session_upon_invalid_packet_format(session: Polling, payload: str) -> None:
    posted = session.post(payload)
    assert (posted.status, posted.json()) == (400, BAD_REQUEST)
    polled = session.poll()
    assert (polled.status, polled.json()) == (400, UNKNOWN_SID)


def test_message_polling_closes_the_session_upon_duplicate_poll_requests(
    server: EngineServer, session: Polling
) -> None:
    session.polls.start("GET", session.target)
    assert session.polls.silent()
    with Http(server) as other:
        second = other.ask("GET", session.target + "&t=burst")
    first = session.polls.finish()
    assert (first.status, first.text) == (200, "1")
    assert (second.status, second.json()) == (400, BAD_REQUEST)
    assert session.poll().status == 400


@pytest.mark.parametrize("hard", [False, True], ids=["closed", "reset"])
def test_message_polling_closes_the_session_upon_cancelled_polling_request(
    server: EngineServer, session: Polling, hard: bool
) -> None:
    session.polls.start("GET", session.target)
    assert session.polls.silent()
    session.polls.close(hard)
    with Http(server) as other:
        answer = other.ask("GET", session.target)
        assert answer.status == 400
        assert other.ask("GET", session.target).json() == UNKNOWN_SID


def test_message_polling_closes_the_session_upon_duplicate_data_requests(
    server: EngineServer, session: Polling
) -> None:
    slow = Http(server)
    slow.start_post(session.target, 10, b"4hell")
    time.sleep(0.2 * PATIENCE / 20)
    second = session.post("4me too")
    assert (second.status, second.json()) in ((400, BAD_REQUEST), (400, UNKNOWN_SID))
    slow.send(b"o 1.2")
    assert slow.finish().status == 400
    assert session.poll().json() == UNKNOWN_SID


def test_message_polling_closes_the_session_upon_a_data_request_that_breaks_off(
    server: EngineServer, session: Polling
) -> None:
    slow = Http(server)
    slow.start_post(session.target, 10, b"4hell")
    time.sleep(0.2 * PATIENCE / 20)
    slow.close(hard=True)
    answer = session.poll()
    if answer.status == 200:  # it was there before the server noticed the end of the POST, and is told as any held poll
        assert answer.text == "1"
        answer = session.poll()
    assert answer.status == 400


def test_message_polling_takes_one_data_request_after_the_other(server: EngineServer, session: Polling) -> None:
    """In pieces or not, from any connection: only two at the same time are too many."""
    for i in range(6):
        with Http(server) as other:
            other.start_post(session.target, 6, b"4slo")
            time.sleep(0.02)
            other.send(f"w{i}".encode())
            assert other.finish().text == "ok"
        assert session.post(f"4fast{i}").text == "ok"
    got: list[str] = []
    while len(got) < 12:
        got += session.poll().text.split("\x1e")
    assert got == [f"4{kind}{i}" for i in range(6) for kind in ("slow", "fast")]


# ---- message / WebSocket ----


def test_message_websocket_sends_and_receives_a_plain_text_packet(server: EngineServer) -> None:
    socket = open_websocket(server, url(transport="websocket"))
    socket.recv()
    socket.send("4hello")
    assert socket.recv() == "4hello"
    socket.close()


def test_message_websocket_sends_and_receives_a_binary_packet(server: EngineServer) -> None:
    socket = open_websocket(server, url(transport="websocket"))
    socket.recv()
    socket.send_binary(b"\x01\x02\x03\x04")
    assert socket.recv() == b"\x01\x02\x03\x04"
    socket.close()


@pytest.mark.parametrize("packet", ["abc", "", "7", "0{}", "2", "5"])
def test_message_websocket_closes_the_session_upon_invalid_packet_format(server: EngineServer, packet: str) -> None:
    socket = open_websocket(server, url(transport="websocket"))
    socket.recv()
    socket.send(packet)
    assert wait_for_close(socket) == 1008


# ---- heartbeat ----


def test_heartbeat_polling_sends_ping_pong_packets(beating: EngineServer) -> None:
    session = Polling(beating)
    for _ in range(3):
        polled = session.poll()
        assert (polled.status, polled.text) == (200, "2")
        assert session.post("3").status == 200


def test_heartbeat_polling_closes_the_session_upon_ping_timeout(strict: EngineServer) -> None:
    # Interval and timeout, and not a moment more; on a busy machine the ping itself may be late.
    for seconds in (0.5, 0.6, 1.0, 5.0):
        session = Polling(strict)
        time.sleep(seconds)
        polled = session.poll()
        session.close()
        if polled.status == 400:
            break
    assert (polled.status, polled.json()) == (400, UNKNOWN_SID)


def test_heartbeat_polling_tells_a_waiting_poll_of_the_ping_timeout() -> None:
    with EngineServer(ping_interval=300, ping_timeout=3_000) as server:
        session = Polling(server)
        assert session.poll().text == "2"
        assert session.poll().text == "1"
        assert session.poll().json() == UNKNOWN_SID


def test_heartbeat_websocket_sends_ping_pong_packets(beating: EngineServer) -> None:
    socket = open_websocket(beating, url(transport="websocket"))
    socket.recv()
    for _ in range(3):
        assert socket.recv() == "2"
        socket.send("3")
    socket.close()


def test_heartbeat_websocket_closes_the_session_upon_ping_timeout(strict: EngineServer) -> None:
    socket = open_websocket(strict, url(transport="websocket"))
    assert wait_for_close(socket) == 1000


# ---- close ----


def test_close_polling_forcefully_closes_the_session(session: Polling) -> None:
    session.polls.start("GET", session.target)
    assert session.polls.silent()
    assert session.post("1").text == "ok"
    polled = session.polls.finish()
    assert (polled.status, polled.text) == (200, "6")
    assert session.poll().json() == UNKNOWN_SID


def test_close_websocket_forcefully_closes_the_session(server: EngineServer) -> None:
    socket = open_websocket(server, url(transport="websocket"))
    socket.recv()
    socket.send("1")
    assert wait_for_close(socket) == 1000


def test_close_by_the_server_reaches_a_client_between_two_polls(session: Polling) -> None:
    assert session.post("4last").text == "ok"
    polled = session.poll()
    assert (polled.status, polled.text) == (200, "4last words\x1e1")
    assert session.poll().json() == UNKNOWN_SID


def test_close_by_the_server_reaches_a_websocket_behind_what_was_sent(server: EngineServer) -> None:
    socket = open_websocket(server, url(transport="websocket"))
    socket.recv()
    socket.send("4last")
    assert socket.recv() == "4last words"
    assert wait_for_close(socket) == 1000


# ---- upgrade ----


def test_upgrade_successfully_upgrades_from_polling_to_websocket(server: EngineServer, session: Polling) -> None:
    socket = open_websocket(server, url(session.sid, transport="websocket"))
    socket.send("2probe")
    assert socket.recv() == "3probe"
    polled = session.poll()
    assert (polled.status, polled.text) == (200, "6")
    socket.send("5")
    socket.send("4hello")
    assert socket.recv() == "4hello"
    socket.close()


def test_upgrade_ignores_http_requests_with_same_sid_after_upgrade(server: EngineServer, session: Polling) -> None:
    socket = open_websocket(server, url(session.sid, transport="websocket"))
    socket.send("2probe")
    assert socket.recv() == "3probe"
    socket.send("5")
    socket.send("4there")
    assert socket.recv() == "4there"
    polled = session.poll()
    assert (polled.status, polled.json()) == (400, BAD_REQUEST)
    assert session.post("4x").json() == BAD_REQUEST
    socket.send("4hello")
    assert socket.recv() == "4hello"
    socket.close()


def test_upgrade_ignores_websocket_connection_with_same_sid_after_upgrade(
    server: EngineServer, session: Polling
) -> None:
    socket = open_websocket(server, url(session.sid, transport="websocket"))
    socket.send("2probe")
    assert socket.recv() == "3probe"
    socket.send("5")
    socket.send("4there")
    assert socket.recv() == "4there"
    answer = refused(server, url(session.sid, transport="websocket"))
    assert (answer.status, answer.json()) == (400, BAD_REQUEST)
    socket.send("4hello")
    assert socket.recv() == "4hello"
    socket.close()


def test_upgrade_lets_a_poll_that_waits_go_with_a_noop(server: EngineServer, session: Polling) -> None:
    session.polls.start("GET", session.target)
    assert session.polls.silent()
    socket = open_websocket(server, url(session.sid, transport="websocket"))
    socket.send("2probe")
    assert socket.recv() == "3probe"
    assert session.polls.finish().text == "6"
    socket.close()


def test_upgrade_that_ends_before_its_time_leaves_polling_as_it_was(server: EngineServer, session: Polling) -> None:
    socket = open_websocket(server, url(session.sid, transport="websocket"))
    socket.send("2probe")
    assert socket.recv() == "3probe"
    socket.send("4no upgrade packet")
    assert wait_for_close(socket) == 1000
    assert session.post("4hello").text == "ok"
    assert session.poll().text == "4hello"


def test_upgrade_of_a_session_that_ends_meanwhile_takes_what_was_queued_along(
    server: EngineServer, session: Polling
) -> None:
    socket = open_websocket(server, url(session.sid, transport="websocket"))
    socket.send("2probe")
    assert socket.recv() == "3probe"
    assert session.post("4last").text == "ok"
    socket.send("5")
    assert socket.recv() == "4last words"
    assert socket.recv() == "1"
    assert wait_for_close(socket) == 1000


def test_upgrade_is_not_offered_and_not_taken_where_it_is_off() -> None:
    with EngineServer(upgrades=0) as server:
        session = Polling(server)
        assert session.opened["upgrades"] == []
        assert refused(server, url(session.sid, transport="websocket")).status == 400
        assert session.post("4x").text == "ok"


@pytest.mark.parametrize("only", ["polling", "websocket"])
def test_a_transport_that_is_off_is_unknown(only: str) -> None:
    with EngineServer(polling=int(only == "polling"), websocket=int(only == "websocket")) as server:
        with Http(server) as http:
            polling = http.ask("GET", url())
        if only == "polling":
            assert json.loads(polling.text[1:])["upgrades"] == []
            assert refused(server, url(transport="websocket")).json() == UNKNOWN_TRANSPORT
        else:
            assert (polling.status, polling.json()) == (400, UNKNOWN_TRANSPORT)
            open_websocket(server, url(transport="websocket")).close()


# ---- unknown sessions ----


@pytest.mark.parametrize("sid", ["", "x", "a" * 31, "a" * 27 + "0000", "__proto__", "constructor", "toString", "%00"])
def test_unknown_sids_are_refused_with_code_1(server: EngineServer, http: Http, sid: str) -> None:
    for method, body in (("GET", None), ("POST", "4x")):
        answer = http.ask(method, url(sid), body)
        assert (answer.status, answer.json()) == (400, UNKNOWN_SID)
    assert refused(server, url(sid, transport="websocket")).json() == UNKNOWN_SID


def test_other_methods_on_a_session_are_bad_requests(session: Polling) -> None:
    for method in ("PUT", "DELETE", "PATCH"):
        answer = session.posts.ask(method, session.target)
        assert (answer.status, answer.json()) == (400, BAD_REQUEST)
    assert session.post("4x").text == "ok"


# ---- admission ----


def test_a_refused_handshake_gets_the_applications_status_on_both_transports(server: EngineServer, http: Http) -> None:
    answer = http.ask("GET", url() + "&refuse=401")
    assert (answer.status, answer.json()) == (401, "not you")
    answer = refused(server, url(transport="websocket") + "&refuse=401")
    assert (answer.status, answer.json()) == (401, "not you")


def test_a_handshake_may_be_decided_later(server: EngineServer, http: Http) -> None:
    answer = http.ask("GET", url() + "&later=100")
    assert answer.text[0] == "0"
    sid = json.loads(answer.text[1:])["sid"]
    assert http.ask("POST", url(sid), "4x").text == "ok"
    assert http.ask("GET", url(sid)).text == "4x"
    socket = open_websocket(server, url(transport="websocket") + "&later=100")
    assert str(socket.recv())[0] == "0"
    socket.send("4x")
    assert socket.recv() == "4x"
    socket.close()


def test_a_handshake_that_nobody_decides_is_given_up() -> None:
    with EngineServer(connect_timeout=200) as server, Http(server) as http:
        answer = http.ask("GET", url() + "&later=1500")
        assert answer.status == 503
        assert refused(server, url(transport="websocket") + "&later=1500").status == 503


@pytest.mark.parametrize("shards", [1, 2, 4])
def test_sessions_survive_a_crowd_of_connections(shards: int) -> None:
    """Every request of several sessions on a connection of its own, dealt out over the shards; each upgrades."""

    def run(server: EngineServer, number: int, failures: list[str]) -> None:
        try:
            session = Polling(server)
            for i in range(12):
                with Http(server) as out, Http(server) as back:
                    back.start("GET", session.target)  # held, on whichever shard it came to
                    assert out.ask("POST", session.target, f"4{number}-{i}").text == "ok"
                    assert back.finish().text == f"4{number}-{i}"
            socket = open_websocket(server, url(session.sid, transport="websocket"))
            socket.send("2probe")
            assert socket.recv() == "3probe"
            socket.send("5")
            socket.send(f"4{number}")
            assert socket.recv() == f"4{number}"
            socket.close()
        except Exception as error:
            failures.append(repr(error))

    failures: list[str] = []
    with EngineServer(shards=shards) as server:
        threads = [threading.Thread(target=run, args=(server, number, failures)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert failures == []
