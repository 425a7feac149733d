"""The terminal client, chatterlink-client, black box: the real program, a tiny server, and on a terminal the screen as
a terminal emulator (pyte) shows it.

CHATTERLINK_BIN names the folder of the program; the default is where `make build` leaves it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyte
import pytest

from support.program import PATIENCE

BIN = Path(os.environ.get("CHATTERLINK_BIN", Path(__file__).parent / "../../build/bin")).resolve()
CLIENT = BIN / "chatterlink-client"


def wait_until(condition: Callable[[], bool], what: str, limit: float = PATIENCE) -> None:
    end = time.monotonic() + limit
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"did not happen in {limit} s: {what}")
        time.sleep(0.01)


def own_terminal() -> None:
    """In the child: standard input is its terminal, and Ctrl-C ends it, also when the tests run in the background."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class TinyServer:
    """Notes every line, sends it back to its sender when `echo`, and says what the test tells it to say."""

    def __init__(self, port: int = 0, echo: bool = True, delay: float = 0) -> None:
        self.echo = echo
        self.delay = delay
        self.lines: list[str] = []
        self.peers: list[socket.socket] = []
        self.connections = 0
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            self.peers.append(peer)
            self.connections += 1
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        with contextlib.suppress(OSError), peer.makefile("rb") as stream:
            for line in stream:
                self.lines.append(line.decode().rstrip("\n"))
                time.sleep(self.delay)
                if self.echo and not line.startswith(b"/"):
                    peer.sendall(line)
        with contextlib.suppress(OSError):
            peer.close()

    def say(self, text: str | bytes) -> None:
        for peer in self.peers:
            peer.sendall(text if isinstance(text, bytes) else text.encode())

    def await_lines(self, *lines: str) -> None:
        wait_until(lambda: self.lines == list(lines), f"{lines} arrive; so far {self.lines}")

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for peer in self.peers:
            with contextlib.suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)
        self.peers.clear()


class Terminal:
    """The client on a pseudo terminal of so many columns and rows, and the screen it makes."""

    def __init__(
        self,
        server: TinyServer,
        *options: str,
        columns: int = 60,
        rows: int = 16,
        command: list[str] | None = None,
        **env: str,
    ) -> None:
        self.screen = pyte.HistoryScreen(columns, rows, history=1000)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.master, self.slave = pty.openpty()
        self.resize(columns, rows, tell=False)
        self.modes_before = termios.tcgetattr(self.slave)
        self.process = subprocess.Popen(
            command or [str(CLIENT), "--port", str(server.port), *options],
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            start_new_session=True,
            env=environment(**{"TERM": "xterm-256color", **env}),
            preexec_fn=own_terminal,
        )
        if command:
            return
        wait_until(lambda: len(server.peers) > 0, "the server has accepted")
        self._await(lambda: b"/help for commands, quit to leave" in self.raw, "it says that it is connected")
        self.await_row("> ")

    def resize(self, columns: int, rows: int, tell: bool = True) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        if tell:
            self.screen.resize(rows, columns)

    def read(self, limit: float = 0.05) -> None:
        while select.select([self.master], [], [], limit)[0]:
            try:
                data = os.read(self.master, 65536)
            except OSError:  # the other side is closed
                return
            if not data:
                return
            self.raw += data
            self.stream.feed(data)
            limit = 0

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def rows(self) -> list[str]:
        """What scrolled away and what is shown, without empty rows at the end."""
        gone = ["".join(line[x].data for x in range(self.screen.columns)) for line in self.screen.history.top]
        rows = [row.rstrip() for row in [*gone, *self.screen.display]]
        while rows and not rows[-1]:
            rows.pop()
        return rows

    def row_at_cursor(self) -> str:
        return self.screen.display[self.screen.cursor.y].rstrip()

    def messages(self) -> list[str]:
        """The rows with a time stamp, without it."""
        return [row[6:] for row in self.rows() if re.match(r"\d\d:\d\d ", row)]

    def _await(self, condition: Callable[[], bool], what: str) -> None:
        def happened() -> bool:
            self.read()
            return condition()

        try:
            wait_until(happened, what)
        except AssertionError as e:
            raise AssertionError(f"{e}\n" + "\n".join(self.rows())) from None

    def await_text(self, text: str) -> None:
        self._await(lambda: any(text in row for row in self.rows()), f"{text!r} is shown")

    def await_row(self, row: str) -> None:
        """The row of the cursor, which is the one being typed."""
        self._await(lambda: self.row_at_cursor() == row.rstrip(), f"the cursor's row is {row!r}")

    def await_last_rows(self, rows: list[str]) -> None:
        expected = [row.rstrip() for row in rows]
        self._await(lambda: self.rows()[-len(rows) :] == expected, f"the last rows are {expected}")

    def await_exit(self, code: int = 0) -> None:
        self._await(lambda: self.process.poll() is not None, "the program ends")
        assert self.process.returncode == code, "\n".join(self.rows())

    def modes_are_as_before(self) -> bool:
        return termios.tcgetattr(self.slave) == self.modes_before

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)


