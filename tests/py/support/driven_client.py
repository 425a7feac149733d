"""Socket.IO clients in a process of another language: commands to it and news from it are JSON lines.

One process holds any number of clients. node/clients.mjs (npm's socket.io-client) and java/src/Clients.java (the
official Java client) understand the same commands, so what is tested with one is tested with the other.
"""

from __future__ import annotations

import atexit
import base64
import itertools
import json
import subprocess
import threading
from collections.abc import Sequence
from typing import Any, Protocol

from support.chat_client import ChatClient, Payload
from support.program import PATIENCE


class HasUrl(Protocol):
    """A server: its address ends in a slash."""

    url: str


class DriverProcess:
    """The process, and the clients to which what it prints belongs."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", bufsize=1
        )
        self._clients: dict[int, DrivenClient] = {}
        self._numbers = itertools.count(1)
        self._writing = threading.Lock()
        threading.Thread(target=self._read, daemon=True).start()
        atexit.register(self.end)

    def add(self, client: DrivenClient) -> int:
        number = next(self._numbers)
        self._clients[number] = client
        return number

    def command(self, client: int, what: str, **more: Any) -> None:
        assert self._process.stdin is not None
        line = json.dumps({"client": client, "do": what, **more}, default=_binary_to_json)
        with self._writing:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            news = json.loads(line, object_hook=_binary_from_json)
            self._clients[news.pop("client")].take(news.pop("what"), news)

    def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE)


def _binary_to_json(value: object) -> object:
    assert isinstance(value, bytes), f"neither JSON nor bytes: {value!r}"
    return {"$binary": base64.b64encode(value).decode()}


def _binary_from_json(value: dict[str, Any]) -> object:
    return base64.b64decode(value["$binary"]) if value.keys() == {"$binary"} else value


class DrivenClient(ChatClient):
    """A client of such a process. An event that wants an ack is answered there with its own arguments."""

    @classmethod
    def process(cls) -> DriverProcess:
        """The process that all clients of this kind share, started at the first call."""
        raise NotImplementedError

    def __init__(
        self,
        server: HasUrl,
        transport: str = "websocket",
        *,
        namespace: str = "",
        wait: bool = True,
        **options: Any,
    ) -> None:
        """Connect and, unless told otherwise, wait until that is done.

        namespace: without its slash. options: the library's, as JavaScript's io() takes them.
        """
        super().__init__()
        self._answers: dict[int, list[Any]] = {}
        self._calls = itertools.count(1)
        self._transport = ""
        self._connects: list[dict[str, Any]] = []
        self._ends: list[str] = []
        self._refusals: list[dict[str, Any]] = []
        self._events: list[tuple[str, list[Any]]] = []
        self._process = self.process()
        self._number = self._process.add(self)
        settings = {"reconnection": False, **options}
        if transport != "upgrade":
            settings["transports"] = [transport]
        self._process.command(self._number, "connect", url=server.url + namespace, options=settings)
        if not wait:
            return
        self.wait_connected(1)
        if transport == "upgrade":
            with self._news:
                assert self._news.wait_for(lambda: self._transport == "websocket", PATIENCE), "not upgraded"

    def wait_connected(self, times: int) -> dict[str, Any]:
        """Wait until it has connected so many times; what was told of the last time (id, transport, recovered)."""
        with self._news:
            assert self._news.wait_for(lambda: len(self._connects) >= times or self._gone is not None, PATIENCE)
            assert len(self._connects) >= times, f"did not connect: {self._gone}"
            return self._connects[-1]

    def wait_refused(self) -> dict[str, Any]:
        """Wait until a connection was refused: {message[, data]}."""
        with self._news:
            assert self._news.wait_for(lambda: bool(self._refusals), PATIENCE), "not refused"
            return self._refusals[-1]

    def wait_disconnected(self, times: int) -> str:
        """Wait until it has lost its connection so many times; the last reason."""
        with self._news:
            assert self._news.wait_for(lambda: len(self._ends) >= times, PATIENCE), "still connected"
            return self._ends[-1]

    def events(self) -> list[tuple[str, list[Any]]]:
        """Every event up to now with all its arguments, in order."""
        with self._news:
            return list(self._events)

    def wait_for_events(self, count: int) -> list[tuple[str, list[Any]]]:
        """All events once there are so many."""
        with self._news:
            assert self._news.wait_for(lambda: len(self._events) >= count, PATIENCE), f"only {self._events}"
            return list(self._events)

    def take(self, what: str, news: dict[str, Any]) -> None:
        """What the process told of this client; on the process's reader thread."""
        if what == "event":
            arguments = news["arguments"]
            with self._news:
                self._events.append((news["name"], arguments))
            return self._take_event(news["name"], arguments[0] if arguments else None)
        if what == "refused":
            with self._news:
                self._refusals.append(news)
            if not self._connects:
                self._take_end(f"refused: {news['message']}")
            return None
        with self._news:
            if what == "connect":
                self._transport = news["transport"]
                self._connects.append(news)
            elif what == "transport":
                self._transport = news["transport"]
            elif what == "answer":
                self._answers[news["call"]] = news["arguments"]
            elif what == "disconnect":
                self._ends.append(news["reason"])
            self._news.notify_all()
        return None

    def emit(self, event: str, *arguments: Any) -> None:
        self._process.command(self._number, "emit", arguments=[event, *arguments])

    def start_ask(self, event: str, *arguments: Any, **options: Any) -> int:
        """Send an event that wants an ack; a number for answer(). options: what the program knows of (clients.mjs)."""
        call = next(self._calls)
        self._process.command(self._number, "emit", arguments=[event, *arguments], call=call, **options)
        return call

    def answer(self, call: int) -> list[Any]:
        """Wait for the ack of start_ask(); all its arguments."""
        with self._news:
            assert self._news.wait_for(lambda: call in self._answers, PATIENCE), f"no ack for call {call}"
            return self._answers.pop(call)

    def ask(self, event: str, *arguments: Any) -> list[Any]:
        """Send an event, wait for its ack; all its arguments."""
        return self.answer(self.start_ask(event, *arguments))

    def call(self, event: str, *arguments: Any) -> Payload:
        answer = self.ask(event, *arguments)
        assert len(answer) == 1, answer
        assert isinstance(answer[0], dict), answer
        return answer[0]

    def tell(self, what: str, **more: Any) -> None:
        """Another command of the program."""
        self._process.command(self._number, what, **more)

    def transport(self) -> str:
        return self._transport

    def wait_for_end(self, timeout: float = PATIENCE) -> str:
        with self._news:
            assert self._news.wait_for(lambda: bool(self._ends), timeout), f"{self} is still connected"
            return self._ends[-1]

    def close(self) -> None:
        if self._gone is not None and not self._refusals:
            return
        before = len(self._ends)
        connected = before < len(self._connects)
        self._process.command(self._number, "close")
        if connected:
            self.wait_disconnected(before + 1)
        self._take_end("closed by the test")
