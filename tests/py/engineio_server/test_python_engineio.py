"""chatterlink.engineio.Server with python-engineio's own client."""

from __future__ import annotations

import time
from queue import Queue
from typing import Any

import engineio as python_engineio  # type: ignore[import-untyped]
import pytest

from engineio_server.scene import Scene
from support.program import PATIENCE


@pytest.mark.parametrize("transports", [["polling"], ["websocket"], None], ids=["polling", "websocket", "upgrade"])
def test_python_engineios_client_works(scene: Scene, transports: list[str] | None) -> None:
    scene.on_message = lambda sid, data: scene.eio.send(sid, data)
    client = python_engineio.Client()
    got: Queue[Any] = Queue()
    client.on("message", got.put)
    client.connect(f"http://127.0.0.1:{scene.eio.port}", transports=transports)
    sid = scene.next()[1]
    assert client.sid == sid
    wanted = "polling" if transports == ["polling"] else "websocket"
    assert client.transport() == wanted
    until = time.monotonic() + PATIENCE
    while scene.eio.transport(sid) != wanted:  # the client does not wait for an answer to its last word
        assert time.monotonic() < until
        time.sleep(0.01)
    for data in ("hello", {"a": [1, "ü"]}, b"\x00\xff", ["list"]):
        client.send(data)
        assert got.get(timeout=PATIENCE) == data
        assert scene.next() == ("message", sid, data)
    client.queue.join()  # it leaves without a word when its last POST is still on the way
    client.disconnect()
    assert scene.next()[:2] == ("disconnect", sid)


def test_python_engineios_client_is_told_of_a_refusal(scene: Scene) -> None:
    scene.on_connect = lambda _sid, _environ: "go away"
    client = python_engineio.Client()
    with pytest.raises(python_engineio.exceptions.ConnectionError) as error:
        client.connect(f"http://127.0.0.1:{scene.eio.port}")
    assert "go away" in str(error.value.args)
