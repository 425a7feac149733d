"""chatterlink.engineio.Server: starting, stopping, threads, signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from queue import Queue
from typing import Any

import pytest

from chatterlink import ChatterLinkError, engineio
from engineio_server.scene import Scene
from support.engineio import Polling, wait_for_close
from support.program import PATIENCE
from support.servers import server_at


def test_it_starts_stops_and_starts_again_and_tells_its_clients(scene: Scene) -> None:
    first = scene.eio.port
    connection = scene.websocket()
    scene.next()
    scene.eio.stop()
    assert scene.next()[2] == "server disconnect"
    assert wait_for_close(connection) == 1000
    assert not scene.eio.running
    scene.eio.send("x", "nobody is there")
    scene.eio.disconnect()
    scene.eio.start()
    assert scene.eio.port != 0
    assert first != 0
    Polling(scene.place).close()


def test_a_taken_port_is_an_error_and_leaves_nothing_running(scene: Scene) -> None:
    other = engineio.Server(port=scene.eio.port)
    with pytest.raises(ChatterLinkError) as error:
        other.start()
    assert error.value.code == "address_in_use"
    assert not other.running


def test_background_tasks_and_sleep(scene: Scene) -> None:
    got: Queue[Any] = Queue()

    def work(a: int, b: int = 0) -> None:
        scene.eio.sleep(0.01)
        got.put((a, b))

    task = scene.eio.start_background_task(work, 1, b=2)
    task.join(PATIENCE)
    assert got.get(timeout=PATIENCE) == (1, 2)


def test_a_stop_waits_for_a_handler_thread_that_is_only_starting(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    starting = threading.Event()
    start = threading.Thread.start

    def start_slowly(thread: threading.Thread) -> None:
        if thread.name.startswith("Server-"):
            starting.set()
            time.sleep(0.2)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_slowly)
    connection = scene.websocket()
    assert starting.wait(PATIENCE)
    scene.eio.stop()
    assert scene.next()[0] == "connect"
    until = time.monotonic() + PATIENCE  # a thread is listed until the very end of its life
    while [thread for thread in threading.enumerate() if thread.name.startswith("Server-")]:
        assert time.monotonic() < until
        time.sleep(0.01)
    connection.close()


def test_run_serves_until_sigterm() -> None:
    program = (
        "from chatterlink import engineio\n"
        "eio = engineio.Server()\n"
        "eio.on('message', lambda sid, data: eio.send(sid, data))\n"
        "def tell():\n"
        "    while not eio.running: eio.sleep(0.01)\n"
        "    print(eio.port, flush=True)\n"
        "eio.start_background_task(tell)\n"
        "eio.run('127.0.0.1', 0)\n"
        "print('over')\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        client = Polling(server_at(port))
        client.post("4hello")
        assert client.poll().text == "4hello"
        os.kill(process.pid, signal.SIGTERM)
        assert process.stdout.readline() == "over\n"
        assert process.wait(PATIENCE) == 0
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
