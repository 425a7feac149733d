"""A Socket.IO client on a bare WebSocket, for what libraries do not do."""

from __future__ import annotations

import json
from types import TracebackType
from typing import Any, TypeVar

import websocket

from support.program import PATIENCE

_Self = TypeVar("_Self", bound="BareClient")


class BareClient:
    """Connected to one namespace; answers pings while it reads."""

    def __init__(self, url: str, auth: Any = None) -> None:
        """Open a WebSocket and connect to "/"; `sid` and `pid` are what the server said."""
        address = url.replace("http://", "ws://") + "socket.io/?EIO=4&transport=websocket"
        self.socket = websocket.create_connection(address, timeout=PATIENCE)
        self.handshake = json.loads(self.socket.recv()[1:])
        self.send("40" + ("" if auth is None else json.dumps(auth)))
        said = self.read()
        assert said.startswith("40"), said
        self.sid = json.loads(said[2:])["sid"]
        self.pid = json.loads(said[2:]).get("pid")
        self._acks = 0

    def send(self, packet: str) -> None:
        self.socket.send(packet)

    def emit(self, event: str, *arguments: Any) -> None:
        self.send("42" + json.dumps([event, *arguments]))

    def read(self) -> str:
        """The next packet that is no ping."""
        while True:
            packet = self.socket.recv()
            if packet != "2":
                return str(packet)
            self.send("3")

    def read_event(self) -> list[Any]:
        packet = self.read()
        assert packet.startswith("42"), packet
        found = json.loads(packet[2:])
        assert isinstance(found, list)
        return found

    def ask(self, event: str, *arguments: Any) -> str:
        """Emit and want an ack; the packet that will begin the answer."""
        number = self._acks
        self._acks += 1
        self.send(f"42{number}" + json.dumps([event, *arguments]))
        return f"43{number}["

    def call(self, event: str, *arguments: Any) -> Any:
        """The ack's first argument (None if there is none); other packets before it are lost."""
        begins = self.ask(event, *arguments)
        while not (packet := self.read()).startswith(begins):
            pass
        said = json.loads(packet[len(begins) - 1 :])
        return said[0] if said else None

    def wait_closed(self) -> None:
        """Read until the server closes."""
        try:
            while self.socket.recv():
                pass
        except (websocket.WebSocketConnectionClosedException, ConnectionError):
            pass

    def close(self) -> None:
        self.socket.close()

    def drop(self) -> None:
        """The connection breaks: no close frame."""
        self.socket.shutdown()  # type: ignore[no-untyped-call]

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
