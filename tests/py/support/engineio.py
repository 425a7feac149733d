"""An Engine.IO server as a process, and the requests of Engine.IO v4, one by one: http.client and a WebSocket.

Nothing here follows the protocol by itself: a test says every request, so it can say wrong ones too.
"""

from __future__ import annotations

import http.client
import json
import socket
import struct
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, NamedTuple

import websocket

from support import paths
from support.program import PATIENCE
from support.servers import Server

PATH = "/engine.io/"


class EngineServer(Server):
    """tests/cpp/tools/engineio_echo: sends back what it gets."""

    def __init__(self, **options: object) -> None:
        """Start it; `ping_interval=300` becomes --ping-interval=300 (milliseconds)."""
        program = paths.BIN.parent / "tests" / "engineio_echo"
        super().__init__([program, *(f"--{name.replace('_', '-')}={value}" for name, value in options.items())])
        found = self.wait_for(r"listening on (\S+):(\d+)")
        self.host, self.port = found[1], int(found[2])


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)


def url(sid: str | None = None, transport: str | None = "polling", eio: str | None = "4", path: str = PATH) -> str:
    """The target of a request; what is None is left out."""
    query = [("EIO", eio), ("transport", transport), ("sid", sid)]
    return path + "?" + "&".join(f"{name}={value}" for name, value in query if value is not None)


class Http:
    """One connection, kept open as long as the server allows."""

    def __init__(self, server: Server) -> None:
        self._connection = http.client.HTTPConnection(server.host, server.port, timeout=PATIENCE)

    def ask(
        self, method: str, target: str, body: bytes | str | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        self.start(method, target, body, headers)
        return self.finish()

    def start(
        self, method: str, target: str, body: bytes | str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        """Send a request and do not wait for its answer."""
        encoded = body.encode() if isinstance(body, str) else body
        self._connection.request(method, target, body=encoded, headers=dict(headers or {}))

    def start_post(self, target: str, length: int, part: bytes) -> None:
        """Announce a body of `length` bytes and send the first of them."""
        self._connection.putrequest("POST", target)
        self._connection.putheader("Content-Length", str(length))
        self._connection.endheaders(part)

    def send(self, part: bytes) -> None:
        """More of the body."""
        self._connection.send(part)

    def finish(self) -> Answer:
        answer = self._connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())

    def silent(self, seconds: float = 0.15 * PATIENCE / 20) -> bool:
        """Whether no answer comes in that time."""
        self._connection.sock.settimeout(seconds)
        try:
            return not self._connection.sock.recv(1, socket.MSG_PEEK)
        except TimeoutError:
            return True
        finally:
            self._connection.sock.settimeout(PATIENCE)

    def close(self, hard: bool = False) -> None:
        """Leave; `hard`: with a reset (RST)."""
        if hard and self._connection.sock is not None:
            self._connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._connection.close()

    def __enter__(self) -> Http:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Polling:
    """A session over polling: a connection for its polls, one for its posts."""

    def __init__(self, server: Server, headers: Mapping[str, str] | None = None, path: str = PATH) -> None:
        self.polls, self.posts = Http(server), Http(server)
        self._path = path
        answer = self.polls.ask("GET", url(path=path), headers=headers)
        assert answer.status == 200, answer
        assert answer.text[0] == "0"
        self.opened = json.loads(answer.text[1:])
        self.sid: str = self.opened["sid"]

    @property
    def target(self) -> str:
        return url(self.sid, path=self._path)

    def poll(self) -> Answer:
        return self.polls.ask("GET", self.target)

    def post(self, body: bytes | str, headers: Mapping[str, str] | None = None) -> Answer:
        return self.posts.ask(
            "POST", self.target, body, {"Content-Type": "text/plain;charset=UTF-8", **(headers or {})}
        )

    def close(self) -> None:
        self.polls.close()
        self.posts.close()


def open_websocket(server: Server, target: str, headers: list[str] | None = None) -> websocket.WebSocket:
    """The raised WebSocketBadStatusException of a refusal has `status_code` and `resp_body`."""
    return websocket.create_connection(
        f"ws://{server.host}:{server.port}{target}", timeout=PATIENCE, suppress_origin=True, header=headers or []
    )


def refused(server: Server, target: str, headers: list[str] | None = None) -> Answer:
    """The HTTP answer to a WebSocket handshake that is refused."""
    try:
        open_websocket(server, target, headers)
    except websocket.WebSocketBadStatusException as error:
        return Answer(error.status_code, http.client.HTTPMessage(), error.resp_body or b"")
    raise AssertionError("the server accepted the WebSocket")


def wait_for_close(connection: websocket.WebSocket) -> int | None:
    """Read until the server closes; the close code, None when it closed without a close frame."""
    with suppress(websocket.WebSocketConnectionClosedException, ConnectionError):
        while True:
            opcode, data = connection.recv_data(control_frame=True)
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                return int.from_bytes(data[:2], "big")
    return None
