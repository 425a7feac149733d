"""A Socket.IO server as a process, and a connection to it that says what a test wants it to say."""

from __future__ import annotations

import json
from types import TracebackType
from typing import Any

import websocket

from support import paths
from support.engineio import open_websocket, wait_for_close
from support.program import PATIENCE
from support.servers import Server

TARGET = "/socket.io/?EIO=4&transport=websocket"


class SocketioServer(Server):
    """tests/cpp/tools/socketio_echo."""

    def __init__(self, **options: int) -> None:
        """Start it; `ping_interval=300` becomes --ping-interval=300 (milliseconds)."""
        program = paths.BIN.parent / "tests" / "socketio_echo"
        super().__init__([program, *(f"--{name.replace('_', '-')}={value}" for name, value in options.items())])
        found = self.wait_for(r"listening on (\S+):(\d+)")
        self.host, self.port = found[1], int(found[2])


class Wire:
    """An Engine.IO session on a WebSocket. Answers pings, does nothing else by itself."""

    def __init__(self, server: Server) -> None:
        self.socket = open_websocket(server, TARGET)
        opened = self.socket.recv()
        assert isinstance(opened, str)
        assert opened[0] == "0"
        self.opened: dict[str, Any] = json.loads(opened[1:])

    @classmethod
    def connected(cls, server: Server, packet: str = "40") -> Wire:
        """One that is in a namespace already and has read its `auth` event."""
        wire = cls(server)
        wire.send(packet)
        assert str(wire.receive()).startswith("40")
        assert '["auth"' in str(wire.receive())
        return wire

    def send(self, *messages: str | bytes) -> None:
        for each in messages:
            if isinstance(each, bytes):
                self.socket.send_binary(each)
            else:
                self.socket.send(each)

    def receive(self) -> str | bytes:
        """The next message that is no ping."""
        while (message := self.raw()) == "2":
            self.socket.send("3")
        return message

    def raw(self) -> str | bytes:
        """The next message, a ping among them."""
        opcode, data = self.socket.recv_data()
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            raise ConnectionError(f"closed by the server: {data!r}")
        return data.decode() if opcode == websocket.ABNF.OPCODE_TEXT else bytes(data)

    def ask(self, packet: str) -> str:
        self.send(packet)
        answer = self.receive()
        assert isinstance(answer, str)
        return answer

    def silent(self, seconds: float = 0.3) -> bool:
        """Whether nothing but pings comes in that time (a bit longer with pings)."""
        self.socket.settimeout(seconds)
        try:
            self.receive()
        except websocket.WebSocketTimeoutException:
            return True
        finally:
            self.socket.settimeout(PATIENCE)
        return False

    def closed(self) -> int | None:
        """Wait until the server closes: the code. What it sends before is thrown away."""
        return wait_for_close(self.socket)

    def break_off(self) -> None:
        """End the TCP connection without a word."""
        if self.socket.sock is not None:
            self.socket.sock.close()

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> Wire:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
