"""Plain TCP clients of the line chat."""

from __future__ import annotations

import contextlib
import socket
import time
from types import TracebackType

from support.program import PATIENCE
from support.servers import LineServer

#: Longer than the 30 ms after which text without a newline counts as a message.
PAUSE = 0.15


class LineClient:
    """A socket that sends what it is told and reads what is there."""

    def __init__(self, server: LineServer) -> None:
        self.socket = socket.create_connection((server.host, server.port), timeout=PATIENCE)
        self._read = b""

    def send(self, data: bytes | str) -> None:
        self.socket.sendall(data.encode() if isinstance(data, str) else data)

    def line(self) -> str:
        """The next line, without its newline."""
        while b"\n" not in self._read:
            chunk = self.socket.recv(65536)
            assert chunk, f"the connection ended after {self._read!r}"
            self._read += chunk
        line, _, self._read = self._read.partition(b"\n")
        return line.decode()

    def lines(self, count: int) -> list[str]:
        return [self.line() for _ in range(count)]

    def ask(self, command: str) -> str:
        """Send a command; the line that answers it. Only while nobody talks."""
        self.send(command + "\n")
        return self.line()

    def exactly(self, expected: bytes) -> None:
        """Read as many bytes and expect them to be these."""
        while len(self._read) < len(expected):
            chunk = self.socket.recv(65536)
            assert chunk, f"the connection ended after {self._read!r}"
            self._read += chunk
        got, self._read = self._read[: len(expected)], self._read[len(expected) :]
        assert got == expected

    def silent(self, seconds: float = PAUSE) -> None:
        """Expect nothing to arrive for a while."""
        assert self._read == b""
        self.socket.settimeout(seconds)
        try:
            got = self.socket.recv(65536)
        except TimeoutError:
            return
        finally:
            self.socket.settimeout(PATIENCE)
        raise AssertionError(f"unexpected: {got!r}" if got else "the connection ended")

    def rest(self) -> bytes:
        """Everything until the server closes."""
        with contextlib.suppress(ConnectionResetError):
            while chunk := self.socket.recv(65536):
                self._read += chunk
        got, self._read = self._read, b""
        return got

    def half_close(self) -> None:
        """Send no more, but go on reading: the end of input for `nc`."""
        self.socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> LineClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def named(server: LineServer, name: str) -> LineClient:
    """A client that is in the lobby under that name, as the server has told."""
    client = LineClient(server)
    assert client.ask(f"/name {name}") == f"* you are now {name}"
    return client


def wait_for_members(client: LineClient, count: int, room: str = "lobby") -> None:
    """Wait until so many are in the client's room. Only while nobody talks."""
    deadline = time.monotonic() + PATIENCE
    while not client.ask("/who").startswith(f"* {count} in {room}"):
        assert time.monotonic() < deadline, f"never {count} in {room}"
        time.sleep(0.02)
