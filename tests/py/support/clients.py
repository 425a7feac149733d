"""Any of the client libraries on any transport, for tests that have to hold for all of them."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TypeVar

from support.chat_client import TRANSPORTS, ChatClient
from support.java_client import JavaClient
from support.node_client import NodeClient
from support.python_client import PythonClient
from support.raw_client import RawClient
from support.servers import AppServer

LIBRARIES: dict[str, type[NodeClient | JavaClient | PythonClient | RawClient]] = {
    "node": NodeClient,
    "java": JavaClient,
    "python-socketio": PythonClient,
    "raw": RawClient,
}

#: Every library on every transport, as "node/polling".
ALL_KINDS = [f"{library}/{transport}" for library in LIBRARIES for transport in TRANSPORTS]

_Client = TypeVar("_Client", bound=ChatClient)


class Connections:
    """Clients that a test opened; `with` closes them, the last one first."""

    def __init__(self) -> None:
        self._stack = ExitStack()

    def open(self, server: AppServer, kind: str) -> ChatClient:
        """A client of one of ALL_KINDS."""
        library, transport = kind.split("/")
        return self.add(LIBRARIES[library](server, transport))

    def raw(self, server: AppServer, transport: str = "websocket", *, fresh_connections: bool = False) -> RawClient:
        """The raw client, for tests that are about the server's rules and not about a library."""
        return self.add(RawClient(server, transport, fresh_connections=fresh_connections))

    def joined(self, server: AppServer, username: str, room: str = "lobby", transport: str = "websocket") -> RawClient:
        """A raw client that is in a room."""
        client = self.raw(server, transport)
        client.join(username, room)
        return client

    def add(self, client: _Client) -> _Client:
        self._stack.push(client)
        return client

    def __enter__(self) -> Connections:
        return self

    def __exit__(self, *problem: object) -> None:
        self._stack.close()
