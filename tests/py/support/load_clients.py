"""Many WebSocket clients in one room, as one program: `python load_clients.py HOST PORT CLIENTS RATE SECONDS`.

It joins them all, has ten of them send RATE messages of 100 bytes a second between them, and prints what arrived
where as one JSON object. Written for little work per message, so that the machine is left to the server.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import json
import os
import re
import resource
import statistics
import sys
import time
from typing import Any

SENDERS = 10
TEXT_BYTES = 100

#: The time of sending and the seq; a quarter million times over this is a lot cheaper than a JSON parser.
MESSAGE = re.compile(rb'"message":"([\d.]+) *\.*".*"seq":(\d+)')


class Client(asyncio.Protocol):
    """One raw WebSocket client: the handshake, then frames of whole Socket.IO packets."""

    def __init__(self, host: str, port: int, number: int) -> None:
        self.host, self.port, self.number = host, port, number
        self.joined: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.seqs: list[int] = []
        self.delays: list[float] = []
        self.presence = 0
        self.acks = 0
        self.strange: list[str] = []
        self._in = b""
        self._open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {self.host}:{self.port}\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\n\r\n".encode()
        )

    def send(self, text: str) -> None:
        """A text frame, masked with zeros (RFC 6455 §5.3 asks for a mask, not for a good one from a test)."""
        data = text.encode()
        size = len(data)
        length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
        self._transport.write(b"\x81" + length + b"\0\0\0\0" + data)

    def data_received(self, data: bytes) -> None:
        self._in = self._in + data if self._in else data
        if not self._open:
            head, end, rest = self._in.partition(b"\r\n\r\n")
            if not end:
                return
            if b" 101 " not in head[:16]:
                self.strange.append(head.decode(errors="replace"))
            self._open, self._in = True, rest
        at = 0
        frames = self._in
        while len(frames) - at >= 2:
            size, head_size = frames[at + 1], 2
            if size == 126:
                size, head_size = int.from_bytes(frames[at + 2 : at + 4], "big"), 4
            elif size == 127:
                size, head_size = int.from_bytes(frames[at + 2 : at + 10], "big"), 10
            if len(frames) - at < head_size + size:
                break
            self.packet(frames[at + head_size : at + head_size + size])
            at += head_size + size
        self._in = frames[at:]

    def packet(self, data: bytes) -> None:
        if data.startswith(b'42["message",'):
            found = MESSAGE.search(data)
            if not found:
                return self.strange.append(data.decode(errors="replace"))
            self.seqs.append(int(found[2]))
            self.delays.append(time.monotonic() - float(found[1]))
        elif data.startswith(b'42["presence",'):
            self.presence += 1
        elif data.startswith(b"43") and b'"ok":true' in data:
            if self.joined.done():
                self.acks += 1
            else:
                self.joined.set_result(None)
        elif data.startswith(b"0{"):
            self.send("40")
        elif data.startswith(b"40{"):
            self.send(f'420["join",{{"username":"Client {self.number}","room":"hall"}}]')
        elif data == b"2":
            self.send("3")
        else:
            self.strange.append(data[:200].decode(errors="replace"))
        return None

    def connection_lost(self, error: Exception | None) -> None:
        self.strange.append(f"lost: {error}")


def _same(client: Client) -> Client:
    return client


async def run(host: str, port: int, count: int, rate: int, seconds: int) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    began = time.monotonic()
    clients: list[Client] = []
    for number in range(count):
        client = Client(host, port, number)
        await loop.create_connection(functools.partial(_same, client), host, port)
        clients.append(client)
        if number % 50 == 49:  # so that the listen queue never overflows
            await client.joined
    await asyncio.gather(*(client.joined for client in clients))
    joining = time.monotonic() - began
    await asyncio.sleep(0.5)

    total = rate * seconds
    start = time.monotonic()
    for number in range(total):
        await asyncio.sleep(max(0.0, start + number / rate - time.monotonic()))
        text = f"{time.monotonic():<20.6f}".ljust(TEXT_BYTES, ".")
        clients[number % SENDERS].send(f'42{number + 1}["message",{{"room":"hall","message":"{text}"}}]')
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and (
        any(len(client.seqs) < total for client in clients) or sum(client.acks for client in clients) < total
    ):
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.3)  # anything too many would come now

    expected = list(range(1, total + 1))
    delays = sorted(delay for client in clients for delay in client.delays)
    return {
        "clients": count,
        "sent": total,
        "acks": sum(client.acks for client in clients),
        "delivered": sum(len(client.seqs) for client in clients),
        "complete_in_order_once": sum(client.seqs == expected for client in clients),
        "presence_most": max(client.presence for client in clients),
        "joining_s": round(joining, 3),
        "delay_ms": {
            "p50": round(statistics.median(delays) * 1000, 2),
            "p99": round(delays[len(delays) * 99 // 100] * 1000, 2),
        },
        "strange": [f"client {client.number}: {what}" for client in clients for what in client.strange][:10],
    }


def main() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    host, numbers = sys.argv[1], [int(argument) for argument in sys.argv[2:]]
    print(json.dumps(asyncio.run(run(host, *numbers))))


if __name__ == "__main__":
    main()
