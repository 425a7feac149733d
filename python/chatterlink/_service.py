"""What ChatApp and LineServer have in common: a C++ server with threads of its own, as a Python object."""

from __future__ import annotations

import os
import signal
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Protocol, TypeVar

_Self = TypeVar("_Self", bound="Service")


def path_text(path: str | os.PathLike[str] | None) -> str:
    """A path as the compiled part takes it; empty for none."""
    return "" if path is None else os.fspath(path)


class _Core(Protocol):
    """What both classes of chatterlink._core offer."""

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def reload_tls(self) -> bool: ...
    @property
    def port(self) -> int: ...


class Service:
    """Starts, stops and waits. All methods may be called from any thread; none holds the GIL while it blocks.

    A service that is still running when it is collected, or when Python ends, is stopped then.
    """

    def __init__(self, core: _Core) -> None:
        self._core = core
        self._change = threading.Lock()  # held while it starts or stops, and to look at what that changes
        self._stopped = threading.Event()
        self._stopped.set()
        # Runs when this object goes or at exit, whichever is first. It must not refer to self.
        weakref.finalize(self, core.stop)

    def start(self) -> None:
        """Start serving; return once connections are accepted. Running already: nothing happens.

        Raises ChatterLinkError: config_invalid (a bad option), address_in_use (the port is taken), io_failed (the
        data folder, the store or the address cannot be used).
        """
        with self._change:
            if self._stopped.is_set():
                self._core.start()
                self._stopped.clear()

    def stop(self) -> None:
        """Stop accepting, end the connections, keep everything that was acknowledged; takes 5 s at most.

        Not running: nothing happens. It can be started again afterwards.
        """
        with self._change:
            self._core.stop()
            self._stopped.set()

    def reload_tls(self) -> bool:
        """Read the TLS certificate and key again, for the connections to come; those that are open go on.

        Returns False when it runs without TLS, or not at all. Raises ChatterLinkError: io_failed (a file cannot be
        read), config_invalid (they hold something else or do not fit); it goes on with the old ones then.
        """
        with self._change:
            return self._core.reload_tls()

    def wait(self, timeout: float | None = None) -> bool:
        """Block until it was stopped, or for `timeout` seconds; return whether it is stopped.

        Ctrl-C raises KeyboardInterrupt here, as anywhere in Python, and leaves it running.
        """
        return self._stopped.wait(timeout)

    def run(self) -> None:
        """Start and serve until Ctrl-C, SIGTERM or a stop() from another thread, then stop and return.

        Signals reach the main thread only: in another one just stop() ends it. Raises what start() raises.
        """
        try:
            with _sigterm_as_interrupt():
                self.start()
                self.wait()
        except KeyboardInterrupt:
            pass
        finally:
            self.stop()

    @property
    def running(self) -> bool:
        """Whether it accepts connections."""
        return not self._stopped.is_set()

    @property
    def port(self) -> int:
        """The port it listens on; with port=0 the one the system chose, once started."""
        with self._change:
            return self._core.port

    def __enter__(self: _Self) -> _Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        state = f"running on port {self.port}" if self.running else "stopped"
        return f"<chatterlink.{type(self).__name__} {state}>"


@contextmanager
def _sigterm_as_interrupt() -> Iterator[None]:
    """SIGTERM raises KeyboardInterrupt meanwhile, where signals can be handled at all (the main thread)."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        # None: the handler was not installed from Python, and cannot be put back by it.
        signal.signal(signal.SIGTERM, signal.SIG_DFL if before is None else before)
