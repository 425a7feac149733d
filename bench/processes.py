"""Starts servers and load generators, each on a core of its own, and always ends what it started."""

from __future__ import annotations

import contextlib
import os
import random
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bench.paths import OUT
from bench.servers import Server

START_SECONDS = 20.0
STOP_SECONDS = 10.0
DESCRIPTORS = 65_536

FIRST = ("chrt", "--fifo", "1")
"""Put before a command: it goes before everything ordinary on its core."""
LAST = ("nice", "-n", "19")
"""Put before a command: it lets the others on its core go before."""


class StartError(Exception):
    """A program did not start; the text says what it printed."""


@dataclass(frozen=True)
class Cores:
    """Where the server runs, and where the load does. Equal on a machine with one core."""

    server: int
    load: int

    @staticmethod
    def choose() -> Cores:
        """The first two that this process may use."""
        usable = sorted(os.sched_getaffinity(0))
        return Cores(usable[0], usable[1] if len(usable) > 1 else usable[0])


@dataclass(frozen=True)
class RunningServer:
    """A server that accepts connections."""

    port: int
    pid: int


def pinned(core: int, command: Sequence[str]) -> list[str]:
    """The command, to run on one core with all its threads and children."""
    return ["taskset", "--cpu-list", str(core), *command]


def precedence() -> tuple[str, ...]:
    """FIRST where this account may have it, otherwise nothing."""
    with contextlib.suppress(OSError):
        if subprocess.run([*FIRST, "true"], capture_output=True, check=False).returncode == 0:
            return FIRST
    return ()


def raise_descriptor_limit() -> int:
    """Let the programs started from here open as many descriptors as this account may; how many that are."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, DESCRIPTORS)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


def free_port() -> int:
    """A port below those that clients get, another one each time: no connection of the last run is in the way."""
    while True:
        port = random.randrange(12_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def last_words(log: Path) -> str:
    """The last lines that a program printed, in one."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    return " / ".join(line.strip() for line in lines[-3:] if line.strip())


def _wait_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        if process.poll() is not None:
            raise StartError(f"it ended with status {process.returncode}: {last_words(log)}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        if time.monotonic() > deadline:
            raise StartError(f"it accepted no connection within {START_SECONDS:.0f} s: {last_words(log)}")
        time.sleep(0.02)


def _start(core: int, command: Sequence[str], output: IO[bytes]) -> subprocess.Popen[bytes]:
    """A process group of its own, on a core, with both streams in `output`. Raises OSError."""
    return subprocess.Popen(
        pinned(core, command),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the process and what it started: they are one process group."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
            return


@contextlib.contextmanager
def running(server: Server, core: int) -> Iterator[RunningServer]:
    """The server, from when it accepts until the block is left. Raises StartError if it does not come up."""
    port = free_port()
    log = OUT / "logs" / f"{server.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    data = Path(tempfile.mkdtemp(prefix="data-", dir=OUT))
    command = [part.replace("{port}", str(port)).replace("{data}", str(data)) for part in server.command]
    try:
        with log.open("wb") as output:
            try:
                process = _start(core, command, output)
            except OSError as error:
                raise StartError(str(error)) from error
        try:
            _wait_ready(process, port, log)
            yield RunningServer(port, process.pid)
        finally:
            _stop(process)
    finally:
        shutil.rmtree(data, ignore_errors=True)


@dataclass(frozen=True)
class Finished:
    """How a program ended; `status` is None if it had to be ended."""

    status: int | None
    output: str


def run_bounded(command: Sequence[str], core: int, seconds: float) -> Finished:
    """Run a program on a core; it and its children are ended when they take longer than `seconds`."""
    with tempfile.TemporaryFile() as output:
        try:
            process = _start(core, command, output)
        except OSError as error:
            return Finished(127, str(error))
        status: int | None = None
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            pass
        finally:
            if status is None:
                _stop(process)
        output.seek(0)
        return Finished(status, output.read().decode(errors="replace"))


@dataclass(frozen=True)
class Beside:
    """A program that runs beside what is measured."""

    process: subprocess.Popen[bytes]
    log: Path

    def ended(self) -> str | None:
        """How it ended, with its last words; None while it runs."""
        status = self.process.poll()
        return None if status is None else f"ended with status {status}: {last_words(self.log) or 'it printed nothing'}"


@contextlib.contextmanager
def beside(command: Sequence[str], core: int, name: str) -> Iterator[Beside]:
    """A program on a core, until the block is left; everything else there goes before. Raises StartError."""
    log = OUT / "logs" / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        try:
            process = _start(core, [*LAST, *command], output)
        except OSError as error:
            raise StartError(str(error)) from error
    try:
        yield Beside(process, log)
    finally:
        _stop(process)


def _descendants(pid: int) -> list[int]:
    found = [pid]
    for each in found:
        for children in Path(f"/proc/{each}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                found.extend(map(int, children.read_text(encoding="ascii").split()))
    return found


def cpu_seconds(pid: int) -> float:
    """CPU time that a process, its threads and its children have had."""
    total = 0
    for each in _descendants(pid):
        for schedule in Path(f"/proc/{each}/task").glob("*/schedstat"):
            with contextlib.suppress(OSError):
                total += int(schedule.read_text(encoding="ascii").split()[0])
    return total / 1e9


def rss_kib(pid: int) -> int:
    """Resident memory of a process and its children."""
    total = 0
    for each in _descendants(pid):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{each}/status").read_text(encoding="ascii", errors="replace").splitlines():
                if line.startswith("VmRSS:"):
                    total += int(line.split()[1])
    return total
