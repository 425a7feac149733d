"""What is shown, and how."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import subprocess

from line_client.program import CLIENT, environment, wait_until
from line_client.terminal import OpenTerminal
from line_client.tiny_server import TinyServer
from support.program import PATIENCE


def test_own_message_shows_once_whether_the_server_echoes_or_not(
    server: TinyServer, silent: TinyServer, open_terminal: OpenTerminal
) -> None:
    for one in (server, silent):
        t = open_terminal(one)
        t.type("hello\r")
        t.await_text("you: hello")
        one.await_lines("hello")
        one.say("done\n")
        t.await_text("done")
        assert [m for m in t.messages() if "hello" in m] == ["you: hello"]


def test_somebody_elses_identical_message_is_shown(server: TinyServer, open_terminal: OpenTerminal) -> None:
    t = open_terminal(server)
    t.type("ok\r")
    t.await_text("you: ok")
    server.await_lines("ok")
    server.say("ok\n")
    t._await(lambda: t.messages()[1:] == ["you: ok", "ok"], "the other's line shows too")


def test_what_comes_from_the_network_cannot_control_the_terminal(
    server: TinyServer, open_terminal: OpenTerminal
) -> None:
    t = open_terminal(server)
    t.type("typing")
    t.await_row("> typing")
    before = len(t.raw)
    server.say(b"\x1b[2J\x1b]0;owned\x07\x1b[31mred \xc2\x9b31m\r\x08\x7f \xff\xe2\x80\xae end\n")
    t.await_text("end")
    t.await_row("> typing")
    shown = t.raw[before:]
    for harmful in (
        b"\x1b[2J",
        b"\x1b]0",
        b"\x07",
        b"\x1b[31m",
        b"\xc2\x9b",
        b"\x08",
        b"\x7f",
        b"\xe2\x80\xae",
        b"\xff",
    ):
        assert harmful not in shown, harmful
    assert t.screen.title == ""
    t.await_text("␛[2J␛]0;owned␇␛[31mred <U+009B>31m␍␈␡ \ufffd<U+202E> end")


def test_refusals_are_red_notices_dim_own_lines_green(server: TinyServer, open_terminal: OpenTerminal) -> None:
    t = open_terminal(server)
    server.say("! no\n* note\nplain\n")
    t.type("mine\r")
    t.await_text("plain")
    t.await_text("you: mine")
    assert b"\x1b[31m! no\x1b[0m" in t.raw
    assert b"\x1b[2m* note\x1b[0m" in t.raw
    assert b"\x1b[32myou:\x1b[0m mine" in t.raw
    assert re.search(rb"\x1b\[2m\d\d:\d\d \x1b\[0mplain", t.raw)


def test_no_color_is_respected(server: TinyServer, open_terminal: OpenTerminal) -> None:
    t = open_terminal(server, NO_COLOR="1")
    server.say("! no\n")
    t.await_text("! no")
    assert not re.search(rb"\x1b\[[0-9;]*m", t.raw)


def test_text_without_a_newline_is_shown(server: TinyServer, open_terminal: OpenTerminal) -> None:
    t = open_terminal(server)
    server.say("classic")
    t.await_text("classic")
    assert t.messages()[-1] == "classic"


def test_a_terminal_that_cannot_edit_gets_plain_lines(server: TinyServer) -> None:
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [CLIENT, "--port", str(server.port)],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        env=environment(TERM="dumb"),
    )
    os.close(slave)
    wait_until(lambda: server.connections == 1, "it connects")
    os.write(master, b"hello\n")
    server.await_lines("hello")
    server.say("\x1b[2Jx\n")
    os.write(master, b"quit\n")
    assert process.wait(PATIENCE) == 0
    shown = b""
    with contextlib.suppress(OSError):
        while data := os.read(master, 65536):
            shown += data
    os.close(master)
    assert b"\x1b" not in shown
    assert "␛[2Jx".encode() in shown
    assert b"connected to 127.0.0.1:" in shown
