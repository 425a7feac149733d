"""How it ends, by itself and when the server goes away."""

from __future__ import annotations

import signal

import pytest

from line_client.program import run_client
from line_client.terminal import OpenTerminal
from line_client.tiny_server import TinyServer


@pytest.mark.parametrize("how", ["quit\r", "/quit\r", "\x04", "\x03"], ids=["quit", "slash-quit", "ctrl-d", "ctrl-c"])
def test_leaves_cleanly_with_the_terminal_restored(server: TinyServer, open_terminal: OpenTerminal, how: str) -> None:
    t = open_terminal(server)
    t.type("hello\r")
    t.await_text("you: hello")
    t.type(how)
    t.await_exit(0)
    assert t.modes_are_as_before()
    assert server.lines == ["hello"]
    assert t.screen.cursor.x == 0
    assert t.rows()[-1].endswith("you: hello"), "the prompt is left behind"


def test_ctrl_c_in_the_middle_of_a_long_line_wipes_it_off(server: TinyServer, open_terminal: OpenTerminal) -> None:
    t = open_terminal(server, columns=30)
    t.type("never sent " * 5)
    t.await_text("sent never")
    t.type("\x03")
    t.await_exit(0)
    assert t.modes_are_as_before()
    assert not any("never" in row for row in t.rows())


def test_ctrl_d_in_a_line_deletes_and_does_not_leave(server: TinyServer, open_terminal: OpenTerminal) -> None:
    t = open_terminal(server)
    t.type("abc\x02\x04")  # back by one, then delete
    t.await_row("> ab")
    assert t.process.poll() is None


def test_a_hang_up_or_kill_ends_it(server: TinyServer, open_terminal: OpenTerminal) -> None:
    for number in (signal.SIGTERM, signal.SIGHUP):
        t = open_terminal(server)
        t.await_row("> ")  # before that the program has not taken its signals over, and the system's way applies
        t.process.send_signal(number)
        t.await_exit(0)
        assert t.modes_are_as_before()


# --- the server goes away -------------------------------------------------------------------------------------------


def test_reconnects_and_sends_what_was_typed_meanwhile_in_order(
    server: TinyServer, open_terminal: OpenTerminal
) -> None:
    t = open_terminal(server, "--name", "Ann", columns=100)
    t.type("/join garden\r")
    server.await_lines("/name Ann", "/join garden")
    server.close()
    t.await_text("the server went away")
    for text in ("one", "two", "three"):
        t.type(text + "\r")
        t.await_text("you: " + text)
    t.await_text("kept; it is sent when the server is back")
    t.type("unfinished")
    back = TinyServer(server.port)
    try:
        back.await_lines("/name Ann", "/join garden", "one", "two", "three")
        t.await_text("again, sending what was kept: 3 lines")
        t.await_row("> unfinished")
        t.type(" business\r")
        back.await_lines("/name Ann", "/join garden", "one", "two", "three", "unfinished business")
        t.await_text("you: unfinished business")
        texts = t.messages()
        assert [texts.count(f"you: {n}") + texts.count(n) for n in ("one", "two", "three")] == [1, 1, 1]
        assert sum("went away" in m for m in texts) == 1, "said too often"
        assert sum("kept; it" in m for m in texts) == 1, "said too often"
    finally:
        back.close()


def test_at_most_a_hundred_lines_are_kept_and_it_says_so(server: TinyServer, open_terminal: OpenTerminal) -> None:
    t = open_terminal(server)
    server.close()
    t.await_text("the server went away")
    t.type("".join(f"l{i}\r" for i in range(101)))
    t.await_text("you: l100")
    t.await_text("not sent: 100 lines wait for the server already")
    t.type("quit\r")
    t.await_exit(0)
    t.await_text("100 lines were not sent")


def test_without_reconnect_it_ends_when_the_server_goes_away(server: TinyServer, open_terminal: OpenTerminal) -> None:
    t = open_terminal(server, "--no-reconnect")
    t.type("half")
    t.await_row("> half")
    server.close()
    t.await_exit(1)
    assert t.modes_are_as_before()
    assert t.rows()[-1].endswith("the server went away")


def test_nobody_listening_is_said_in_one_line(server: TinyServer) -> None:
    port = server.port
    server.close()
    result = run_client("--port", str(port))
    assert result.returncode == 1
    assert result.stdout == b""
    assert result.stderr.decode() == (
        f"cannot reach 127.0.0.1:{port} (connection refused): is the server running? "
        "start it with: chatterlink server\n"
    )
