"""chatterlink.engineio.Server: what can be sent, and what is kept of a client."""

from __future__ import annotations

import logging
import time
from queue import Queue
from typing import Any

import pytest

from engineio_server.scene import Scene
from support.engineio import Polling, open_websocket, url, wait_for_close
from support.program import PATIENCE


@pytest.mark.parametrize(
    ("data", "packet"),
    [
        ("hello", "4hello"),
        ("", "4"),
        ({"a": [1, None]}, '4{"a":[1,null]}'),
        ([1, "ü"], '4[1,"\\u00fc"]'),
        (None, "4"),
        (5, "45"),
        (b"\x00\xff", b"\x00\xff"),
        (bytearray(b"ab"), b"ab"),
    ],
)
def test_send_takes_what_python_engineios_takes(scene: Scene, data: Any, packet: str | bytes) -> None:
    connection = scene.websocket()
    connection.recv()
    scene.eio.send(scene.next()[1], data)
    assert connection.recv() == packet
    connection.close()


def test_send_raises_for_what_cannot_be_sent_and_warns_for_who_is_not_there(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(TypeError):
        scene.eio.send("x", {"a": object()})
    scene.eio.logger.setLevel(logging.WARNING)
    with caplog.at_level(logging.WARNING, "chatterlink.engineio"):
        for sid in ("nobody", "__proto__", ""):
            scene.eio.send(sid, "x")
    assert caplog.text.count("Cannot send to sid") == 3


def test_what_a_thread_sends_arrives_in_that_order_also_from_the_connect_handler(scene: Scene) -> None:
    def welcome(sid: str, _environ: Any) -> None:
        for i in range(50):
            scene.eio.send(sid, f"w{i}")

    scene.on_connect = welcome
    connection = scene.websocket()
    assert str(connection.recv())[0] == "0"
    sid = scene.next()[1]
    for i in range(50, 100):
        scene.eio.send(sid, f"w{i}")
    assert [connection.recv() for _ in range(100)] == [f"4w{i}" for i in range(100)]
    connection.close()


def test_transport_follows_an_upgrade(scene: Scene) -> None:
    client = Polling(scene.place)
    assert scene.eio.transport(client.sid) == "polling"
    connection = open_websocket(scene.place, url(client.sid, transport="websocket"))
    connection.send("2probe")
    assert connection.recv() == "3probe"
    assert scene.eio.transport(client.sid) == "polling"
    connection.send("5")
    connection.send("4there")
    assert [scene.next()[0], scene.next()[2]] == ["connect", "there"]
    assert scene.eio.transport(client.sid) == "websocket"
    connection.close()
    scene.next()
    with pytest.raises(KeyError):
        scene.eio.transport(client.sid)


def test_disconnect_sends_what_was_queued_first_and_without_a_sid_ends_all(scene: Scene) -> None:
    client = Polling(scene.place)
    scene.eio.send(client.sid, "last words")
    scene.eio.disconnect(client.sid)
    assert client.poll().text == "4last words\x1e1"
    others = [scene.websocket() for _ in range(3)]
    scene.eio.disconnect()
    for each in others:
        assert wait_for_close(each) == 1000
    scene.eio.disconnect("nobody")


def test_a_session_lasts_from_the_connect_handler_to_the_disconnect_handler(scene: Scene) -> None:
    left: Queue[Any] = Queue()

    def connect(sid: str, _environ: Any) -> None:
        with scene.eio.session(sid) as session:
            session["name"] = "Ana"

    scene.on_connect = connect
    scene.eio.on("disconnect", lambda sid: left.put(scene.eio.get_session(sid)))
    connection = scene.websocket()
    sid = scene.next()[1]
    assert scene.eio.get_session(sid) == {"name": "Ana"}
    scene.eio.save_session(sid, {"name": "Bo"})
    connection.close()
    assert left.get(timeout=PATIENCE) == {"name": "Bo"}
    until = time.monotonic() + PATIENCE
    while scene.eio.get_environ(sid) is not None and time.monotonic() < until:
        time.sleep(0.01)
    with pytest.raises(KeyError, match="Session not found"):
        scene.eio.get_session(sid)
    with pytest.raises(KeyError):
        scene.eio.save_session(sid, {})
    with pytest.raises(KeyError), scene.eio.session(sid):
        pass
