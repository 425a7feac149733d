"""A program of ours as a process: started, listened to, ended."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TypeVar

_Self = TypeVar("_Self", bound="Program")

#: Seconds that a loaded machine with two cores may need for anything that is not itself being timed. Under sanitizers
#: everything is slower by CHATTERLINK_TEST_PATIENCE, a factor.
PATIENCE = 20.0 * float(os.environ.get("CHATTERLINK_TEST_PATIENCE", "1"))


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without CHATTERLINK_* options, plus `extra`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CHATTERLINK_")}
    return {**kept, **(extra or {})}


class Program:
    """One process. What it prints (both streams together) is read all the time and kept in `output`.

    `with` ends it: it is told to (SIGTERM), and killed when it does not obey.
    """

    def __init__(
        self,
        arguments: Sequence[str | Path],
        *,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        input_pipe: bool = False,
    ) -> None:
        """Start it. `environment` is added to clean_environment(); `input_pipe` gives it a standard input."""
        self.arguments = [str(argument) for argument in arguments]
        self._text = ""
        self._news = threading.Condition()
        self._over = False
        self.process = subprocess.Popen(
            self.arguments,
            stdin=subprocess.PIPE if input_pipe else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=clean_environment(environment),
            cwd=folder,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        while chunk := self.process.stdout.read1(65536):  # type: ignore[attr-defined]
            with self._news:
                self._text += chunk.decode(errors="replace")
                self._news.notify_all()
        with self._news:
            self._over = True
            self._news.notify_all()

    @property
    def output(self) -> str:
        """Everything it has printed up to now."""
        with self._news:
            return self._text

    @property
    def pid(self) -> int:
        return self.process.pid

    def open_files(self) -> list[str]:
        """What it has open: the paths of files, "socket:[…]", "anon_inode:[…]"."""
        found = []
        for each in Path(f"/proc/{self.pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                found.append(str(each.readlink()))
        return found

    def wait_for(self, pattern: str, timeout: float = PATIENCE) -> re.Match[str]:
        """Wait until its output matches; fail with that output when it does not in time, or has ended."""
        deadline = time.monotonic() + timeout
        with self._news:
            while True:
                found = re.search(pattern, self._text)
                if found:
                    return found
                left = deadline - time.monotonic()
                if self._over or left <= 0:
                    break
                self._news.wait(left)
        happened = f"ended with code {self.process.wait()}" if self._over else f"ran for {timeout:g} s"
        raise AssertionError(f"{self} {happened} without printing {pattern!r}. It printed:\n{self.output}")

    def send_line(self, line: str) -> None:
        """Type a line."""
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def close_input(self) -> None:
        """Ctrl-D."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def exit_code(self, timeout: float = PATIENCE) -> int:
        """Wait for its end; kill it and fail when it does not end in time."""
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self} did not end within {timeout:g} s. It printed:\n{self.output}") from None
        self._reader.join(PATIENCE)
        return code

    def end(self, number: int = signal.SIGTERM, timeout: float = PATIENCE) -> int:
        """Ask it to end (if it runs) and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.exit_code(timeout)

    def kill(self) -> None:
        """End it without asking, as kill -9 does."""
        self.process.kill()
        self.process.wait()
        self._reader.join(PATIENCE)

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.end()
        finally:
            for stream in (self.process.stdin, self.process.stdout):
                if stream is not None:
                    with contextlib.suppress(BrokenPipeError):
                        stream.close()

    def __str__(self) -> str:
        return f"`{' '.join(self.arguments)}`"
