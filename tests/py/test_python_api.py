"""ChatApp, LineServer and LineClient as a Python program uses them."""

from __future__ import annotations

import gc
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

import pytest

from chatterlink import ChatApp, ChatterLinkError, LineClient, LineServer, __version__
from support.paths import ROOT
from support.program import PATIENCE, Program, clean_environment
from support.scale import forks
from support.websocket_wire import WireClient


def fetch(url: str) -> bytes:
    with urlopen(url, timeout=PATIENCE) as answer:
        assert answer.status == 200
        body = answer.read()
    assert isinstance(body, bytes)
    return body


def memory_app(port: int = 0) -> ChatApp:
    return ChatApp(port=port, store="memory", data=os.environ["CHATTERLINK_TEST_DATA"], log_level="warning")


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder for every app here, also those in other processes."""
    monkeypatch.setenv("CHATTERLINK_TEST_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    return tmp_path / "data"


def python(program: str, tmp_path: Path, *arguments: str) -> Program:
    """A Python program of its own, in a folder where no source tree is found by accident."""
    file = tmp_path / "program.py"
    file.write_text(textwrap.dedent(program), encoding="utf-8")
    data = {"CHATTERLINK_TEST_DATA": os.environ["CHATTERLINK_TEST_DATA"]}
    return Program([sys.executable, file, *arguments], environment=data, folder=tmp_path)


# Starting and stopping


def test_the_version_is_the_one_of_the_file() -> None:
    assert __version__ == (ROOT / "VERSION").read_text(encoding="utf-8").strip()


def test_an_app_serves_the_page_between_start_and_stop() -> None:
    app = memory_app()
    assert not app.running
    app.start()
    assert app.running
    assert app.port != 0
    assert app.url == f"http://127.0.0.1:{app.port}/"
    assert b"<html" in fetch(app.url).lower()
    port = app.port
    app.stop()
    assert not app.running
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)


@pytest.mark.parametrize("ws_deflate", [True, False])
def test_an_app_agrees_on_compression_only_when_told_to(data_folder: Path, ws_deflate: bool) -> None:
    with ChatApp(port=0, store="memory", data=data_folder, ws_deflate=ws_deflate) as app:
        client = WireClient(
            "127.0.0.1", app.port, "/socket.io/?EIO=4&transport=websocket", extensions="permessage-deflate"
        )
        assert ("permessage-deflate" in client.extensions) == ws_deflate


def test_with_starts_and_stops() -> None:
    with memory_app() as app, LineServer(port=0) as server:
        assert app.running
        assert server.running
        assert server.url == f"tcp://127.0.0.1:{server.port}"
    assert not app.running
    assert not server.running


@pytest.mark.parametrize("make", [memory_app, lambda: LineServer(port=0)])
def test_starting_and_stopping_twice_is_starting_and_stopping(make: Callable[[], ChatApp | LineServer]) -> None:
    service = make()
    service.stop()
    service.start()
    port = service.port
    service.start()
    assert service.port == port
    service.stop()
    service.stop()
    assert not service.running
    service.start()
    socket.create_connection(("127.0.0.1", service.port), timeout=PATIENCE).close()
    service.stop()


def test_the_history_is_in_the_data_folder_given(data_folder: Path) -> None:
    assert not data_folder.exists()
    with ChatApp(port=0, data=data_folder) as app:
        assert "sqlite" in app.store_description.lower()
    assert any(data_folder.iterdir())


def test_stop_ends_an_app_that_has_open_connections() -> None:
    app = memory_app()
    app.start()
    with socket.create_connection(("127.0.0.1", app.port), timeout=PATIENCE) as idle:
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert idle.recv(65536).startswith(b"HTTP/1.1 200")
        began = time.monotonic()
        app.stop()
        assert time.monotonic() - began < 6
        while idle.recv(65536):
            pass  # what it still says, then the orderly end


def test_many_starts_and_stops_leave_no_descriptor_and_no_thread() -> None:
    def held() -> tuple[int, int]:
        return len(list(Path("/proc/self/fd").iterdir())), len(list(Path("/proc/self/task").iterdir()))

    def once() -> None:
        with memory_app() as app, LineServer(port=0) as server, LineClient(port=server.port) as client:
            fetch(app.url)
            client.send("hello")

    once()
    before = held()
    for _ in range(5):
        once()
    until = time.monotonic() + PATIENCE  # the system lists a thread a little longer than it can be joined
    while held() > before and time.monotonic() < until:
        time.sleep(0.01)
    assert held() <= before


# Errors


@pytest.mark.parametrize("make", [memory_app, lambda port: LineServer(port=port)])
def test_a_taken_port_is_an_error_with_a_code(make: Callable[[int], ChatApp | LineServer]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        service = make(port)
        with pytest.raises(ChatterLinkError) as caught:
            service.start()
        assert caught.value.code == "address_in_use"
        assert str(port) in caught.value.message
        assert str(caught.value) == caught.value.message
        assert not service.running
    service.start()  # once it is free
    assert service.port == port
    service.stop()


def test_an_unusable_data_folder_is_an_error_with_a_code(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(ChatterLinkError) as caught:
        ChatApp(port=0, data=file / "folder").start()
    assert caught.value.code == "io_failed"
    assert str(file) in caught.value.message


def test_bad_options_are_errors_with_a_code() -> None:
    bad: list[Callable[[], object]] = [
        lambda: ChatApp(port=65536),
        lambda: ChatApp(port=-1),
        lambda: ChatApp(threads=-1),
        lambda: ChatApp(max_upload=-1),
        lambda: ChatApp(max_upload=0),
        lambda: ChatApp(max_upload=(1 << 30) + 1),
        lambda: ChatApp(threads=1025),
        lambda: LineServer(threads=1025),
        lambda: LineServer(port=1 << 40),
        lambda: LineClient(port=-5),
        lambda: ChatApp(port=0, store="papyrus").start(),
        lambda: ChatApp(port=0, store="memory", log_level="loud").start(),
        lambda: LineServer(port=0, log_level="loud").start(),
    ]
    for attempt in bad:
        with pytest.raises(ChatterLinkError) as caught:
            attempt()
        assert caught.value.code == "config_invalid"


def test_options_are_given_by_name() -> None:
    with pytest.raises(TypeError):
        ChatApp("127.0.0.1")  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        ChatApp(prot=5000)  # type: ignore[call-arg]


# The line client


def test_a_client_sends_and_receives_lines() -> None:
    with LineServer(port=0) as server, LineClient(port=server.port) as client:
        assert client.connected
        client.send("grüß dich 👋")
        while (line := client.receive(timeout=PATIENCE)) is not None:
            if line == "grüß dich 👋":
                break
        assert line is not None


def test_receive_gives_up_after_its_time_in_seconds() -> None:
    with LineServer(port=0) as server, LineClient(port=server.port) as client:
        while client.receive(timeout=0.3) is not None:
            pass  # a greeting
        began = time.monotonic()
        assert client.receive(timeout=0.5) is None
        assert 0.45 < time.monotonic() - began < 2
        assert not client.ended
        began = time.monotonic()
        assert client.receive(timeout=0) is None
        assert client.receive(timeout=-1) is None
        assert time.monotonic() - began < 0.3


def test_iterating_yields_lines_until_the_server_goes() -> None:
    server = LineServer(port=0)
    server.start()
    with LineClient(port=server.port) as client:
        client.send("one")
        client.send("two")
        lines = iter(client)
        seen: list[str] = []
        while "two" not in seen:
            seen.append(next(lines))
        assert [line for line in seen if line in ("one", "two")] == ["one", "two"]
        server.stop()
        for _ in lines:
            pass  # a farewell
        assert client.ended
        assert not client.connected
        assert client.receive() is None


def test_a_client_reports_what_it_cannot_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    client = LineClient(port=port)
    with pytest.raises(ChatterLinkError) as caught:
        client.start()
    assert caught.value.code == "io_failed"
    with pytest.raises(ChatterLinkError) as caught:
        client.send("hello")
    assert caught.value.code == "io_failed"
    with LineServer(port=0) as server, LineClient(port=server.port) as client:
        with pytest.raises(ChatterLinkError) as caught:
            client.send("two\nlines")
        assert caught.value.code == "message_invalid"
        with pytest.raises(ChatterLinkError) as caught:
            client.send("x" * 8193)
        assert caught.value.code == "message_too_long"
        with pytest.raises(UnicodeEncodeError):
            client.send("\ud800")
        assert client.connected


def test_bytes_that_are_not_utf8_are_replaced_and_not_raised() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, LineClient(port=other.getsockname()[1]) as client:
        peer, _ = other.accept()
        with peer:
            peer.sendall(b"caf\xe9\n")
            assert client.receive(timeout=PATIENCE) == "caf\ufffd"


# Threads


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


# Signals and the end of the process

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


# Types

USER_PROGRAM = """
from __future__ import annotations
from pathlib import Path
from chatterlink import ChatApp, ChatterLinkError, LineClient, LineServer

