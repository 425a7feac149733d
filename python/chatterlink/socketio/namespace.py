"""Class-based namespaces."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Callable

from chatterlink.socketio._handlers import NOT_HANDLED, fitting

if TYPE_CHECKING:
    from chatterlink.socketio._clients import Room
    from chatterlink.socketio.server import Server


class Namespace:
    """Handlers of one namespace as methods: on_connect, on_disconnect, on_<event>.

    >>> class Chat(Namespace):
    ...     def on_connect(self, sid, environ):
    ...         self.enter_room(sid, "lobby")
    ...     def on_say(self, sid, text):
    ...         self.emit("said", text, room="lobby")
    >>> server.register_namespace(Chat("/chat"))

    The other methods are the server's, with this namespace where none is given.
    """

    def __init__(self, namespace: str | None = None) -> None:
        """namespace: its name, "/" by default; "*" for every namespace that has no handlers of its own."""
        self.namespace = namespace or "/"
        self._server: Server | None = None

    @property
    def server(self) -> Server:
        """The server it is registered with; RuntimeError when it is with none."""
        if self._server is None:
            raise RuntimeError("this namespace is not registered with a server")
        return self._server

    def is_asyncio_based(self) -> bool:
        """False: its handlers are functions, not coroutines."""
        return False

    def trigger_event(self, event: str, *args: Any) -> Any:
        """Call the method on_<event>, if there is one. Override it for other rules of dispatching."""
        handler = getattr(self, "on_" + (event or ""), None)
        if handler is None:
            return NOT_HANDLED
        return handler(*fitting(handler, event, args))

    def emit(
        self,
        event: str,
        data: Any = None,
        to: Room | Sequence[Room] | None = None,
        room: Room | Sequence[Room] | None = None,
        skip_sid: str | Sequence[str] | None = None,
        namespace: str | None = None,
        callback: Callable[..., object] | None = None,
        ignore_queue: bool = False,
    ) -> None:
        """See Server.emit()."""
        self.server.emit(event, data, to, room, skip_sid, namespace or self.namespace, callback, ignore_queue)

    def send(
        self,
        data: Any,
        to: Room | Sequence[Room] | None = None,
        room: Room | Sequence[Room] | None = None,
        skip_sid: str | Sequence[str] | None = None,
        namespace: str | None = None,
        callback: Callable[..., object] | None = None,
        ignore_queue: bool = False,
    ) -> None:
        """See Server.send()."""
        self.server.send(data, to, room, skip_sid, namespace or self.namespace, callback, ignore_queue)

    def call(
        self,
        event: str,
        data: Any = None,
        to: str | None = None,
        sid: str | None = None,
        namespace: str | None = None,
        timeout: float | None = None,
        ignore_queue: bool = False,
    ) -> Any:
        """See Server.call(). Without a timeout it waits for as long as the client is there."""
        return self.server.call(event, data, to, sid, namespace or self.namespace, timeout, ignore_queue)

    def enter_room(self, sid: str, room: Room, namespace: str | None = None) -> None:
        """See Server.enter_room()."""
        self.server.enter_room(sid, room, namespace or self.namespace)

    def leave_room(self, sid: str, room: Room, namespace: str | None = None) -> None:
        """See Server.leave_room()."""
        self.server.leave_room(sid, room, namespace or self.namespace)

    def close_room(self, room: Room, namespace: str | None = None) -> None:
        """See Server.close_room()."""
        self.server.close_room(room, namespace or self.namespace)

    def rooms(self, sid: str, namespace: str | None = None) -> list[Room]:
        """See Server.rooms()."""
        return self.server.rooms(sid, namespace or self.namespace)

    def get_session(self, sid: str, namespace: str | None = None) -> dict[str, Any]:
        """See Server.get_session()."""
        return self.server.get_session(sid, namespace or self.namespace)

    def save_session(self, sid: str, session: dict[str, Any], namespace: str | None = None) -> None:
        """See Server.save_session()."""
        self.server.save_session(sid, session, namespace or self.namespace)

    def session(self, sid: str, namespace: str | None = None) -> AbstractContextManager[dict[str, Any]]:
        """See Server.session()."""
        return self.server.session(sid, namespace or self.namespace)

    def disconnect(self, sid: str, namespace: str | None = None) -> None:
        """See Server.disconnect()."""
        self.server.disconnect(sid, namespace or self.namespace)
