"""chatterlink.engineio.Server: what its handlers see, and the reasons for which clients end."""

from __future__ import annotations

import math
import threading
import time
from queue import Queue
from typing import Any

import pytest

from chatterlink import engineio
from engineio_server.scene import MakeScene, Scene
from support.engineio import Polling, wait_for_close
from support.program import PATIENCE
from support.scale import scaled


def test_handlers_see_a_client_come_speak_and_go(scene: Scene) -> None:
    client = Polling(scene.place)
    assert scene.next() == ("connect", client.sid)
    assert client.post("4hello").text == "ok"
    assert scene.next() == ("message", client.sid, "hello")
    assert client.post("1").text == "ok"
    assert scene.next() == ("disconnect", client.sid, engineio.Server.reason.CLIENT_DISCONNECT)
    assert scene.nothing_more()


@pytest.mark.parametrize(
    ("sent", "got"),
    [
        ("hello", "hello"),
        ("", ""),
        ('{"a":[1,2.5,null,"ü"]}', {"a": [1, 2.5, None, "ü"]}),
        ("[1]", [1]),
        ("true", True),
        ('"text"', "text"),
        ("123", "123"),  # a number stays text
        ("-1", -1),
        ('{"a":', '{"a":'),
        ("[" * 100_000, "[" * 100_000),
        ("NaN", "NaN"),
    ],
)
def test_text_that_is_json_comes_as_what_it_stands_for(scene: Scene, sent: str, got: Any) -> None:
    connection = scene.websocket()
    scene.next()
    connection.send("4" + sent)
    seen = scene.next()[2]
    if sent == "NaN":
        assert math.isnan(seen)  # the standard library takes it
    else:
        assert seen == got
    connection.close()


def test_binary_comes_as_bytes_on_both_transports(scene: Scene) -> None:
    connection = scene.websocket()
    scene.next()
    connection.send_binary(b"\x00\xff")
    assert scene.next()[2] == b"\x00\xff"
    client = Polling(scene.place)
    scene.next()
    client.post("bAP8=")
    assert scene.next()[2] == b"\x00\xff"
    connection.close()


def test_messages_of_one_client_are_handled_in_order_and_clients_do_not_wait_for_each_other(scene: Scene) -> None:
    gate = threading.Event()
    scene.on_message = lambda _sid, data: gate.wait(PATIENCE) if data == "wait" else None
    slow, quick = scene.websocket(), scene.websocket()
    scene.next(), scene.next()
    slow.send("4wait")
    assert scene.next()[2] == "wait"
    for i in range(100):
        quick.send(f"4m{i}")
    assert [scene.next()[2] for _ in range(100)] == [f"m{i}" for i in range(100)]
    gate.set()
    slow.close()
    quick.close()


@pytest.mark.parametrize("transport", ["polling", "websocket"])
def test_a_client_faster_than_its_handlers_is_slowed_and_loses_nothing(make: MakeScene, transport: str) -> None:
    """More messages than may wait (10,000): the server reads no more until there is room again."""
    scene = make(async_handlers=False)
    count = scaled(30_000, 15_000)
    got: list[int] = []
    gate = threading.Event()

    def slow(_sid: str, data: str) -> None:
        gate.wait(PATIENCE)
        got.append(int(data))

    scene.eio.on("message", slow)
    if transport == "websocket":
        connection = scene.websocket()
        frames = b"".join(
            bytes([0x81, 0x80 | len(text)]) + bytes(4) + text for text in (b"4%d" % i for i in range(count))
        )
        sender = threading.Thread(target=connection.sock.sendall, args=(frames,))
    else:
        client = Polling(scene.place)

        def post_all() -> None:
            for first in range(0, count, 500):
                assert client.post("\x1e".join(f"4{i}" for i in range(first, first + 500))).text == "ok"

        sender = threading.Thread(target=post_all)
    sender.start()
    until = time.monotonic() + PATIENCE
    while scene.eio.counters["waiting"] < 4900 and time.monotonic() < until:
        time.sleep(0.02)
    time.sleep(0.3)
    assert 4900 <= scene.eio.counters["waiting"] <= 10_000  # half: no more is read
    gate.set()
    sender.join(3 * PATIENCE)
    until = time.monotonic() + 3 * PATIENCE
    while len(got) < count and time.monotonic() < until:
        time.sleep(0.02)
    assert got == list(range(count))
    assert scene.eio.counters["refused"] == 0


def test_a_handler_that_fails_ends_nothing(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    def fail(_sid: str, data: Any) -> None:
        if data == "fail":
            raise RuntimeError("expected in this test")

    scene.on_message = fail
    connection = scene.websocket()
    scene.next()
    connection.send("4fail")
    connection.send("4fine")
    assert [scene.next()[2], scene.next()[2]] == ["fail", "fine"]
    connection.close()


def test_on_is_a_decorator_too_and_knows_three_events() -> None:
    eio = engineio.Server()

    @eio.on("message")
    def handler(sid: str, data: Any) -> None:
        """Nothing."""

    assert eio.handlers == {"message": handler}
    with pytest.raises(ValueError, match="Invalid event"):
        eio.on("ping", handler)


@pytest.mark.parametrize("with_reason", [True, False])
def test_a_disconnect_handler_takes_the_reason_or_not(scene: Scene, with_reason: bool) -> None:
    gone: Queue[tuple[Any, ...]] = Queue()
    if with_reason:
        scene.eio.on("disconnect", lambda sid, reason: gone.put((sid, reason)))
    else:
        scene.eio.on("disconnect", lambda sid: gone.put((sid,)))
    connection = scene.websocket()
    sid = scene.next()[1]
    connection.close()
    assert gone.get(timeout=PATIENCE) == ((sid, "transport close") if with_reason else (sid,))


def test_every_end_has_python_engineios_reason(make: MakeScene) -> None:
    scene = make(ping_interval=0.3, ping_timeout=0.3)
    reason = engineio.Server.reason
    connection = scene.websocket()
    scene.next()
    assert scene.next()[2] == reason.PING_TIMEOUT
    connection = scene.websocket()
    scene.next()
    connection.sock.close()
    assert scene.next()[2] in (reason.TRANSPORT_CLOSE, reason.PING_TIMEOUT)
    scene = make()
    client = Polling(scene.place)
    scene.next()
    assert client.post("malformed").status == 400
    assert scene.next()[2] == reason.TRANSPORT_ERROR
    connection = scene.websocket()
    sid = scene.next()[1]
    scene.eio.disconnect(sid)
    assert scene.next() == ("disconnect", sid, reason.SERVER_DISCONNECT)
    assert wait_for_close(connection) == 1000