def main() -> int:
    try:
        with ChatApp(port=0, data=Path("/tmp"), store="memory", threads=2, rate_limit=False) as app:
            address: str = app.url
            port: int = app.port
            print(address, port, app.running)
        with LineServer(port=0, echo=False) as server, LineClient(port=server.port, name="ada") as client:
            client.send("hello")
            line: str | None = client.receive(timeout=1.5)
            for each in client:
                print(each.upper(), line)
    except ChatterLinkError as error:
        print(error.code.upper(), error.message)
    finished: bool = server.wait(2)
    return int(finished)
"""


def type_check(folder: Path, program: str) -> subprocess.CompletedProcess[str]:
    (folder / "user_program.py").write_text(program, encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "user_program.py"],
        cwd=folder,
        env=clean_environment({"MYPYPATH": ""}),
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_users_program_type_checks_strictly(tmp_path: Path) -> None:
    checked = type_check(tmp_path, USER_PROGRAM)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_users_mistake_is_found_by_the_type_checker(tmp_path: Path) -> None:
    checked = type_check(tmp_path, "from chatterlink import ChatApp\nChatApp(port='5000').url.lower(1)\n")
    assert checked.returncode == 1
    assert 'Argument "port" to "ChatApp" has incompatible type "str"' in checked.stdout


def test_the_stub_says_what_the_compiled_module_has(tmp_path: Path) -> None:
    # pybind11's classes have a metaclass of its own, which is nobody's business; members are compared all the same.
    allowed = tmp_path / "allowed"
    # Some are made by C++ alone: they have no __init__ to speak of.
    made_elsewhere = "Answer|ConnectDecision|EngineDecision|PendingCall"
    lines = [r"chatterlink\._core\.[A-Z]\w+", rf"chatterlink\._core\.({made_elsewhere})\.__init__"]
    allowed.write_text("\n".join(lines), encoding="utf-8")
    stubtest = [sys.executable, "-m", "mypy.stubtest", "chatterlink._core", "--ignore-disjoint-bases"]
    checked = subprocess.run(
        [*stubtest, "--allowlist", str(allowed)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
