"""The threads that run handlers: a pool around chatterlink._core.Dispatcher, which decides who runs what and when.

The rules are in cpp/bindings/dispatch.hpp: events of one client begin in order; clients run at the same time; the pool
grows when handlers block and shrinks again. Nothing here polls.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Any

from chatterlink import _core

#: Seconds that stop() gives handlers to return; they go on afterwards, but the pool takes no more events.
DRAIN_TIME = 5.0


class Pool:
    """Runs `handle(*arguments)` for every event that C++ posts, on daemon threads with names that begin with `name`.

    What `handle` raises is logged and ends nothing. All methods may be called from any thread, also from a handler.
    Used once: a pool that was stopped stays so.
    """

    def __init__(self, core: _core.Dispatcher, handle: Callable[..., object], name: str, log: logging.Logger) -> None:
        self._core = core
        self._handle = handle
        self._name = name
        self._log = log
        self._process = os.getpid()
        self._threads: set[threading.Thread] = set()
        self._changing = threading.Lock()

    def start(self) -> None:
        """Start the thread that starts the others."""
        self._begin(threading.Thread(target=self._supervise, name=f"{self._name}-pool", daemon=True))

    def stop(self, drain: float = DRAIN_TIME) -> bool:
        """Let what was posted be handled, for `drain` seconds at most, then end the threads; True if all was handled.

        Called from a handler it does not wait for that handler. In a child process nothing happens.
        """
        if os.getpid() != self._process:
            return True
        done = self._core.drain(drain)
        self._core.end()
        # Threads with nothing to do end now. They must be gone before the interpreter is; one that is stuck in a
        # handler is left behind, as the daemon it is.
        deadline = time.monotonic() + (1.0 if done else 0.1)
        while (threads := self._others()) and time.monotonic() < deadline:  # one may be starting another still
            for thread in threads:
                thread.join(max(0.0, deadline - time.monotonic()))
        return done

    def make_lane(self) -> _core.Lane:
        """A line of its own for events that Python's side has C++ post."""
        return _core.Lane(self._core)

    def is_current(self) -> bool:
        """Whether the calling thread is one of the pool's."""
        return threading.current_thread() in self._threads

    @property
    def counters(self) -> dict[str, int]:
        """What the pool did: events posted, refused, overtaken, waiting; threads, most_threads."""
        return self._core.counters()

    def _begin(self, thread: threading.Thread) -> None:
        """Start `thread`; it is known before its first handler asks is_current(); stop() never sees it unstarted."""
        with self._changing:
            self._threads.add(thread)
            try:
                thread.start()
            except BaseException:
                self._threads.discard(thread)
                raise

    def _others(self) -> list[threading.Thread]:
        with self._changing:
            return [thread for thread in self._threads if thread is not threading.current_thread()]

    def _supervise(self) -> None:
        number = 0
        while self._core.supervise():
            number += 1
            try:
                self._begin(threading.Thread(target=self._work, name=f"{self._name}-{number}", daemon=True))
            except RuntimeError as error:  # the system gives no more threads
                self._core.start_failed()
                self._log.error("cannot start another thread for handlers: %s", error)
        with self._changing:
            self._threads.discard(threading.current_thread())

    def _work(self) -> None:
        following = _core.DispatchWorker(self._core).next
        handle = self._handle
        while True:
            arguments: tuple[Any, ...] | None = None  # nothing of the last event is kept while waiting
            try:
                arguments = following()
                if arguments is None:
                    break
                handle(*arguments)
            except BaseException:  # also SystemExit: a handler ends itself, not the pool
                self._log.exception("a handler failed")
        with self._changing:
            self._threads.discard(threading.current_thread())
