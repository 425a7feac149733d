"""python-socketio's own client."""

from __future__ import annotations

from typing import Any

import socketio  # type: ignore[import-untyped]

from support.chat_client import ChatClient, Payload
from support.leaving import leave
from support.program import PATIENCE
from support.servers import AppServer


class PythonClient(ChatClient):
    def __init__(self, server: AppServer, transport: str = "websocket", **options: Any) -> None:
        """Connect and wait until that is done. `options` are those of socketio.Client()."""
        super().__init__()
        self._client = socketio.Client(**{"reconnection": False, **options})
        self._take_messages_in_order()
        self._client.on("*", lambda name, *arguments: self._take_event(name, arguments[0] if arguments else None))
        self._client.on("disconnect", lambda reason: self._take_end(str(reason)))
        self._client.on("connect", self._take_return)
        transports = None if transport == "upgrade" else [transport]
        self._client.connect(server.url, transports=transports, wait_timeout=PATIENCE)

    def _take_messages_in_order(self) -> None:
        """Of itself the client handles every packet in a thread of its own: in whatever order those run."""
        engine = self._client.eio
        trigger = engine._trigger_event

        def trigger_now(event: str, *arguments: Any, **how: Any) -> Any:
            return trigger(event, *arguments, **{**how, "run_async": False})

        engine._trigger_event = trigger_now

    def emit(self, event: str, *arguments: Any) -> None:
        self._client.emit(event, tuple(arguments))

    def call(self, event: str, *arguments: Any) -> Payload:
        answer = self._client.call(event, tuple(arguments), timeout=PATIENCE)
        assert isinstance(answer, dict), answer
        return answer

    def transport(self) -> str:
        return str(self._client.transport())

    def close(self) -> None:
        leave(self._client)
        self._take_end("closed by the test")
