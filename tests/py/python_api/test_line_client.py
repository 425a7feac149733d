"""LineClient as a Python program uses it."""

from __future__ import annotations

import socket
import time

import pytest

from chatterlink import ChatterLinkError, LineClient, LineServer
from support.program import PATIENCE


def test_a_client_sends_and_receives_lines() -> None:
    with LineServer(port=0) as server, LineClient(port=server.port) as client:
        assert client.connected
        client.send("grüß dich 👋")
        while (line := client.receive(timeout=PATIENCE)) is not None:
            if line == "grüß dich 👋":
                break
        assert line is not None


def test_receive_gives_up_after_its_time_in_seconds() -> None:
    with LineServer(port=0) as server, LineClient(port=server.port) as client:
        while client.receive(timeout=0.3) is not None:
            pass  # a greeting
        began = time.monotonic()
        assert client.receive(timeout=0.5) is None
        assert 0.45 < time.monotonic() - began < 2
        assert not client.ended
        began = time.monotonic()
        assert client.receive(timeout=0) is None
        assert client.receive(timeout=-1) is None
        assert time.monotonic() - began < 0.3


def test_iterating_yields_lines_until_the_server_goes() -> None:
    server = LineServer(port=0)
    server.start()
    with LineClient(port=server.port) as client:
        client.send("one")
        client.send("two")
        lines = iter(client)
        seen: list[str] = []
        while "two" not in seen:
            seen.append(next(lines))
        assert [line for line in seen if line in ("one", "two")] == ["one", "two"]
        server.stop()
        for _ in lines:
            pass  # a farewell
        assert client.ended
        assert not client.connected
        assert client.receive() is None


def test_a_client_reports_what_it_cannot_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    client = LineClient(port=port)
    with pytest.raises(ChatterLinkError) as caught:
        client.start()
    assert caught.value.code == "io_failed"
    with pytest.raises(ChatterLinkError) as caught:
        client.send("hello")
    assert caught.value.code == "io_failed"
    with LineServer(port=0) as server, LineClient(port=server.port) as client:
        with pytest.raises(ChatterLinkError) as caught:
            client.send("two\nlines")
        assert caught.value.code == "message_invalid"
        with pytest.raises(ChatterLinkError) as caught:
            client.send("x" * 8193)
        assert caught.value.code == "message_too_long"
        with pytest.raises(UnicodeEncodeError):
            client.send("\ud800")
        assert client.connected


def test_bytes_that_are_not_utf8_are_replaced_and_not_raised() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, LineClient(port=other.getsockname()[1]) as client:
        peer, _ = other.accept()
        with peer:
            peer.sendall(b"caf\xe9\n")
            assert client.receive(timeout=PATIENCE) == "caf\ufffd"
