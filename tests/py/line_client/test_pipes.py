"""Without a terminal: lines in, bytes out."""

from __future__ import annotations

import contextlib
import threading
import time

from line_client.program import run_client, start_client, wait_until
from line_client.tiny_server import TinyServer
from support.program import PATIENCE


def test_piped_lines_are_sent_what_comes_back_is_printed_and_it_leaves(server: TinyServer) -> None:
    begun = time.monotonic()
    result = run_client("--port", str(server.port), stdin=b"a\nb\n")
    assert (result.returncode, result.stdout, result.stderr) == (0, b"a\nb\n", b"")
    assert server.lines == ["a", "b"]
    assert time.monotonic() - begun < 2


def test_piped_output_is_the_bytes_of_each_line_and_nothing_else(silent: TinyServer) -> None:
    line = b"! \x1b[31mred\x1b[0m \xff\r end"

    def answer() -> None:
        silent.await_lines("go")
        silent.say(line + b"\n")

    threading.Thread(target=answer, daemon=True).start()
    result = run_client("--port", str(silent.port), stdin=b"go\n")
    assert result.stdout == line + b"\n"


def test_last_line_without_newline_empty_lines_and_carriage_returns(server: TinyServer) -> None:
    result = run_client("--port", str(server.port), stdin="ä\r\n\nlast".encode())
    assert result.returncode == 0
    assert server.lines == ["ä", "", "last"]
    assert result.stdout == "ä\n\nlast\n".encode()


def test_quit_in_a_pipe_ends_it_and_what_follows_is_not_sent(server: TinyServer) -> None:
    result = run_client("--port", str(server.port), stdin=b"a\nquit\nb\n")
    assert result.returncode == 0
    assert server.lines == ["a"]


def test_waits_for_late_answers(server: TinyServer) -> None:
    server.delay = 0.2
    result = run_client("--port", str(server.port), stdin=b"a\nb\nc\n")
    assert result.stdout == b"a\nb\nc\n"


def test_does_not_wait_for_ever_when_others_go_on_talking(server: TinyServer) -> None:
    stop = threading.Event()

    def chatter() -> None:
        while not stop.wait(0.05):
            with contextlib.suppress(OSError):
                server.say("more\n")

    threading.Thread(target=chatter, daemon=True).start()
    begun = time.monotonic()
    result = run_client("--port", str(server.port), stdin=b"")
    stop.set()
    assert result.returncode == 0
    assert 1.5 < time.monotonic() - begun < 4


def test_a_line_too_long_is_refused_here_and_the_rest_is_sent(server: TinyServer) -> None:
    long_enough = b"x" * 8192
    result = run_client(
        "--port", str(server.port), stdin=long_enough + b"\n" + b"y" * 8193 + b"\n" + b"z" * 300_000 + b"\nend\n"
    )
    assert result.returncode == 0
    assert server.lines == [long_enough.decode(), "end"]
    assert result.stderr.count(b"not sent: a line of more than 8192 bytes") == 2


def test_a_flood_both_ways_does_not_jam(server: TinyServer) -> None:
    """More than the sockets hold: the program has to read while it writes."""
    flood = b"".join(b"%05d " % i + b"x" * 8000 + b"\n" for i in range(130))
    result = run_client("--port", str(server.port), stdin=flood)
    assert result.returncode == 0
    assert result.stdout == flood


def test_server_gone_while_lines_are_piped_is_an_error_that_is_told(server: TinyServer) -> None:
    process = start_client("--port", str(server.port))
    assert process.stdin
    assert process.stdout
    process.stdin.write(b"a\n")
    process.stdin.flush()
    assert process.stdout.readline() == b"a\n"
    server.close()
    time.sleep(0.3)
    process.stdin.write(b"b\n")
    out, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert out == b""
    assert b"the server went away" in err
    assert b"1 line was not sent" in err


def test_ends_quietly_when_nobody_reads_its_output(server: TinyServer) -> None:
    process = start_client("--port", str(server.port))
    assert process.stdin
    assert process.stdout
    assert process.stderr
    wait_until(lambda: server.connections == 1, "it connects")
    process.stdout.close()
    for _ in range(20):
        if process.poll() is not None:
            break
        server.say("x\n")
        time.sleep(0.1)
    assert process.wait(PATIENCE) == 0
    assert process.stderr.read() == b""
    process.stdin.close()
    process.stderr.close()
