"""npm's socket.io-client: clients in one Node process (node/clients.mjs) that all tests share."""

from __future__ import annotations

import atexit
import base64
import functools
import itertools
import json
import shutil
import subprocess
import threading
from typing import Any

from support import paths
from support.chat_client import ChatClient, Payload
from support.program import PATIENCE
from support.servers import AppServer

FOLDER = paths.ROOT / "tests" / "py" / "node"


class NodeProcess:
    """The process, and the clients to which what it prints belongs."""

    def __init__(self) -> None:
        node = shutil.which("node")
        assert node, "Node is needed: `make test` puts one into .venv where the machine has none"
        assert (FOLDER / "node_modules").is_dir(), "npm's packages are missing: run scripts/npm-ci tests/py/node"
        self._process = subprocess.Popen(
            [node, str(FOLDER / "clients.mjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self._clients: dict[int, NodeClient] = {}
        self._numbers = itertools.count(1)
        self._writing = threading.Lock()
        threading.Thread(target=self._read, daemon=True).start()

    def add(self, client: NodeClient) -> int:
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
            news = json.loads(line)
            self._clients[news.pop("client")].take(news.pop("what"), news)

    def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE)


def _binary_to_json(value: object) -> object:
    assert isinstance(value, bytes), f"neither JSON nor bytes: {value!r}"
    return {"$binary": base64.b64encode(value).decode()}


@functools.cache
def shared_process() -> NodeProcess:
    process = NodeProcess()
    atexit.register(process.end)
    return process


class NodeClient(ChatClient):
    def __init__(self, server: AppServer, transport: str = "websocket", **options: Any) -> None:
        """Connect and wait until that is done. `options` are those of io() in JavaScript."""
        super().__init__()
        self._answers: dict[int, Any] = {}
        self._calls = itertools.count(1)
        self._transport = ""
        self._connects = 0
        self._ends: list[str] = []
        self._process = shared_process()
        self._number = self._process.add(self)
        settings = {"reconnection": False, **options}
        if transport != "upgrade":
            settings["transports"] = [transport]
        self._process.command(self._number, "connect", url=server.url, options=settings)
        self.wait_connected(1)
        if transport == "upgrade":
            with self._news:
                assert self._news.wait_for(lambda: self._transport == "websocket", PATIENCE), "not upgraded"

    def wait_connected(self, times: int) -> None:
        """Wait until it has connected so many times."""
        with self._news:
            assert self._news.wait_for(lambda: self._connects >= times or self._gone is not None, PATIENCE)
            assert self._connects >= times, f"did not connect: {self._gone}"

    def wait_disconnected(self, times: int) -> str:
        """Wait until it has lost its connection so many times; the last reason."""
        with self._news:
            assert self._news.wait_for(lambda: len(self._ends) >= times, PATIENCE), "still connected"
            return self._ends[-1]

    def take(self, what: str, news: dict[str, Any]) -> None:
        """What the process told of this client; on the process's reader thread."""
        if what == "event":
            return self._take_event(news["name"], news["payload"])
        if what == "refused" and self._connects == 0:
            return self._take_end(f"refused: {news['message']}")
        with self._news:
            if what == "connect":
                self._transport = news["transport"]
                self._connects += 1
            elif what == "transport":
                self._transport = news["transport"]
            elif what == "answer":
                self._answers[news["call"]] = news["answer"]
            elif what == "disconnect":
                self._ends.append(news["reason"])
            self._news.notify_all()
        return None

    def emit(self, event: str, *arguments: Any) -> None:
        self._process.command(self._number, "emit", arguments=[event, *arguments])

    def call(self, event: str, *arguments: Any) -> Payload:
        call = next(self._calls)
        self._process.command(self._number, "emit", arguments=[event, *arguments], call=call)
        with self._news:
            assert self._news.wait_for(lambda: call in self._answers, PATIENCE), f"no ack for {event}"
            answer = self._answers.pop(call)
        assert isinstance(answer, dict), answer
        return answer

    def transport(self) -> str:
        return self._transport

    def wait_for_end(self, timeout: float = PATIENCE) -> str:
        with self._news:
            assert self._news.wait_for(lambda: bool(self._ends), timeout), f"{self} is still connected"
            return self._ends[-1]

    def close(self) -> None:
        if self._gone is not None:
            return
        before = len(self._ends)
        connected = before < self._connects
        self._process.command(self._number, "close")
        if connected:
            self.wait_disconnected(before + 1)
        self._take_end("closed by the test")
