"""A chatterlink.engineio.Server in the test's process, and what its handlers saw."""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty, Queue
from typing import Any

from chatterlink import engineio
from support.engineio import open_websocket, url
from support.program import PATIENCE
from support.servers import Server, server_at


class Scene:
    """A server in this process, what its handlers saw, and where it is."""

    def __init__(self, **options: Any) -> None:
        self.seen: Queue[tuple[Any, ...]] = Queue()
        self.eio = engineio.Server(port=0, threads=2, **options)
        self.eio.on("connect", self.connect)
        self.eio.on("message", self.message)
        self.eio.on("disconnect", self.disconnect)
        #: What the connect and message handlers do; a test may say otherwise.
        self.on_connect: Callable[[str, dict[str, Any]], Any] = lambda _sid, _environ: None
        self.on_message: Callable[[str, Any], Any] = lambda _sid, _data: None

    def connect(self, sid: str, environ: dict[str, Any]) -> Any:
        self.seen.put(("connect", sid))
        return self.on_connect(sid, environ)

    def message(self, sid: str, data: Any) -> None:
        self.seen.put(("message", sid, data))
        self.on_message(sid, data)

    def disconnect(self, sid: str, reason: str) -> None:
        self.seen.put(("disconnect", sid, reason))

    def next(self) -> tuple[Any, ...]:
        return self.seen.get(timeout=PATIENCE)

    def nothing_more(self) -> bool:
        try:
            self.seen.get(timeout=0.1)
        except Empty:
            return True
        return False

    @property
    def place(self) -> Server:
        """Its address, as the clients of support/engineio.py take it."""
        return server_at(self.eio.port)

    def websocket(self, query: str = "") -> Any:
        return open_websocket(self.place, url(transport="websocket") + query)


#: The fixture make: options of the server to a Scene that has started.
MakeScene = Callable[..., Scene]
