"""The inner half of the server: which handlers there are, and what the C++ side tells."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from chatterlink import _core
from chatterlink._engine_options import Path, seconds, text
from chatterlink._engine_service import EngineService
from chatterlink.socketio._clients import Client, Clients, namespace_of, room_of
from chatterlink.socketio._handlers import NOT_HANDLED, RESERVED, Handler, Handlers
from chatterlink.socketio._json import JsonCodec, JsonModule
from chatterlink.socketio.exceptions import ConnectionRefusedError as Refused
from chatterlink.socketio.exceptions import refusal
from chatterlink.socketio.namespace import Namespace

if TYPE_CHECKING:
    from chatterlink.socketio.server import Server

AnyHandler = TypeVar("AnyHandler", bound=Handler)


class BaseServer(EngineService):
    """Not for use by itself: see Server."""

    class reason:  # noqa: N801  # python-socketio's name
        """What a disconnect handler is told."""

        SERVER_DISCONNECT = "server disconnect"
        CLIENT_DISCONNECT = "client disconnect"
        PING_TIMEOUT = "ping timeout"
        TRANSPORT_CLOSE = "transport close"
        TRANSPORT_ERROR = "transport error"

    reserved_events = ("connect", "disconnect")

    def __init__(
        self,
        options: dict[str, Any],
        *,
        namespaces: str | Iterable[str],
        always_connect: bool,
        json: JsonModule | None,
        recovery: float,
        host: str,
        port: int,
        threads: int,
        max_handler_threads: int,
        log: logging.Logger,
        unix_socket: Path | None,
        tls_cert: Path | None,
        tls_key: Path | None,
    ) -> None:
        super().__init__(
            host,
            port,
            threads,
            max_handler_threads,
            log,
            unix_socket=unix_socket,
            tls_cert=tls_cert,
            tls_key=tls_key,
        )
        self._recovery = seconds("connection_state_recovery", recovery)
        self._options = {**options, "recovery": self._recovery or None}
        self.always_connect = always_connect
        self.namespaces = namespaces
        self._codec = None if json is None else JsonCodec(json)
        self._handlers = Handlers()
        self._clients = Clients()
        self._callbacks: dict[int, Callable[..., object]] = {}
        self._callback_numbers = itertools.count(1)
        self._core: _core.SocketIOServer | None = None
        self._kinds: dict[str, Callable[..., None]] = {
            "event": self._on_event,
            "connect": self._on_connect,
            "disconnect": self._on_disconnect,
            "answer": self._on_answer,
            "done": self._on_done,
        }

    def is_asyncio_based(self) -> bool:
        """False: handlers are functions, not coroutines."""
        return False

    # ---- Handlers ----

    @overload
    def on(
        self, event: str, handler: None = None, namespace: str | None = None
    ) -> Callable[[AnyHandler], AnyHandler]: ...
    @overload
    def on(self, event: str, handler: Handler, namespace: str | None = None) -> None: ...
    def on(
        self, event: str, handler: Handler | None = None, namespace: str | None = None
    ) -> Callable[[AnyHandler], AnyHandler] | None:
        """Register a handler; without one, return a decorator that does.

        event: "connect": called with (sid, environ) or (sid, environ, auth); returning False or raising
            ConnectionRefusedError refuses the client. "disconnect": (sid) or (sid, reason). Any other:
            (sid, *arguments), and what it returns is the acknowledgement: a tuple is several values, None is none.
            "*": every other event that has no handler in that namespace, its name before the sid.
        namespace: "/" by default; "*": every namespace without handlers of its own, its name before the sid.
        """
        text("event", event)
        where = namespace_of(namespace)

        def register(function: AnyHandler) -> AnyHandler:
            self._handlers.add(event, function, where)
            self._accept(where)
            return function

        if handler is None:
            return register
        register(handler)
        return None

    @overload
    def event(self, handler: AnyHandler, /) -> AnyHandler: ...
    @overload
    def event(self, *, namespace: str | None = None) -> Callable[[AnyHandler], AnyHandler]: ...
    def event(self, *args: Any, **kwargs: Any) -> Any:
        """Decorator: a handler for the event with the function's name. `@sio.event(namespace="/chat")` works, too."""
        if len(args) == 1 and not kwargs and callable(args[0]):
            return self.on(args[0].__name__)(args[0])

        def register(function: AnyHandler) -> AnyHandler:
            self.on(function.__name__, function, *args, **kwargs)
            return function

        return register

    def register_namespace(self, namespace_handler: Namespace) -> None:
        """Let an object handle a namespace; ValueError if it is no Namespace."""
        if not isinstance(namespace_handler, Namespace):
            raise ValueError("Not a namespace instance")
        namespace_handler._server = cast("Server", self)
        self._handlers.objects[namespace_handler.namespace] = namespace_handler
        self._accept(namespace_handler.namespace)

    @property
    def handlers(self) -> dict[str, dict[str, Handler]]:
        """The registered functions, by namespace and event."""
        return self._handlers.functions

    # ---- A run ----

    @property
    def counters(self) -> dict[str, int]:
        """Of the handlers' threads in this run: events posted, refused, overtaken, waiting; threads, most_threads.

        And clients that were closed: closed, because more events waited than can (10,000, 16 MiB); closed_slow, in the
        whole process, because too much waited to be sent to them (max_send_buffer_size).
        """
        core = self._core
        return {} if core is None else {**super().counters, "closed": core.closed_full}

    @property
    def _running_core(self) -> _core.SocketIOServer | None:
        return self._core

    def _make_core(self, place: dict[str, Any]) -> _core.SocketIOServer:
        core = _core.SocketIOServer({**self._options, **place})
        if self.namespaces == "*":
            core.accept_every_namespace()
        else:
            named = [self.namespaces] if isinstance(self.namespaces, str) else list(self.namespaces)
            for name in {*named, *self._handlers.functions, *self._handlers.objects} - {"*"}:
                core.accept_namespace(name)
            if "*" in named:
                core.accept_every_namespace()
        self._core = core
        return core

    def _drop_core(self) -> None:
        self._core = None
        self._clients.clear()
        self._callbacks.clear()

    def _accept(self, namespace: str) -> None:
        core = self._core
        if core is not None and namespace != "*":
            core.accept_namespace(namespace)

    # ---- Events, on threads of the pool ----

    def _handle(self, *event: Any) -> None:
        self._kinds[event[0]](*event[1:])

    def _on_connect(
        self,
        namespace: str,
        sid: str,
        environ: dict[str, Any] | None,
        auth: Any,
        recovered: bool,
        decision: _core.ConnectDecision,
    ) -> None:
        client = Client(sid, namespace, environ if environ is not None else {})
        client.environ["chatterlink.recovered"] = recovered
        core = self._core
        if recovered and core is not None:
            self._clients.restore(client, [room_of(name) for name in core.rooms(namespace, sid)])
        self._clients.add(client)
        if self.always_connect:
            client.connected = True
            decision.accept()
        refused = self._ask(client, self._decode(auth) or None)
        if refused is None:
            client.connected = True
            if not self.always_connect:
                decision.accept()
            return
        self._clients.remove(client)
        if self.always_connect:
            if core is not None:
                core.disconnect(namespace, sid)
            return
        try:
            decision.refuse(self._encode(refused))
        except (TypeError, ValueError):
            self.logger.exception("the arguments of the refusal cannot be sent")
            decision.refuse(refusal())

    def _ask(self, client: Client, auth: Any) -> dict[str, Any] | None:
        """The connect handler: None if it accepts the client, else what to tell it."""
        try:
            said = self._handlers.trigger("connect", client.namespace, client.sid, client.environ, auth)
        except Refused as refused:
            return refused.error_args
        except ConnectionRefusedError as refused:  # Python's own
            return refusal(*refused.args) if refused.args else {"message": "Connection refused by server"}
        except BaseException:
            self.logger.exception("connect handler of %s", client.namespace)
            return refusal()
        return refusal() if said is False else None

    def _on_event(
        self, namespace: str, sid: str, name: str, arguments: tuple[Any, ...], answer: _core.Answer | None
    ) -> None:
        if name in RESERVED:
            self.logger.warning("%s emitted the reserved event %s", sid, name)
            return
        if self.logger.isEnabledFor(logging.INFO):
            self.logger.info('received event "%s" from %s [%s]', name, sid, namespace)
        if self._codec is not None:
            arguments = self._decode(arguments)
        result = self._handlers.trigger(name, namespace, sid, *arguments)
        if answer is not None and result is not NOT_HANDLED:
            answer(self._encode(result))

    def _on_disconnect(self, namespace: str, sid: str, reason: str, was_on: str) -> None:
        client = self._clients.find(sid, namespace)
        if client is None:
            return  # refused after it was connected (always_connect)
        client.connected = False
        client.was_on = was_on
        known = reason if reason != "parse error" else self.reason.TRANSPORT_ERROR
        try:
            self._handlers.trigger("disconnect", namespace, sid, known)
        finally:
            if self._recovery and known not in (self.reason.SERVER_DISCONNECT, self.reason.CLIENT_DISCONNECT):
                self._clients.keep(client, self._recovery)
            self._clients.remove(client)

    def _on_answer(self, number: int, arguments: tuple[Any, ...]) -> None:
        callback = self._callbacks.get(number)
        if callback is not None:
            callback(*self._decode(arguments))

    def _on_done(self, number: int) -> None:
        self._callbacks.pop(number, None)

    # ---- Data ----

    def _encode(self, data: Any) -> Any:
        return data if self._codec is None else self._codec.encode(data)

    def _decode(self, data: Any) -> Any:
        if self._codec is None:
            return data
        return tuple(self._codec.decode(list(data))) if isinstance(data, tuple) else self._codec.decode(data)
