"""The client on a pseudo terminal, and the screen it makes, as a terminal emulator (pyte) shows it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
from collections.abc import Callable

import pyte

from line_client.program import CLIENT, environment, wait_until
from line_client.tiny_server import TinyServer


def own_terminal() -> None:
    """In the child: standard input is its terminal; Ctrl-C and a hang-up end it, also when the tests run in the
    background or under nohup, which have them ignored."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


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


OpenTerminal = Callable[..., Terminal]
