"""What the server must withstand on transport: each is sent, has its end, and others are served meanwhile."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conftest import StartApp, StartLine
from support import memory, paths
from support.lines import LineClient
from support.program import PATIENCE, Program
from support.scale import SANITIZER, scaled
from support.servers import AppServer, Server
from support.web import get

#: What has to be over within 10 s, on a loaded machine and with a sanitizer.
SOON = 40.0


@contextlib.contextmanager
def others_are_served(look: Callable[[], None]) -> Iterator[None]:
    """Looks again and again while the body runs, and fails if one look does."""
    over = threading.Event()
    problems: list[BaseException] = []
    looks = 0

    def watch() -> None:
        nonlocal looks
        while not over.is_set():
            try:
                look()
                looks += 1
            except BaseException as problem:
                problems.append(problem)
                return
            over.wait(0.2)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join(PATIENCE)
    assert not problems, f"another client was not served: {problems[0]!r}"
    assert looks > 0


def page_is_served(server: Server) -> None:
    assert get(server, "/healthz").status == 200


def sockets_to_have(wanted: int) -> int:
    """As many as the machine lets this process have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(wanted, soft - 300)


def connect(server: Server, receive_buffer: int = 0) -> socket.socket:
    connection = socket.socket(socket.AF_INET6 if ":" in server.host else socket.AF_INET)
    if receive_buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.settimeout(PATIENCE)
    connection.connect((server.host, server.port))
    return connection


def is_over(connection: socket.socket) -> bool:
    """Whether the server has closed it; what it still says is thrown away."""
    try:
        while connection.recv(65536):
            pass
    except (BlockingIOError, TimeoutError):
        return False
    except OSError:
        return True
    return True


# ---- Slow clients ----


