"""The server: python-socketio's Server, served by C++."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal, Union

from chatterlink import _core
from chatterlink._engine_options import (
    MAX_SEND_BUFFER_SIZE,
    Cookie,
    Interval,
    Origins,
    Path,
    engine_options,
    seconds,
    text,
    whole,
)
from chatterlink._logging import logger_for
from chatterlink._session import SavedSession
from chatterlink.socketio._clients import Client, Room, name_of, namespace_of
from chatterlink.socketio._json import JsonModule
from chatterlink.socketio.base_server import BaseServer
from chatterlink.socketio.exceptions import TimeoutError as NoAnswer

Rooms = Union[Room, Sequence[Room], None]

#: Seconds a client whose connection broke is kept with connection_state_recovery=True.
RECOVERY_TIME = 120.0


class Server(BaseServer):
    """A Socket.IO v5 server with the names and semantics of python-socketio 5.

    >>> sio = Server()
    >>> @sio.event
    ... def connect(sid, environ, auth):
    ...     if auth != {"token": "secret"}:
    ...         raise ConnectionRefusedError("who are you?")
    >>> @sio.on("add")
    ... def add(sid, a, b):
    ...     return a + b  # the client's acknowledgement
    >>> sio.run("127.0.0.1", 5000)

    C++ threads serve the connections; handlers run on a pool of Python threads. Events of one client begin in the order
    in which they came, one after the other, and clients do not wait for each other. A handler that takes longer than a
    second no longer holds back its client's next events (async_handlers=False: it always does). A handler may block.
    What it raises is logged and ends nothing. All methods may be called from any thread.

    A client that sends faster than its handlers run is slowed down: when 5,000 of its events (or 8 MiB) in a namespace
    wait, no more are read from it until there is room. It is closed only when 10,000 (or 16 MiB) would wait.

    Arguments of events are what JSON has (None, bool, int of up to 64 bits, finite float, str, list, dict) and bytes,
    anywhere. Sending anything else raises TypeError or ValueError; so does nesting deeper than 32 levels.
    """

    async_mode = "threading"

    def __init__(
        self,
        client_manager: None = None,
        logger: bool | logging.Logger = False,
        serializer: Literal["default", "msgpack"] = "default",
        json: JsonModule | None = None,
        async_handlers: bool = True,
        always_connect: bool = False,
        namespaces: str | Iterable[str] | None = None,
        *,
        async_mode: str | None = None,
        ping_interval: Interval = 25,
        ping_timeout: float = 20,
        max_http_buffer_size: int = 1_000_000,
        allow_upgrades: bool = True,
        http_compression: bool = True,
        compression_threshold: int = 1024,
        cookie: Cookie | None = None,
        cors_allowed_origins: Origins = None,
        cors_credentials: bool = True,
        monitor_clients: bool | None = None,
        transports: str | Iterable[str] | None = None,
        engineio_logger: bool | logging.Logger | None = None,
        per_message_deflate: bool = False,
        max_send_buffer_size: int = MAX_SEND_BUFFER_SIZE,
        connect_timeout: float = 45,
        connection_state_recovery: bool | float = False,
        socketio_path: str = "socket.io",
        host: str = "127.0.0.1",
        port: int = 5000,
        threads: int = 0,
        max_handler_threads: int = 256,
        unix_socket: Path | None = None,
        tls_cert: Path | None = None,
        tls_key: Path | None = None,
    ) -> None:
        """Only takes the options; nothing is bound before start().

        The options of python-socketio:

        client_manager: None; there is one process.
        logger: True to log what happens, False for errors only, or a logger.
        serializer: "default" (JSON) or "msgpack" (socket.io-msgpack-parser); the clients' has to be the same.
        json: a module with dumps and loads that all data passes, for types that JSON has not. Slower.
        async_handlers: False: a client's events are handled strictly one at a time, and call() is not available.
        always_connect: True: clients are connected before their connect handler runs, and disconnected if it refuses.
        namespaces: those that are accepted besides the ones with handlers; ["/"] by default, "*" for all.
        async_mode: ignored; handlers run on threads.
        ping_interval: seconds between two pings, or (seconds, grace that clients are told on top).
        ping_timeout: seconds a client has for its pong.
        max_http_buffer_size: bytes of one message.
        allow_upgrades: whether clients may change from polling to WebSocket.
        http_compression: whether answers to polls of compression_threshold bytes and more are compressed (gzip).
        compression_threshold: bytes; see http_compression and per_message_deflate.
        cookie: the name of a cookie with the session's id that polling handshakes set, or its attributes in a dict.
        cors_allowed_origins: origins of pages that may connect, a str or a list; None: the server's own; "*": all;
            []: not checked.
        cors_credentials: whether listed origins may send cookies.
        monitor_clients: False: a client that does not answer pings stays.
        transports: "polling", "websocket" or both in a list.
        engineio_logger: True to log what the C++ side does, to standard error.

        And ours:

        per_message_deflate: whether WebSocket messages of compression_threshold bytes and more are compressed (RFC
            7692) for clients that offer it. A broadcast is compressed once.
        max_send_buffer_size: bytes that may wait for a client; it is closed when more do for 2 s, or four times as
            many (over polling twice) at any time. One message alone may be larger.
        connect_timeout: seconds a client has to connect to a namespace, and that a connect handler has to decide.
        connection_state_recovery: True, or seconds: a client whose connection broke may come back within that time
            (120 s by default) with its sid, rooms and session, and gets what it missed. Its disconnect and connect
            handlers are called all the same; recovered() tells.
        socketio_path: where clients find it.
        host, port: where to listen; port 0 lets the system choose. start() and run() may say otherwise.
        threads: C++ threads that serve connections; 0: one for each core, at most 8.
        max_handler_threads: how many handlers may run, or block, at the same time.
        unix_socket: a path to listen at instead of host and port; its owner and group may connect.
        tls_cert, tls_key: speak TLS (https, wss) with this certificate (PEM, with its chain) and its key (PEM, no pass
            phrase). run(tls=(certificate, key)) may say otherwise; reload_tls() reads them again.

        Raises ValueError, TypeError, or ChatterLinkError (config_invalid) for what cannot be.
        """
        if client_manager is not None:
            raise ValueError("client managers are not supported: the server keeps its clients itself")
        if serializer not in ("default", "msgpack"):
            raise ValueError(f"unknown serializer {serializer!r}: use 'default' or 'msgpack'")
        recovery = RECOVERY_TIME if connection_state_recovery is True else connection_state_recovery
        options = engine_options(
            ping_interval=ping_interval,
            ping_timeout=ping_timeout,
            max_http_buffer_size=max_http_buffer_size,
            max_send_buffer_size=max_send_buffer_size,
            allow_upgrades=allow_upgrades,
            cookie=cookie,
            cors_allowed_origins=cors_allowed_origins,
            cors_credentials=cors_credentials,
            monitor_clients=monitor_clients,
            transports=transports,
            path=socketio_path,
        )
        options.update(
            connect_timeout=seconds("connect_timeout", connect_timeout),
            msgpack=serializer == "msgpack",
            strict_order=not async_handlers,
            log_level="info" if engineio_logger else "warning",
            http_compression=bool(http_compression),
            compression_threshold=whole("compression_threshold", compression_threshold, 2**31 - 1),
            per_message_deflate=bool(per_message_deflate),
        )
        super().__init__(
            options,
            namespaces=namespaces or ["/"],
            always_connect=always_connect,
            json=json,
            recovery=recovery,
            host=host,
            port=port,
            threads=threads,
            max_handler_threads=max_handler_threads,
            log=logger_for(logger, "chatterlink.socketio"),
            unix_socket=unix_socket,
            tls_cert=tls_cert,
            tls_key=tls_key,
        )
        self.async_handlers = async_handlers

    # ---- Sending ----

    def emit(
        self,
        event: str,
        data: Any = None,
        to: Rooms = None,
        room: Rooms = None,
        skip_sid: str | Sequence[str] | None = None,
        namespace: str | None = None,
        callback: Callable[..., object] | None = None,
        ignore_queue: bool = False,
        *,
        volatile: bool = False,
    ) -> None:
        """Send an event. Returns at once; what one thread sends arrives in that order.

        data: its argument; a tuple is several, None is none.
        to, room: a sid, a room, or a list of them; None: everybody in the namespace.
        skip_sid: a sid, or a list, that does not get it.
        namespace: "/" by default.
        callback: called with the arguments of each acknowledgement, on a thread of the pool.
        ignore_queue: accepted and ignored.
        volatile: clients that are behind may miss it.

        Raises TypeError or ValueError for data that cannot be sent. Not running: nothing happens.
        """
        core = self._core
        if core is None:
            return
        text("event", event)
        where = namespace_of(namespace)
        target = _names(to if to not in (None, "") else room)
        if target == []:
            return  # an empty list of rooms is nobody
        if self.logger.isEnabledFor(logging.INFO):
            self.logger.info('emitting event "%s" to %s [%s]', event, target or "all", where)
        number = lane = None
        if callback is not None:
            lane = self._lane_for(target, where)
            number = next(self._callback_numbers)
            self._callbacks[number] = callback
        try:
            core.emit(where, event, self._encode(data), target or [], _names(skip_sid) or [], volatile, number, lane)
        except BaseException:
            if number is not None:
                self._callbacks.pop(number, None)
            raise

    def send(
        self,
        data: Any,
        to: Rooms = None,
        room: Rooms = None,
        skip_sid: str | Sequence[str] | None = None,
        namespace: str | None = None,
        callback: Callable[..., object] | None = None,
        ignore_queue: bool = False,
    ) -> None:
        """Send the event "message"; see emit()."""
        self.emit("message", data, to, room, skip_sid, namespace, callback, ignore_queue)

    def call(
        self,
        event: str,
        data: Any = None,
        to: Rooms = None,
        sid: Rooms = None,
        namespace: str | None = None,
        timeout: float | None = 60,
        ignore_queue: bool = False,
    ) -> Any:
        """Send an event to a client, or a room, wait for the first acknowledgement and return that.

        Several arguments are returned as a tuple, one as it is, none as None. May be called from a handler.

        timeout: seconds; None: as long as the client is there.

        Raises chatterlink.socketio.TimeoutError when the client does not answer in time, leaves, or is not there;
        ValueError without a client; RuntimeError with async_handlers=False; TypeError or ValueError for data that
        cannot be sent.
        """
        target = _names(to if to not in (None, "") else sid)
        if not target:
            raise ValueError("Cannot use call() to broadcast.")
        if not self.async_handlers:
            raise RuntimeError("Cannot use call() when async_handlers is False.")
        core = self._core
        if core is None:
            raise NoAnswer("the server is not running")
        limit = 0.0 if timeout is None else max(0.001, min(timeout, 1e6))
        text("event", event)
        pending = core.call(namespace_of(namespace), target, event, self._encode(data), limit)
        arguments = pending.wait(threading.current_thread() is threading.main_thread())
        if arguments is None:
            raise NoAnswer(f"no answer to {event!r}")
        arguments = self._decode(arguments)
        if len(arguments) > 1:
            return arguments
        return arguments[0] if arguments else None

    # ---- Rooms ----

    def enter_room(self, sid: str, room: Room, namespace: str | None = None) -> None:
        """Add a client to a room (str or int); what is emitted to it afterwards reaches the client.

        Raises ValueError: no such client (then also a KeyError), another client's own room, more than 10,000 rooms.
        """
        where = namespace_of(namespace)
        name = name_of(room)
        core = self._core
        self._clients.enter(sid, where, room, lambda: core.enter_room(where, sid, name) if core else None)

    def leave_room(self, sid: str, room: Room, namespace: str | None = None) -> None:
        """Remove a client from a room. Not in it: nothing happens."""
        where = namespace_of(namespace)
        name = name_of(room)
        core = self._core
        self._clients.leave(sid, where, room, lambda: core.leave_room(where, sid, name) if core else None)

    def close_room(self, room: Room, namespace: str | None = None) -> None:
        """Remove everybody from a room. Raises ValueError for a client's own room."""
        where = namespace_of(namespace)
        name = name_of(room)
        core = self._core
        self._clients.close_room(where, room, lambda: core.close_room(where, name) if core else None)

    def rooms(self, sid: str, namespace: str | None = None) -> list[Room]:
        """The rooms of a client, its own first; also in its disconnect handler. Empty for who is not there."""
        return self._clients.rooms(sid, namespace_of(namespace))

    # ---- One client ----

    def disconnect(self, sid: str, namespace: str | None = None, ignore_queue: bool = False) -> None:
        """Disconnect a client from a namespace; what was emitted before reaches it. Not there: nothing happens.

        Its disconnect handler runs soon, with reason.SERVER_DISCONNECT, after its events that came before.
        """
        where = namespace_of(namespace)
        client = self._clients.find(sid, where)
        core = self._core
        if client is not None and client.connected and core is not None:
            self.logger.info("Disconnecting %s [%s]", sid, where)
            core.disconnect(where, sid)

    def get_environ(self, sid: str, namespace: str | None = None) -> dict[str, Any] | None:
        """The WSGI environment of the request that began the connection; None for who is not there."""
        client = self._clients.find(sid, namespace_of(namespace))
        return None if client is None else client.environ

    def recovered(self, sid: str, namespace: str | None = None) -> bool:
        """Whether the client came back to a connection that had broken, with nothing lost."""
        environ = self.get_environ(sid, namespace)
        return environ is not None and environ["chatterlink.recovered"] is True

    def transport(self, sid: str, namespace: str | None = None) -> str:
        """Tell how a client is connected: "polling" or "websocket"; in its disconnect handler, how it was.

        Raises KeyError for who is not there.
        """
        where = namespace_of(namespace)
        core = self._core
        name = core.transport(where, sid) if core is not None else None
        if name is None and (client := self._clients.find(sid, where)) is not None:
            name = client.was_on
        if name is None:
            raise KeyError("Session not found")
        return name

    def get_session(self, sid: str, namespace: str | None = None) -> dict[str, Any]:
        """The dict that belongs to a client. Raises KeyError for who is not there."""
        return self._client(sid, namespace).session

    def save_session(self, sid: str, session: dict[str, Any], namespace: str | None = None) -> None:
        """Replace the dict that belongs to a client. Raises KeyError for who is not there."""
        self._client(sid, namespace).session = session

    def session(self, sid: str, namespace: str | None = None) -> AbstractContextManager[dict[str, Any]]:
        """`with sio.session(sid) as session:` gets the client's dict and saves it at the end."""
        return SavedSession(
            lambda: self.get_session(sid, namespace), lambda session: self.save_session(sid, session, namespace)
        )

    def _client(self, sid: str, namespace: str | None) -> Client:
        client = self._clients.find(sid, namespace_of(namespace))
        if client is None:
            raise KeyError("Session not found")
        return client

    def _lane_for(self, target: list[str] | None, namespace: str) -> _core.Lane | None:
        """One client's callbacks are called in order; those of a broadcast have an order of their own."""
        client = self._clients.find(target[0], namespace) if target is not None and len(target) == 1 else None
        pool = self._pool
        if client is None or pool is None:
            return None
        if client.answers is None:
            client.answers = pool.make_lane()
        return client.answers


def _names(rooms: Rooms) -> list[str] | None:
    if rooms is None:
        return None
    if isinstance(rooms, (str, int)):
        return [name_of(rooms)]
    return [name_of(room) for room in rooms]
