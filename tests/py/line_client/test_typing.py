"""The line being typed, and what arrives meanwhile."""

from __future__ import annotations

import shutil

import pytest

from line_client.program import CLIENT, wait_until
from line_client.terminal import OpenTerminal, cut
from line_client.tiny_server import TinyServer


def test_incoming_lines_appear_above_the_line_being_typed(server: TinyServer, open_terminal: OpenTerminal) -> None:
    t = open_terminal(server)
    t.type("half a sent")
    t.await_row("> half a sent")
    server.say("first\nsecond\n")
    t.await_text("second")
    t.await_row("> half a sent")
    assert t.messages()[1:] == ["first", "second"]
    assert t.screen.cursor.x == len("> half a sent")
    t.type("ence\r")
    server.await_lines("half a sentence")
    t.await_text("you: half a sentence")
    t.await_row("> ")
    assert [row for row in t.rows() if "half" in row] == [t.rows()[-2]]


@pytest.mark.parametrize("kind", ["xterm-256color", "tmux-256color", "screen", "linux", "vt100"])
def test_a_typed_line_of_several_rows_is_not_torn(server: TinyServer, open_terminal: OpenTerminal, kind: str) -> None:
    """In each of the usual terminals; they do not agree on how the cursor goes up."""
    t = open_terminal(server, columns=30, rows=12, TERM=kind)
    text = "one two three four five six seven eight nine ten eleven twelve"
    typed = cut("> " + text, 30)
    t.type(text)
    t.await_last_rows(typed)
    for i in range(5):
        server.say(f"line {i}\n")
        t.await_text(f"line {i}")
        t.await_last_rows(typed)
    assert t.messages()[-5:] == [f"line {i}" for i in range(5)]
    assert len([row for row in t.rows() if "one two" in row]) == 1
    t.type("\r")
    server.await_lines(text)


@pytest.mark.parametrize("length", range(54, 63))
def test_a_typed_line_that_just_fills_its_rows_is_not_torn(
    server: TinyServer, open_terminal: OpenTerminal, length: int
) -> None:
    t = open_terminal(server, columns=30, rows=12)
    text = ("abcdefghij" * 7)[:length]
    t.type(text)
    typed = cut("> " + text, 30)
    t.await_last_rows(typed)
    for word in ("hello", "again"):
        server.say(word + "\n")
        t.await_text(word)
        t.await_last_rows(typed)
    above = t.rows()[: -len(typed)]
    assert [row[6:] for row in above[-2:]] == ["hello", "again"]
    assert above[-3] == "it to leave", "a row above was wiped, or one was left behind"


def test_the_cursor_stays_where_it_was_within_the_line(server: TinyServer, open_terminal: OpenTerminal) -> None:
    t = open_terminal(server, columns=30, rows=12)
    text = "a" * 40 + "b" * 10
    t.type(text)
    t.await_last_rows(cut("> " + text, 30))
    t.type("\x01")  # to the beginning
    t._await(lambda: t.screen.cursor.x == 2, "the cursor is at the beginning")
    server.say("hello\n")
    t.await_text("hello")
    t.type("X")
    t._await(lambda: t.screen.cursor.x == 3, "the cursor has moved on")
    assert t.row_at_cursor().startswith("> Xaaa")
    t.type("\r")
    server.await_lines("X" + text)
    t.await_row("> ")
    assert len([row for row in t.rows() if "aaa" in row]) == 2, "typed rows were left behind"


def test_wide_characters_and_emoji_are_not_torn(server: TinyServer, open_terminal: OpenTerminal) -> None:
    t = open_terminal(server, columns=21, rows=12)
    text = "漢字かな混じり文😀と漢字かな混じり"
    t.type(text)
    t.await_text("字")
    for word in ("你好", "ok"):
        server.say(word + "\n")
        t.await_text(word)
    t._await(lambda: t.messages()[1:] == ["你好", "ok"], "both lines are shown")
    t._await(lambda: sum("漢" in row for row in t.rows()) == 2, "each of its rows shows, once")
    t.type("\r")
    server.await_lines(text)
    t.await_row("> ")
    assert t.messages()[1:3] == ["你好", "ok"]
    assert sum("漢" in row for row in t.rows()) == 2, "typed rows were left behind"


def test_a_burst_is_shown_whole_and_the_typed_line_is_drawn_few_times(
    server: TinyServer, open_terminal: OpenTerminal
) -> None:
    t = open_terminal(server)
    t.type("typing")
    t.await_row("> typing")
    before = len(t.raw)
    server.say("".join(f"burst {i}\n" for i in range(500)))
    t.await_text("burst 499")
    t.await_row("> typing")
    assert [m for m in t.messages() if m.startswith("burst")] == [f"burst {i}" for i in range(500)]
    assert t.raw[before:].count(b"> ") < 50


def test_history_edits_and_sends_an_earlier_line(server: TinyServer, open_terminal: OpenTerminal) -> None:
    t = open_terminal(server)
    for text in ("first", "second"):
        t.type(text + "\r")
        t.await_text("you: " + text)
    t.type("\x1b[A\x1b[A")
    t.await_row("> first")
    t.type("\x1b[B")
    t.await_row("> second")
    t.type(" time\r")
    server.await_lines("first", "second", "second time")
    t.await_row("> ")
    t.type("\x1b[A")
    t.await_row("> second time")


def test_several_lines_pasted_at_once_are_all_sent(server: TinyServer, open_terminal: OpenTerminal) -> None:
    t = open_terminal(server)
    t.type("".join(f"line {i}\r" for i in range(50)))
    wait_until(lambda: len(server.lines) == 50, "all lines arrive")
    assert server.lines == [f"line {i}" for i in range(50)]
    t.await_text("you: line 49")
    t.await_row("> ")
    assert [m for m in t.messages() if "line" in m] == [f"you: line {i}" for i in range(50)]


def test_a_resized_terminal_keeps_the_typed_line(server: TinyServer, open_terminal: OpenTerminal) -> None:
    t = open_terminal(server, columns=60)
    t.type("still here")
    t.await_row("> still here")
    t.resize(40, 10)
    server.say("after\n")
    t.await_text("after")
    t.await_row("> still here")
    t.type(" and " + "long " * 8)
    t.await_text("long long")
    server.say("more\n")
    t.await_text("more")
    t.type("\r")
    server.await_lines("still here and " + "long " * 8)


@pytest.mark.skipif(not shutil.which("bash"), reason="needs a shell with job control")
def test_suspended_and_continued_by_a_shell_it_goes_on(server: TinyServer, open_terminal: OpenTerminal) -> None:
    t = open_terminal(server, command=["bash", "--norc", "--noediting", "-i"], columns=100, PS1="shell$ ")
    t.await_row("shell$ ")
    t.type(f"'{CLIENT}' --port {server.port}\r")
    t.await_row("> ")
    t.type("wait")
    t.await_row("> wait")
    t.type("\x1a")
    t.await_row("shell$ ")
    assert not any("> wait" in row for row in t.rows()[-2:]), "the prompt is left behind"
    server.say("meanwhile\n")
    t.type("echo $((6 * 7))\r")
    t.await_text("42")
    t.type("fg\r")
    t.await_text("meanwhile")
    t.await_row("> wait")
    t.type(" on\r")
    server.await_lines("wait on")
    t.await_text("you: wait on")
    t.type("\x04")
    t.await_row("shell$ ")