def test_two_thousand_slow_clients_are_closed_in_time(start_app: StartApp) -> None:
    server = start_app("--store", "memory", "--threads", "2")
    before = len(server.open_files())
    found = re.search(rb"/assets/[^\"]+\.js", get(server, "/").body)
    assert found is not None
    count = sockets_to_have(2000) // 4
    silent, talking, not_reading = [], [], []
    with contextlib.ExitStack() as stack, others_are_served(lambda: page_is_served(server)):
        for _ in range(count):
            silent.append(stack.enter_context(connect(server)))
            header = stack.enter_context(connect(server))
            header.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
            body = stack.enter_context(connect(server))
            body.sendall(b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
            talking += [header, body]
            reader = stack.enter_context(connect(server, 4096))
            reader.sendall((b"GET " + found[0] + b" HTTP/1.1\r\nHost: x\r\n\r\n") * 100)
            not_reading.append(reader)
        for each in silent + talking:
            each.setblocking(False)
        began = time.monotonic()
        left = silent + talking
        while left and time.monotonic() - began < SOON:
            for each in talking:
                with contextlib.suppress(OSError):
                    each.send(b"x")
            time.sleep(1)
            left = [each for each in left if not is_over(each)]
        assert not left, f"{len(left)} are still open after {SOON} s"
        # The readers are gone, too, although their side noticed nothing: what they get ends before its time.
        while len(server.open_files()) > before and time.monotonic() - began < SOON:
            time.sleep(0.01)
        for each in not_reading:
            assert is_over(each)
    page_is_served(server)


def test_line_clients_that_send_a_byte_a_second_are_served_or_closed_within_ten_seconds(
    start_line_server: StartLine,
) -> None:
    """Who never sent a newline says a message with each byte, since silence ends it; who did is closed after 10 s."""
    server = start_line_server("--threads", "2")
    before = memory.resident(server.pid)

    def look() -> None:
        with LineClient(server) as client:
            client.send("/join elsewhere\n")
            while (line := client.line()) == "y":  # said in the lobby before the server came to the join
                pass
            assert "elsewhere" in line
            assert "in elsewhere" in client.ask("/who")

    # 300 lines that never pause for the second that would end them, beside 30 clients without newlines.
    begun = [connect(server) for _ in range(300)]
    classic = [connect(server) for _ in range(30)]
    heard = 0
    with contextlib.ExitStack() as stack, others_are_served(look), LineClient(server) as witness:
        for each in begun + classic:
            stack.enter_context(each)
        assert "in lobby" in witness.ask("/who")  # it is there before anybody talks
        for each in begun:
            each.sendall(b"/join slow\n")
            each.setblocking(False)
        began = time.monotonic()
        left, rounds, said = begun, 0, 0
        refusals = 0
        while (left or rounds < 24) and time.monotonic() - began < SOON:
            for each in left:
                with contextlib.suppress(OSError):
                    each.send(b"x")
            if rounds % 2 == 0:
                for each in classic:
                    each.sendall(b"y")
                    said += 1
            rounds += 1
            time.sleep(0.5)
            still = []
            for each in left:
                try:
                    got = each.recv(65536)
                except BlockingIOError:
                    still.append(each)
                    continue
                except OSError:
                    continue
                refusals += b"! the line took too long to arrive" in got
                if got:
                    still.append(each)
            left = still
        assert not left, f"{len(left)} are still open after {SOON} s"
        assert time.monotonic() - began >= 10, "nobody is closed before their time"
        assert refusals == len(begun), "each was told why"
        assert said >= 10 * len(classic), "as long as the row says"
        while heard < said:  # each of them was understood, none is waited for
            line = witness.line()
            assert set(line) == {"y"}
            heard += len(line)
        for each in classic:  # and all are still there
            each.sendall(b"y")
        while heard < said + len(classic):
            heard += len(witness.line())
        assert memory.resident(server.pid) - before < memory.growth(16_000_000)


def test_ten_megabytes_without_a_newline_are_cut_off_at_eight_kibibytes(start_line_server: StartLine) -> None:
    server = start_line_server()
    before = memory.resident(server.pid)
    with LineClient(server) as witness, connect(server) as flood:
        sent = 0
        with contextlib.suppress(ConnectionError):
            while sent < 10_000_000:
                sent += flood.send(b"x" * 65536)
        flood.settimeout(PATIENCE)
        answer = b""
        with contextlib.suppress(ConnectionError):
            while piece := flood.recv(65536):  # until the server closes, which it has to do in time
                answer += piece
        # The reset of a connection with much unread may overtake the answer.
        assert answer.startswith(b"! ") or not answer, answer
        assert "in lobby" in witness.ask("/who")
    assert memory.resident(server.pid) - before < memory.growth(8_000_000)


# ---- Requests that two programs would read differently ----

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKS = b"\r\n5\r\nhello\r\n0\r\n\r\n" + SMUGGLED
POST = b"POST /upload HTTP/1.1\r\nHost: x\r\n"

DOUBTFUL = {
    "length-then-chunked": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" + CHUNKS,
    "chunked-then-length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n" + CHUNKS,
    "length-then-other-coding": POST + b"Content-Length: 5\r\nTransfer-Encoding: identity\r\n" + CHUNKS,
    "chunked-not-last": POST + b"Transfer-Encoding: chunked, gzip\r\n" + CHUNKS,
    "chunked-not-alone": POST + b"Transfer-Encoding: gzip, chunked\r\n" + CHUNKS,
    "chunked-twice": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" + CHUNKS,
    "chunked-with-a-tab-in-front": POST + b"Transfer-Encoding:\x0bchunked\r\n" + CHUNKS,
    "name-with-a-space-behind": POST + b"Transfer-Encoding : chunked\r\n" + CHUNKS,
    "two-lengths": POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!" + SMUGGLED,
    "list-of-lengths": POST + b"Content-Length: 5, 5\r\n\r\nhello" + SMUGGLED,
    "length-with-a-plus": POST + b"Content-Length: +5\r\n\r\nhello" + SMUGGLED,
    "negative-length": POST + b"Content-Length: -5\r\n\r\nhello" + SMUGGLED,
    "length-with-the-high-bit": POST + b"Content-Length: 9223372036854775808\r\n\r\nhello" + SMUGGLED,
    "length-of-64-ones": POST + b"Content-Length: 18446744073709551615\r\n\r\nhello" + SMUGGLED,
    "length-of-more-than-64-bits": POST + b"Content-Length: 18446744073709551621\r\n\r\nhello" + SMUGGLED,
    "folded-field": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-One: a\r\n Transfer-Encoding: chunked\r\n\r\n" + SMUGGLED,
    "folded-with-a-tab": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-One: a\r\n\tb\r\n\r\n" + SMUGGLED,
    "fold-after-the-request-line": b"GET /healthz HTTP/1.1\r\n Host: x\r\n\r\n" + SMUGGLED,
    "no-host": b"GET /healthz HTTP/1.1\r\nX: y\r\n\r\n" + SMUGGLED,
    "malformed-host": b"GET /healthz HTTP/1.1\r\nHost: x/y\r\n\r\n" + SMUGGLED,
    "two-hosts": b"GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n" + SMUGGLED,
    "bare-line-feeds": b"GET /healthz HTTP/1.1\nHost: x\n\n" + SMUGGLED,
    "nul-in-a-field": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n" + SMUGGLED,
    "chunk-extension-of-100-kb": POST
    + b"Transfer-Encoding: chunked\r\n\r\n1;"
    + b"x" * 100_000
    + b"\r\na\r\n0\r\n\r\n",
    "trailer-of-100-kb": POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"X-Y: z\r\n" * 12_500 + b"\r\n",
    "chunk-size-with-a-sign": POST + b"Transfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n",
    "chunk-size-of-more-than-64-bits": POST + b"Transfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n",
    "chunk-size-of-64-ones": POST + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nhello" + SMUGGLED,
    "chunk-size-with-the-high-bit": POST
    + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n8000000000000000\r\nhello"
    + SMUGGLED,
    "chunk-without-its-end": POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n",
}


@pytest.fixture(scope="module")
def quiet_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """One server for everything that is only refused."""
    with AppServer(tmp_path_factory.mktemp("app"), options=("--store", "memory", "--threads", "2")) as server:
        yield server


@pytest.mark.parametrize("name", DOUBTFUL)
def test_a_request_with_a_doubtful_end_gets_400_and_the_end_of_the_connection(quiet_app: AppServer, name: str) -> None:
    with connect(quiet_app) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(DOUBTFUL[name])
        answer = b""
        with contextlib.suppress(ConnectionError):
            while piece := connection.recv(65536):
                answer += piece
    if answer or "100-kb" not in name:  # a reset may overtake the answer when much is still unread
        assert answer.startswith(b"HTTP/1.1 400 "), answer
    assert answer.count(b"HTTP/1.1 ") <= 1, answer
    page_is_served(quiet_app)


def test_a_chunk_that_is_too_long_for_the_body_is_refused_and_the_connection_closed(quiet_app: AppServer) -> None:
    with connect(quiet_app) as connection:
        connection.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\nhello" + SMUGGLED)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 413 "), answer
    assert answer.count(b"HTTP/1.1 ") == 1, answer


