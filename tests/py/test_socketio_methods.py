"""What the methods of chatterlink.socketio.Server do, with a server in this process and python-socketio's client."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chatterlink import socketio
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
