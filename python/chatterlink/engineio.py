"""An Engine.IO server with the names and semantics of python-engineio 4, on the C++ engine.

>>> from chatterlink import engineio
>>> eio = engineio.Server()
>>> @eio.on("message")
... def message(sid, data):
...     eio.send(sid, data)
>>> eio.run("127.0.0.1", 5000)

See docs/python.md.
"""

from __future__ import annotations

import inspect
import json as standard_json
import logging
import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar, Union, overload

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
)
from chatterlink._engine_service import EngineService
from chatterlink._logging import logger_for
from chatterlink._session import SavedSession

__all__ = ["Server"]

Handler = Callable[..., Any]
AnyHandler = TypeVar("AnyHandler", bound=Handler)
#: What can be sent; a list or a dict goes as JSON, other values as str() writes them, None as an empty message.
Data = Union[str, bytes, bytearray, list[Any], dict[str, Any], int, float, None]


class JsonModule(Protocol):
    """The standard library's json, or something like it."""

    def dumps(self, obj: Any, /, **kwargs: Any) -> str:
        """Encode; called with separators=(",", ":")."""

    def loads(self, s: str, /) -> Any:
        """Decode; raises ValueError for what is no JSON."""


class _Client:
    """One session, from its connect handler to the end of its disconnect handler."""

    __slots__ = ("accepted", "environ", "gone", "session", "was_on")

    def __init__(self, environ: dict[str, Any]) -> None:
        self.environ = environ
        self.session: dict[str, Any] = {}
        self.accepted = False
        self.was_on: str | None = None  # its transport, once it has left
        self.gone: str | None = None  # the reason, if it left while its connect handler ran