def cut(text: str, columns: int) -> list[str]:
    return [text[i : i + columns] for i in range(0, len(text), columns)]


def environment(**changes: str) -> dict[str, str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith("CHATTERLINK_") and k != "NO_COLOR"}
    return env | {"LC_ALL": "C.UTF-8", "EDITRC": "/dev/null"} | changes


def run_client(*options: str, stdin: bytes = b"", **env: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([CLIENT, *options], capture_output=True, timeout=30, env=environment(**env), input=stdin)


OpenTerminal = Callable[..., Terminal]


@pytest.fixture
def server() -> Iterator[TinyServer]:
    one = TinyServer()
    yield one
    one.close()


@pytest.fixture
def silent() -> Iterator[TinyServer]:
    """A server that sends nobody's message back to its sender."""
    one = TinyServer(echo=False)
    yield one
    one.close()


@pytest.fixture
def open_terminal() -> Iterator[OpenTerminal]:
    opened: list[Terminal] = []

    def open_one(*args: object, **kw: object) -> Terminal:
        opened.append(Terminal(*args, **kw))  # type: ignore[arg-type]
        return opened[-1]

    yield open_one
    for terminal in opened:
        terminal.close()


# --- the line being typed -------------------------------------------------------------------------------------------


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


def test_a_typed_line_of_several_rows_is_not_torn(server: TinyServer, open_terminal: OpenTerminal) -> None:
    t = open_terminal(server, columns=30, rows=12)
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


# --- what is shown --------------------------------------------------------------------------------------------------


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


# --- leaving --------------------------------------------------------------------------------------------------------


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


# --- options --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options", [["--bogus"], ["--port"], ["--port", "70000"], ["--port", "0"], ["--port", "x"], ["extra"],
                ["--name", "a\nb"], ["--host", ""]],
    ids=" ".join,
)  # fmt: skip
def test_a_bad_option_is_one_clear_line_and_exit_code_2(options: list[str]) -> None:
    result = run_client(*options)
    assert result.returncode == 2
    assert result.stdout == b""
    assert result.stderr.count(b"\n") == 1
    assert result.stderr.startswith(b"chatterlink-client: ")


def test_a_bad_environment_variable_is_a_bad_option() -> None:
    result = run_client(CHATTERLINK_PORT="abc")
    assert result.returncode == 2
    assert b"abc" in result.stderr


def test_help_and_version() -> None:
    result = run_client("--help")
    assert result.returncode == 0
    for option in (b"--host", b"--port", b"--name", b"--no-reconnect", b"CHATTERLINK_PORT"):
        assert option in result.stdout
    result = run_client("--version")
    assert result.returncode == 0
    assert re.fullmatch(rb"chatterlink-client \d+\.\d+\S*\n", result.stdout)


def test_environment_variables_are_options_and_options_win(server: TinyServer) -> None:
    result = run_client(stdin=b"hi\n", CHATTERLINK_PORT=str(server.port), CHATTERLINK_NAME="Eve")
    assert result.returncode == 0
    assert server.lines == ["/name Eve", "hi"]
    result = run_client("--port", str(server.port), "--name", "Ann", CHATTERLINK_PORT="1", CHATTERLINK_NAME="Eve")
    assert result.returncode == 0
    assert server.lines[2:] == ["/name Ann"]


# --- pipes ----------------------------------------------------------------------------------------------------------


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
    process = subprocess.Popen(
        [CLIENT, "--port", str(server.port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )
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
    process = subprocess.Popen(
        [CLIENT, "--port", str(server.port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )
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
