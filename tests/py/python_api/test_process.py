"""Signals, forks, and the end of a process that serves."""

from __future__ import annotations

import signal
import socket
import time
from pathlib import Path

import pytest

from python_api.program import python
from support.program import PATIENCE
from support.scale import forks

RUN = """
    import os
    from chatterlink import ChatApp, LineServer
    app = ChatApp(port=0, store="memory", data=os.environ["CHATTERLINK_TEST_DATA"], log_level="warning")
    app.start()
    print("serving", app.port, flush=True)
    app.run()
    print("left run", app.running, flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_run_returns_after_a_signal_and_the_program_goes_on(tmp_path: Path, number: signal.Signals) -> None:
    with python(RUN, tmp_path) as program:
        port = int(program.wait_for(r"serving (\d+)")[1])
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE).close()
        time.sleep(0.3)  # into run()
        assert program.end(number) == 0
        assert program.output.endswith("left run False\n")


@pytest.mark.parametrize(
    "blocking",
    ["server.wait()", "client.receive()", "client.receive(60)", "[line for line in client]"],
)
def test_ctrl_c_is_a_keyboard_interrupt_in_what_blocks(tmp_path: Path, blocking: str) -> None:
    program = f"""
        from chatterlink import LineClient, LineServer
        server = LineServer(port=0, log_level="off")
        server.start()
        client = LineClient(port=server.port)
        client.start()
        print("ready", flush=True)
        try:
            {blocking}
        except KeyboardInterrupt:
            print("interrupted", server.running, flush=True)
        server.stop()
    """
    with python(program, tmp_path) as running:
        running.wait_for("ready")
        time.sleep(0.5)
        began = time.monotonic()
        running.process.send_signal(signal.SIGINT)
        running.wait_for("interrupted True")
        assert time.monotonic() - began < 2
        assert running.exit_code() == 0


@pytest.mark.parametrize("module", ["server", "app"])
def test_a_program_of_ours_gives_python_its_signal_handlers_back(tmp_path: Path, module: str) -> None:
    program = f"""
        import os, signal, threading, time
        from chatterlink import _core
        before = signal.getsignal(signal.SIGINT)
        threading.Timer(1, os.kill, (os.getpid(), signal.SIGINT)).start()
        options = [b"--port", b"0", b"--log-level", b"off"]
        print("code", _core.run_{module}(b"x", options), flush=True)
        assert signal.getsignal(signal.SIGINT) is before
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5)
        except KeyboardInterrupt:
            print("Python's own again", flush=True)
    """
    with python(program, tmp_path) as running:
        running.wait_for("code 0[^$]*Python's own again")
        assert running.exit_code() == 0


@pytest.mark.parametrize(
    "ending",
    ["pass", "raise SystemExit(7)", "import gc; gc.disable(); server.me = server; app.me = app"],
    ids=["falls off the end", "exits", "in a reference cycle"],
)
def test_a_process_that_forgets_to_stop_ends_cleanly(tmp_path: Path, ending: str) -> None:
    program = f"""
        import os
        from chatterlink import ChatApp, LineClient, LineServer
        app = ChatApp(port=0, store="sqlite", data=os.environ["CHATTERLINK_TEST_DATA"], log_level="warning")
        app.start()
        server = LineServer(port=0, log_level="off")
        server.start()
        client = LineClient(port=server.port)
        client.start()
        client.send("hello")
        print("started", flush=True)
        {ending}
    """
    with python(program, tmp_path) as running:
        running.wait_for("started")
        assert running.exit_code() == (7 if "7" in ending else 0)
        assert running.output == "started\n"


def test_a_daemon_thread_in_run_does_not_hold_the_process(tmp_path: Path) -> None:
    program = """
        import threading, time
        from chatterlink import LineServer
        server = LineServer(port=0, log_level="off")
        threading.Thread(target=server.run, daemon=True).start()
        while not server.running:
            time.sleep(0.01)
        print("running", flush=True)
    """
    with python(program, tmp_path) as running:
        assert running.exit_code() == 0
        assert running.output == "running\n"


@forks
def test_a_forked_child_ends_and_leaves_the_parents_server_alone(tmp_path: Path) -> None:
    program = """
        import os, socket, sys
        from chatterlink import ChatterLinkError, LineServer
        server = LineServer(port=0, log_level="off")
        server.start()
        child = os.fork()
        if child == 0:
            server.stop()
            try:
                LineServer.start(server)
            except ChatterLinkError as error:
                print("refused", error.code, flush=True)
            sys.exit(3)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
        socket.create_connection(("127.0.0.1", server.port), timeout=5).close()
        print("still serving", flush=True)
    """
    with python(program, tmp_path) as running:
        assert running.exit_code() == 0
        assert "still serving\n" in running.output
