"""What chatterlink.socketio.Server and chatterlink.engineio.Server have in common: their life.

A run, from start() to stop(), has a C++ core of its own and a pool of threads for the handlers of its own.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol, TypeVar

from chatterlink import _core
from chatterlink._dispatch import Pool
from chatterlink._engine_options import Path, text, tls_files, whole
from chatterlink._service import _sigterm_as_interrupt, path_text
from chatterlink.errors import ChatterLinkError

_Self = TypeVar("_Self", bound="EngineService")


class EngineCore(Protocol):
    """What the cores in chatterlink._core offer."""

    def start(self, dispatcher: _core.Dispatcher) -> None:
        """Bind and serve."""

    def stop(self) -> None:
        """Close everything."""

    def reload_tls(self) -> bool:
        """Read the files again; whether there is TLS."""

    @property
    def port(self) -> int:
        """The bound one."""

    @property
    def closed_slow(self) -> int:
        """Clients closed in this run because they did not take what was sent."""


def _pair(tls: tuple[Path, Path]) -> dict[str, str]:
    if not isinstance(tls, (tuple, list)) or len(tls) != 2:
        raise ChatterLinkError("config_invalid", "tls must be a pair: (certificate, key)")
    found = tls_files(*tls)
    if not found["tls_cert"]:
        raise ChatterLinkError("config_invalid", "tls names no certificate")
    return found


class EngineService:
    """Starts, stops, waits; runs handlers. All methods may be called from any thread, also from a handler.

    A server that still runs when Python ends is stopped then. One that runs belongs to its process: in a child made by
    fork() stop() does nothing, and everything else raises ChatterLinkError. One that does not run can be started there.
    """

    def __init__(
        self,
        host: str,
        port: int,
        threads: int,
        max_handler_threads: int,
        log: logging.Logger,
        *,
        unix_socket: Path | None,
        tls_cert: Path | None,
        tls_key: Path | None,
    ) -> None:
        self.logger = log
        self._host = text("host", host)
        self._port = whole("port", port, 65535)
        self._threads = whole("threads", threads, 1024)
        self._unix_socket = path_text(unix_socket)
        self._tls = tls_files(tls_cert, tls_key)
        self._max_handler_threads = max(1, whole("max_handler_threads", max_handler_threads, 100_000))
        self._change = threading.RLock()  # held while it starts or stops
        self._stopped = threading.Event()
        self._stopped.set()
        self._pool: Pool | None = None
        self._process = os.getpid()

    # ---- For the two servers ----

    def _make_core(self, place: dict[str, Any]) -> EngineCore:
        """`place`: the options that say where and how it listens."""
        raise NotImplementedError

    def _handle(self, *event: Any) -> None:
        """An event from the core; on a thread of the pool."""
        raise NotImplementedError

    def _drop_core(self) -> None:
        """It was stopped, and every handler has returned or is given up."""
        raise NotImplementedError

    @property
    def _running_core(self) -> EngineCore | None:
        raise NotImplementedError

    # ---- Life ----

    def start(self, host: str | None = None, port: int | None = None, *, tls: tuple[Path, Path] | None = None) -> None:
        """Start serving; return once connections are accepted. Running already: nothing happens.

        host, port: instead of the constructor's; a Unix socket goes before them.
        tls: (certificate, key), instead of the constructor's tls_cert and tls_key.

        Raises ChatterLinkError: config_invalid (a bad option; certificate and key hold something else or do not fit),
        address_in_use (the port or the socket is taken), io_failed (the address cannot be used, a file cannot be read).
        """
        if self._stopped.is_set():
            self._process = os.getpid()  # one that does not run can be started in a child
        self._check_process()
        with self._change:
            if not self._stopped.is_set():
                return
            if host is not None:
                self._host = text("host", host)
            if port is not None:
                self._port = whole("port", port, 65535)
            if tls is not None:
                self._tls = _pair(tls)
            core = self._make_core(
                {
                    "host": self._host,
                    "port": self._port,
                    "threads": self._threads,
                    "unix_socket": self._unix_socket,
                    **self._tls,
                }
            )
            dispatcher = _core.Dispatcher(max_threads=self._max_handler_threads)
            pool = Pool(dispatcher, self._handle, type(self).__name__, self.logger)
            pool.start()
            try:
                core.start(dispatcher)
            except BaseException:
                pool.stop(0)
                self._drop_core()
                raise
            self._pool = pool
            self._stopped.clear()
            atexit.register(self.stop)

    def stop(self) -> None:
        """Stop accepting, end the connections, let handlers finish for up to 5 s; about 10 s at most.

        Not running: nothing happens. From a handler it does not wait for that handler. It can be started again.
        """
        if os.getpid() != self._process:
            return
        if self._in_handler() and not self._change.acquire(blocking=False):
            return  # somebody else is stopping it, and waits for this handler
        if not self._in_handler():
            self._change.acquire()
        try:
            core, pool = self._running_core, self._pool
            if core is None or pool is None:
                return
            core.stop()
            if not pool.stop():
                self.logger.error("stopped while handlers were still running")
            self._pool = None
            self._drop_core()
            # Taken apart here and now: whoever waits for the end may be about to end the interpreter.
            del core, pool
            atexit.unregister(self.stop)
            self._stopped.set()
        finally:
            self._change.release()

    def reload_tls(self) -> bool:
        """Read the TLS certificate and key again, for the connections to come; those that are open go on.

        Returns False when it runs without TLS, or not at all. Raises ChatterLinkError: io_failed (a file cannot be
        read), config_invalid (they hold something else or do not fit); it goes on with the old ones then.
        """
        self._check_process()
        core = self._running_core
        return core is not None and core.reload_tls()

    def run(self, host: str | None = None, port: int | None = None, *, tls: tuple[Path, Path] | None = None) -> None:
        """Start and serve until Ctrl-C, SIGTERM or a stop() from a handler or another thread; then return.

        Signals reach the main thread only: in another one just stop() ends it. Raises what start() raises.
        """
        try:
            with _sigterm_as_interrupt():
                self.start(host, port, tls=tls)
                self.wait()
        except KeyboardInterrupt:
            pass
        finally:
            self.stop()

    def wait(self, timeout: float | None = None) -> bool:
        """Block until it was stopped, or for `timeout` seconds; return whether it is stopped."""
        return self._stopped.wait(timeout)

    def shutdown(self) -> None:
        """The same as stop(); python-socketio's name."""
        self.stop()

    @property
    def running(self) -> bool:
        """Whether it accepts connections."""
        return not self._stopped.is_set()

    @property
    def port(self) -> int:
        """The port it listens on; with port 0 the one the system chose, once started. A Unix socket has 0."""
        core = self._running_core
        return self._port if core is None else core.port

    @property
    def counters(self) -> dict[str, int]:
        """Of the handlers' threads in this run: events posted, refused, overtaken, waiting; threads, most_threads.

        And closed_slow: clients of this process closed in this run because too much waited to be sent to them.
        """
        core, pool = self._running_core, self._pool
        return {} if core is None or pool is None else {**pool.counters, "closed_slow": core.closed_slow}

    # ---- For handlers ----

    def start_background_task(self, target: Callable[..., object], *args: Any, **kwargs: Any) -> threading.Thread:
        """Call `target` on a new daemon thread, which is returned (join() waits for it)."""
        thread = threading.Thread(target=target, args=args, kwargs=kwargs, daemon=True)
        thread.start()
        return thread

    def sleep(self, seconds: float = 0) -> None:
        """Block the calling thread; other clients' handlers run on."""
        time.sleep(seconds)

    def _in_handler(self) -> bool:
        pool = self._pool
        return pool is not None and pool.is_current()

    def _check_process(self) -> None:
        if os.getpid() != self._process:
            raise ChatterLinkError("internal", "this server belongs to the process that made it")

    def __enter__(self: _Self) -> _Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        place = f"at {self._unix_socket}" if self._unix_socket else f"on port {self.port}"
        state = f"running {place}" if self.running else "stopped"
        return f"<{type(self).__module__.rpartition('.')[0]}.{type(self).__name__} {state}>"
