"""ChatApp, LineServer and LineClient from many threads."""

from __future__ import annotations

import gc
import socket
import subprocess
import sys
import threading
import time
import weakref

import pytest

from chatterlink import LineClient, LineServer
from python_api.program import memory_app
from support.program import PATIENCE


def test_python_runs_on_while_cplusplus_waits() -> None:
    """With the GIL held during receive() or wait() this thread would get nowhere."""
    counted = 0
    over = threading.Event()

    def count() -> None:
        nonlocal counted
        while not over.is_set():
            counted += 1

    counter = threading.Thread(target=count)
    with LineServer(port=0) as server, LineClient(port=server.port) as client:
        while client.receive(timeout=0.2) is not None:
            pass  # a greeting
        counter.start()
        try:
            before = counted
            assert client.receive(timeout=0.5) is None
            assert counted - before > 10_000
            before = counted
            assert server.wait(0.5) is False
            assert counted - before > 10_000
        finally:
            over.set()
            counter.join()


def test_servers_serve_while_python_computes() -> None:
    """The client is another process, so that only the servers' threads share this one's GIL, and need none of it."""
    fetcher = "import sys, urllib.request as u; [u.urlopen(sys.argv[1], timeout=5).read() for _ in range(20)]"
    with memory_app() as app, subprocess.Popen([sys.executable, "-c", fetcher, app.url]) as other:
        deadline = time.monotonic() + PATIENCE
        while other.poll() is None:
            assert time.monotonic() < deadline
            sum(range(100_000))  # one long bytecode after the other: the GIL is hardly ever free
        assert other.returncode == 0


def test_stop_from_another_thread_ends_wait_and_run() -> None:
    app = memory_app()
    ran = threading.Thread(target=app.run)
    ran.start()
    deadline = time.monotonic() + PATIENCE
    while not app.running:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    app.stop()
    ran.join(PATIENCE)
    assert not ran.is_alive()
    assert app.wait(0) is True


def test_starting_stopping_and_looking_from_many_threads_ends_in_one_state() -> None:
    app = memory_app()
    over = threading.Event()

    def toggle() -> None:
        for _ in range(5):
            app.start()
            app.stop()

    def look() -> None:
        while not over.is_set():
            assert app.url.startswith("http://127.0.0.1:")
            assert app.port >= 0
            assert "ChatApp" in repr(app)

    togglers = [threading.Thread(target=toggle) for _ in range(3)]
    lookers = [threading.Thread(target=look) for _ in range(2)]
    for thread in togglers + lookers:
        thread.start()
    for thread in togglers:
        thread.join(60)
    over.set()
    for thread in lookers:
        thread.join(60)
    assert not any(thread.is_alive() for thread in togglers + lookers)
    assert not app.running
    assert app.wait(0) is True


def test_an_app_that_nobody_holds_any_more_is_stopped() -> None:
    app = memory_app()
    app.start()
    port = app.port
    gone = weakref.ref(app)
    del app
    gc.collect()
    assert gone() is None
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
