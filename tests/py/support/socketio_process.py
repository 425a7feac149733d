"""Socket.IO servers of chatterlink.socketio as processes, and python-socketio's client to talk to them."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import socketio  # type: ignore[import-untyped]

from support import paths
from support.leaving import leave
from support.program import PATIENCE
from support.servers import Server, _address_or_kill

_Self = TypeVar("_Self", bound="Talker")

PROGRAM = paths.ROOT / "tests" / "py" / "programs" / "socketio_program.py"


class SocketIOProcess(Server):
    """A Python program that prints "listening on HOST:PORT"."""

    def __init__(self, *arguments: str | Path) -> None:
        """Run a Python file, or "-c" and a text, with this interpreter, and wait until it serves."""
        super().__init__([sys.executable, "-u", *arguments])
        found = _address_or_kill(self, r"listening on (\S+):(\d+)")
        self.host, self.port = found[1], int(found[2])
        self.url = f"http://{self.host}:{self.port}/"


def start_program(library: str = "chatterlink", **options: Any) -> SocketIOProcess:
    """programs/socketio_program.py with options for its Server()."""
    return SocketIOProcess(PROGRAM, library, json.dumps(options))


class Talker:
    """python-socketio's client. Keeps every event as [namespace, name, *arguments]."""

    def __init__(
        self,
        url: str,
        *,
        transport: str = "websocket",
        namespaces: tuple[str, ...] = ("/",),
        auth: Any = None,
        headers: dict[str, str] | None = None,
        answer: Callable[..., Any] | None = None,
        wait: bool = True,
        **options: Any,
    ) -> None:
        """Connect. `answer` handles the event "question". `wait`: until the namespaces are connected."""
        self.events: list[list[Any]] = []
        self.refusals: list[Any] = []
        self.ends: list[str] = []
        self._news = threading.Condition()
        self.client = socketio.Client(reconnection=False, **options)
        for namespace in namespaces:
            self._listen(namespace, answer)
        self.client.connect(
            url,
            transports=["polling", "websocket"] if transport == "upgrade" else [transport],
            namespaces=list(namespaces),
            auth=auth,
            headers=headers or {},
            wait=wait,
            wait_timeout=PATIENCE,
        )

    def _listen(self, namespace: str, answer: Callable[..., Any] | None) -> None:
        def take(name: str, *arguments: Any) -> None:
            with self._news:
                self.events.append([namespace, name, *arguments])
                self._news.notify_all()

        def question(*arguments: Any) -> Any:
            take("question", *arguments)
            return None if answer is None else answer(*arguments)

        def refused(data: Any = None) -> None:
            with self._news:
                self.refusals.append([namespace, data])
                self._news.notify_all()

        def ended(reason: str) -> None:
            with self._news:
                self.ends.append(reason)
                self._news.notify_all()

        self.client.on("*", take, namespace=namespace)
        self.client.on("question", question, namespace=namespace)
        self.client.on("connect_error", refused, namespace=namespace)
        self.client.on("disconnect", ended, namespace=namespace)

    def call(self, event: str, *arguments: Any, namespace: str = "/", timeout: float = PATIENCE) -> Any:
        return self.client.call(event, tuple(arguments), namespace=namespace, timeout=timeout)

    def emit(self, event: str, *arguments: Any, namespace: str = "/") -> None:
        self.client.emit(event, tuple(arguments), namespace=namespace)

    def sid(self, namespace: str = "/") -> str:
        return str(self.client.get_sid(namespace))

    def wait_until(self, done: Callable[[], Any], timeout: float = PATIENCE) -> Any:
        """Wait until what arrived fulfils `done`; what that returned."""
        with self._news:
            assert self._news.wait_for(done, timeout), f"got only {self.events[-20:]}, {self.refusals}, {self.ends}"
            return done()

    def wait_for(self, *event: Any) -> list[Any]:
        """Wait for the first event that begins like this (namespace, name, …)."""
        found = self.wait_until(lambda: [each for each in self.events if each[: len(event)] == list(event)])
        assert isinstance(found[0], list)
        return found[0]

    def wait_for_refusal(self) -> Any:
        """What the first namespace that refused it said."""
        self.wait_until(lambda: self.refusals)
        return self.refusals[0]

    def leave(self, namespace: str = "/") -> None:
        """Disconnect from a namespace and keep the connection."""
        self.client._send_packet(socketio.packet.Packet(socketio.packet.DISCONNECT, namespace=namespace))

    def close(self) -> None:
        leave(self.client)

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