class Server(EngineService):
    """An Engine.IO v4 server.

    >>> eio = Server()
    >>> @eio.on("connect")
    ... def connect(sid, environ):
    ...     if environ["REMOTE_ADDR"] in blocked:
    ...         return "go away"  # refused: 401 with this as JSON; False does without a message

    C++ threads serve the connections; handlers run on a pool of Python threads. Messages of one client begin in the
    order in which they came, one after the other, and clients do not wait for each other. A handler that takes longer
    than a second no longer holds back its client's next messages (async_handlers=False: it always does). A handler may
    block. What it raises is logged and ends nothing; in a connect handler it refuses the client. All methods may be
    called from any thread.

    Of a client whose messages wait for their handlers (half of 10,000, or of 16 MiB) no more are read until there is
    room again.
    """

    class reason:  # noqa: N801  # python-engineio's name
        """What a disconnect handler is told."""

        SERVER_DISCONNECT = "server disconnect"
        CLIENT_DISCONNECT = "client disconnect"
        PING_TIMEOUT = "ping timeout"
        TRANSPORT_CLOSE = "transport close"
        TRANSPORT_ERROR = "transport error"

    event_names = ("connect", "disconnect", "message")
    async_mode = "threading"

    def __init__(
        self,
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
        logger: bool | logging.Logger = False,
        json: JsonModule | None = None,
        async_handlers: bool = True,
        monitor_clients: bool | None = None,
        transports: str | Iterable[str] | None = None,
        *,
        max_send_buffer_size: int = MAX_SEND_BUFFER_SIZE,
        connect_timeout: float = 45,
        engineio_path: str = "engine.io",
        host: str = "127.0.0.1",
        port: int = 5000,
        threads: int = 0,
        max_handler_threads: int = 256,
        unix_socket: Path | None = None,
        tls_cert: Path | None = None,
        tls_key: Path | None = None,
    ) -> None:
        """Only takes the options; nothing is bound before start().

        The options of python-engineio:

        async_mode: ignored; handlers run on threads.
        ping_interval: seconds between two pings, or (seconds, grace that clients are told on top).
        ping_timeout: seconds a client has for its pong.
        max_http_buffer_size: bytes of one message or one POST.
        allow_upgrades: whether clients may change from polling to WebSocket.
        http_compression, compression_threshold: whether answers to polls are compressed, from how many bytes on.
        cookie: the name of a cookie with the session's id that polling handshakes set, or its attributes in a dict; a
            callable is called once, here.
        cors_allowed_origins: origins of pages that may connect, a str or a list; None: the server's own; "*": all;
            []: not checked.
        cors_credentials: whether listed origins may send cookies.
        logger: True to log what happens, False for errors only, or a logger.
        json: a module with dumps and loads for messages, instead of the standard library's.
        async_handlers: False: a client's messages are handled strictly one at a time.
        monitor_clients: False: a client that does not answer pings stays.
        transports: "polling", "websocket" or both in a list.

        And ours:

        max_send_buffer_size: bytes that may wait for a client; it is closed when more do for 2 s, or four times as
            many (over polling twice) at any time. One message alone may be larger.
        connect_timeout: seconds the connect handler has to decide; then the client gets 503.
        engineio_path: where clients find it.
        host, port: where to listen; port 0 lets the system choose. start() and run() may say otherwise.
        threads: C++ threads that serve connections; 0: one for each core, at most 8.
        max_handler_threads: how many handlers may run, or block, at the same time.
        unix_socket: a path to listen at instead of host and port; its owner and group may connect.
        tls_cert, tls_key: speak TLS (https, wss) with this certificate (PEM, with its chain) and its key (PEM, no pass
            phrase). run(tls=(certificate, key)) may say otherwise; reload_tls() reads them again.

        Raises ValueError, TypeError, or ChatterLinkError (config_invalid) for what cannot be.
        """
        super().__init__(
            host,
            port,
            threads,
            max_handler_threads,
            logger_for(logger, "chatterlink.engineio"),
            unix_socket=unix_socket,
            tls_cert=tls_cert,
            tls_key=tls_key,
        )
        self._options = engine_options(
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
            path=engineio_path,
        )
        self._options.update(
            connect_timeout=seconds("connect_timeout", connect_timeout),
            strict_order=not async_handlers,
            log_level="warning",
            http_compression=bool(http_compression),
            compression_threshold=compression_threshold,
        )
        self.async_handlers = async_handlers
        self.handlers: dict[str, Handler] = {}
        self._json: Any = standard_json if json is None else json
        self._clients: dict[str, _Client] = {}
        self._deciding = threading.Lock()  # between a connect handler's end and a client that leaves meanwhile
        self._core: _core.EngineIOServer | None = None

    def is_asyncio_based(self) -> bool:
        """False: handlers are functions, not coroutines."""
        return False

    # ---- Handlers ----

    @overload
    def on(self, event: str, handler: None = None) -> Callable[[AnyHandler], AnyHandler]: ...
    @overload
    def on(self, event: str, handler: Handler) -> None: ...
    def on(self, event: str, handler: Handler | None = None) -> Callable[[AnyHandler], AnyHandler] | None:
        """Register the handler of an event, instead of an earlier one; without one, return a decorator that does.

        event: "connect": called with (sid, environ), a WSGI environment; returning False, a str, a list or a dict
            refuses the client, which gets status 401 and that as JSON. "message": (sid, data): bytes, or what the text
            is as JSON if it is JSON (not a number), else a str. "disconnect": (sid) or (sid, reason); it is the last
            one, and not called for who was refused.

        Raises ValueError for any other event.
        """
        if event not in self.event_names:
            raise ValueError("Invalid event")

        def register(function: AnyHandler) -> AnyHandler:
            self.handlers[event] = function
            return function

        if handler is None:
            return register
        register(handler)
        return None

    # ---- One client ----

    def send(self, sid: str, data: Data) -> None:
        """Send a message. Returns at once; what one thread sends to a client arrives in that order.

        data: str, bytes, or a list or dict, which go as JSON.

        Not there: a warning is logged. Raises TypeError or ValueError for what JSON does not have.
        """
        core = self._core
        if isinstance(data, (bytes, bytearray)):
            sent = core is not None and core.send_bytes(sid, bytes(data))
        else:
            message = text("data", self._encode(data))
            sent = core is not None and core.send_text(sid, message)
        if not sent:
            self.logger.warning("Cannot send to sid %s", sid)

    def disconnect(self, sid: str | None = None) -> None:
        """Disconnect a client, or all; what was sent before still reaches it. Not there: nothing happens.

        One whose connect handler has not returned is refused (status 503) and gets nothing. Its disconnect handler
        runs soon, with reason.SERVER_DISCONNECT, after its messages that came before.
        """
        core = self._core
        if core is None:
            return
        for each in [sid] if sid is not None else list(self._clients):
            core.disconnect(each)

    def transport(self, sid: str) -> str:
        """Tell how a client is connected: "polling" or "websocket"; in its disconnect handler, how it was.

        Raises KeyError for who is not there.
        """
        core = self._core
        name = core.transport(sid) if core is not None else None
        if name is None and (client := self._clients.get(sid)) is not None:
            name = client.was_on
        if name is None:
            raise KeyError("Session not found")
        return name

    def get_environ(self, sid: str) -> dict[str, Any] | None:
        """The WSGI environment of the request that began the session; None for who is not there."""
        client = self._clients.get(sid)
        return None if client is None else client.environ

    def get_session(self, sid: str) -> dict[str, Any]:
        """The dict that belongs to a client, until its disconnect handler has returned. Raises KeyError then."""
        return self._client(sid).session

    def save_session(self, sid: str, session: dict[str, Any]) -> None:
        """Replace the dict that belongs to a client. Raises KeyError for who is not there."""
        self._client(sid).session = session

    def session(self, sid: str) -> AbstractContextManager[dict[str, Any]]:
        """`with eio.session(sid) as session:` gets the client's dict and saves it at the end."""
        return SavedSession(lambda: self.get_session(sid), lambda session: self.save_session(sid, session))

    def _client(self, sid: str) -> _Client:
        client = self._clients.get(sid)
        if client is None:
            raise KeyError("Session not found")
        return client

    # ---- A run ----

    @property
    def _running_core(self) -> _core.EngineIOServer | None:
        return self._core

    def _make_core(self, place: dict[str, Any]) -> _core.EngineIOServer:
        self._core = _core.EngineIOServer({**self._options, **place})
        return self._core

    def _drop_core(self) -> None:
        self._core = None
        self._clients.clear()

    # ---- Events, on threads of the pool ----

    def _handle(self, *event: Any) -> None:
        kind, sid, *rest = event
        if kind == "message":
            self._on_message(sid, *rest)
        elif kind == "connect":
            self._on_connect(sid, *rest)
        else:
            self._on_disconnect(sid, *rest)

    def _on_connect(self, sid: str, environ: dict[str, Any], decision: _core.EngineDecision) -> None:
        client = self._clients[sid] = _Client(environ)
        handler = self.handlers.get("connect")
        try:
            said = None if handler is None else handler(sid, environ)
            if said is None or said is True:
                self.logger.info("%s: connected", sid)
                decision.accept()
                with self._deciding:
                    client.accepted = True
                if client.gone is not None:
                    self._on_disconnect(sid, client.gone, client.was_on)
                return
            answer = self._dumps(said or "Unauthorized")
        except BaseException:
            self.logger.exception("connect handler error")
            answer = self._dumps("Unauthorized")
        self._clients.pop(sid, None)
        self.logger.warning("Application rejected connection")
        decision.refuse(401, answer)

    def _on_message(self, sid: str, data: str | bytes) -> None:
        handler = self.handlers.get("message")
        if handler is not None:
            handler(sid, self._decode(data) if isinstance(data, str) else data)

    def _on_disconnect(self, sid: str, reason: str, was_on: str | None) -> None:
        client = self._clients.get(sid)
        if client is None:
            return
        client.was_on = was_on
        with self._deciding:
            if not client.accepted:
                client.gone = reason
                return
        handler = self.handlers.get("disconnect")
        try:
            if handler is not None:
                self.logger.info("%s: %s", sid, reason)
                if _takes_two(handler):
                    handler(sid, reason)
                else:
                    handler(sid)
        finally:
            self._clients.pop(sid, None)

    # ---- Data (python-engineio's packet.py) ----

    def _dumps(self, data: Any) -> str:
        text: str = self._json.dumps(data, separators=(",", ":"))
        return text

    def _encode(self, data: Data) -> str:
        if isinstance(data, str):
            return data
        if isinstance(data, (list, dict)):
            return self._dumps(data)
        return "" if data is None else str(data)

    def _decode(self, text: str) -> Any:
        # A number stays text: it may have more digits than a number can hold, and be meant as text.
        if not text or text[0].isnumeric():
            return text
        try:
            return self._json.loads(text)
        except (ValueError, RecursionError):
            return text


def _takes_two(handler: Handler) -> bool:
    """Whether it can be called with (sid, reason)."""
    try:
        inspect.signature(handler).bind("", "")
    except TypeError:
        return False
    except ValueError:  # a builtin that does not tell
        return True
    return True