# ---- Descriptors ----


def processor_time(server: Program) -> float:
    """Seconds it has used."""
    fields = Path(f"/proc/{server.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


#: `python -c CROWD PORT COUNT ADDRESS`: that many connections from that address, each with one request; keeps them.
CROWD = """
import resource, socket, sys, time

port, count, address = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
crowd = []
for number in range(count):
    connection = socket.socket()
    connection.bind((address, 0))
    connection.connect(("127.0.0.1", port))
    connection.send(b"GET /healthz HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
    crowd.append(connection)
print("connected", len(crowd), flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(SANITIZER == "asan", reason="UBSan looks at objects through a pipe, and none is to be had")
def test_without_descriptors_accepting_waits_and_goes_on_by_itself(tmp_path: Path) -> None:
    """20,000 sockets, a few hundred more than the server has descriptors for."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    crowds = 4
    sockets = min(scaled(20_000, 400), 2 * hard) // crowds * crowds
    few = min(sockets - sockets // 40, hard)
    limited = ["sh", "-c", f'ulimit -n {few}; exec "$@"', "sh", *paths.command("binary", "app")]
    options = ["--port", "0", "--data", tmp_path, "--store", "memory", "--threads", "2"]
    with Program([*limited, *map(str, options)]) as server, contextlib.ExitStack() as stack:
        port = int(server.wait_for(r"http://127\.0\.0\.1:(\d+)/")[1])

        def ask(connection: socket.socket) -> bytes:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            return connection.recv(65536)

        def enter() -> socket.socket:
            return stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE))

        early = enter()
        assert ask(early).startswith(b"HTTP/1.1 200")
        with others_are_served(lambda: assert_ok(ask(early))):
            crowd = [
                stack.enter_context(
                    Program([sys.executable, "-c", CROWD, str(port), str(sockets // crowds), f"127.0.0.{10 + number}"])
                )
                for number in range(crowds)
            ]
            for each in crowd:
                each.wait_for(f"connected {sockets // crowds}", timeout=SOON)
            server.wait_for("cannot accept connections for now")
            used = processor_time(server)
            time.sleep(3)
            assert processor_time(server) - used < 1.5, "it spins"
        assert server.output.count("cannot accept") <= 5, "the log is flooded"
        for each in crowd:
            each.kill()
        late = enter()
        assert_ok(ask(late))
        assert_ok(ask(early))


def assert_ok(answer: bytes) -> None:
    assert answer.startswith(b"HTTP/1.1 200"), answer


# ---- Half-open connections ----

LISTENING = """
from chatterlink.socketio import Server

sio = Server(port=0, ping_interval=1, ping_timeout=1)

@sio.event
def connect(sid, environ, auth):
    print("connected", sid, flush=True)

@sio.event
def disconnect(sid, reason):
    print("disconnected", sid, reason, flush=True)

sio.start()
print("port", sio.port, flush=True)
sio.wait()
"""

CONNECTING = """
import sys
import socketio

sio = socketio.Client(reconnection=False)
sio.connect(f"http://127.0.0.1:{sys.argv[1]}/", transports=[sys.argv[2]])
print("ready", flush=True)
sio.wait()
"""


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_a_client_that_stands_still_is_reaped_after_ping_interval_and_timeout(transport: str) -> None:
    with Program([sys.executable, "-u", "-c", LISTENING]) as server:
        port = server.wait_for(r"port (\d+)")[1]
        with Program([sys.executable, "-u", "-c", CONNECTING, port, transport]) as frozen:
            frozen.wait_for("ready")
            sid = server.wait_for(r"connected (\S+)")[1]
            frozen.process.send_signal(signal.SIGSTOP)  # its kernel goes on saying that all is well
            try:
                server.wait_for(f"disconnected {sid} ping timeout", timeout=SOON)
                with Program([sys.executable, "-u", "-c", CONNECTING, port, transport]) as lively:
                    lively.wait_for("ready")
                    time.sleep(4)
                    assert "disconnected" not in server.output.partition(f"disconnected {sid}")[2]
                    lively.kill()
            finally:
                frozen.kill()
