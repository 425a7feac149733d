"""What the methods of chatterlink.socketio.Server do, with a server in this process and python-socketio's client."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from queue import Queue
from typing import Any

import pytest

from chatterlink import LineClient, socketio
from chatterlink.socketio._clients import Room, name_of, room_of
from support.socketio_process import Talker


@pytest.fixture
def sio() -> Iterator[socketio.Server]:
    with socketio.Server(port=0) as server:
        yield server


def connect(sio: socketio.Server, transport: str = "websocket") -> Talker:
    return Talker(f"http://127.0.0.1:{sio.port}/", transport=transport)


@pytest.mark.parametrize("transport", ["polling", "websocket"])
def test_a_binary_event_is_one_message_however_large_it_is(sio: socketio.Server, transport: str) -> None:
    with connect(sio, transport) as talker:
        sio.emit("image", (b"x" * 5_000_000, b"y" * 5_000_000, b"z"), to=talker.sid())
        assert [len(each) for each in talker.wait_for("/", "image")[2:]] == [5_000_000, 5_000_000, 1]


def test_a_str_is_never_the_room_of_an_int(sio: socketio.Server) -> None:
    with connect(sio) as one, connect(sio) as two:
        rooms = ["\x0042", "\x00\x0042", "\x00", "42"]
        for room in rooms:
            sio.enter_room(one.sid(), room)
        sio.enter_room(two.sid(), 42)
        sio.emit("secret", 1, to=42)
        for room in rooms:
            sio.emit("named", room, to=room)
        one.wait_for("/", "named", "42")
        assert one.events == [["/", "named", room] for room in rooms]
        two.wait_for("/", "secret")
        assert two.events == [["/", "secret", 1]]


def test_names_of_rooms_come_back() -> None:
    rooms: list[Room] = ["a", "\x0042", "\x00\x00", "\x00", "", 42, -1]
    assert [room_of(name_of(room)) for room in rooms] == rooms


def test_a_room_that_is_refused_is_not_entered(sio: socketio.Server) -> None:
    with connect(sio) as talker:
        sid = talker.sid()
        with pytest.raises(ValueError, match="surrogates"):
            sio.enter_room(sid, "\ud800")
        assert sio.rooms(sid) == [sid]


@pytest.mark.parametrize("error", [KeyError, ValueError])
def test_who_is_not_there_enters_no_room(sio: socketio.Server, error: type[Exception]) -> None:
    with pytest.raises(error, match="not connected"):
        sio.enter_room("gone", "room")


def test_a_session_can_be_opened_again(sio: socketio.Server) -> None:
    with connect(sio) as talker:
        again = sio.session(talker.sid())
        for count in range(2):
            with again as session:
                assert session.get("count", 0) == count
                session["count"] = count + 1


@pytest.mark.parametrize("transport", ["polling", "websocket"])
def test_a_disconnect_handler_can_ask_for_the_transport(sio: socketio.Server, transport: str) -> None:
    told: Queue[str] = Queue()
    sio.on("disconnect", lambda sid: told.put(sio.transport(sid)))
    with connect(sio, transport) as talker:
        sid = talker.sid()
    assert told.get(timeout=10) == transport
    while sio.get_environ(sid) is not None:
        time.sleep(0.01)
    with pytest.raises(KeyError):
        sio.transport(sid)


def test_skip_sid_names_clients_and_no_rooms(sio: socketio.Server) -> None:
    with connect(sio) as one, connect(sio) as two:
        sio.enter_room(one.sid(), "room")
        sio.emit("first", skip_sid="room")
        sio.emit("second", skip_sid=["room", two.sid()])
        sio.emit("third")
        one.wait_for("/", "third")
        two.wait_for("/", "third")
        assert [each[1] for each in one.events] == ["first", "second", "third"]
        assert [each[1] for each in two.events] == ["first", "third"]


def test_call_asks_a_room_or_a_list_too(sio: socketio.Server) -> None:
    with Talker(f"http://127.0.0.1:{sio.port}/", answer=lambda what: ("re", what)) as talker:
        sio.enter_room(talker.sid(), "room")
        for target in ("room", ["room"], talker.sid(), [talker.sid()]):
            assert sio.call("question", "what", to=target, timeout=10) == ("re", "what")
        with pytest.raises(socketio.TimeoutError):
            sio.call("question", "what", to="nobody", timeout=10)


@pytest.mark.parametrize("transport", ["polling", "websocket"])
def test_who_is_closed_for_what_waits_for_it_is_logged_and_counted(
    sio: socketio.Server, transport: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with connect(sio, transport) as talker:
        for _ in range(3):
            sio.emit("large", "x" * 8_000_000)
        talker.wait_until(lambda: talker.ends)
        assert sio.counters["closed_slow"] == 1
    assert capfd.readouterr().err.count("is closed") == 1


@pytest.mark.parametrize("transport", ["polling", "websocket"])
def test_max_send_buffer_size_is_what_may_wait_for_a_client(transport: str) -> None:
    with socketio.Server(port=0, max_send_buffer_size=32_000_000) as sio, connect(sio, transport) as talker:
        for _ in range(3):
            sio.emit("large", "x" * 8_000_000)
        talker.wait_until(lambda: len(talker.events) == 3)
        assert sio.counters["closed_slow"] == 0


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda sio: sio.emit(5), TypeError, "event must be a str, not int"),
        (lambda sio: sio.emit(None), TypeError, "event must be a str"),
        (lambda sio: sio.emit("e", "secret", namespace=5), TypeError, "namespace must be a str, not int"),
        (lambda sio: sio.emit("e", "secret", to="\ud800"), ValueError, "a room cannot be sent"),
        (lambda sio: sio.call("e", "secret", to="r", namespace=5), TypeError, "namespace must be a str"),
        (lambda sio: sio.on("e", print, namespace=5), TypeError, "namespace must be a str"),
        (lambda sio: sio.on(5, print), TypeError, "event must be a str"),
        (lambda _: socketio.Server(host=None), TypeError, "host must be a str"),  # type: ignore[arg-type]
        (lambda _: socketio.Server(cors_allowed_origins=[5]), TypeError, "cors_allowed_origins"),  # type: ignore[list-item]
        (lambda _: socketio.Server(cookie=5), TypeError, "cookie must be a str or a dict"),  # type: ignore[arg-type]
        (lambda _: LineClient().send(b"x"), TypeError, "line must be a str, not bytes"),  # type: ignore[arg-type]
    ],
)
def test_an_argument_of_a_wrong_type_is_named(
    sio: socketio.Server, call: Callable[[Any], None], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words) as raised:
        call(sio)
    assert "secret" not in str(raised.value)
