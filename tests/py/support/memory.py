"""The memory of a server's process, in bytes, as /proc tells it."""

from __future__ import annotations

from pathlib import Path

from support.scale import SANITIZER


def resident(pid: int) -> int:
    """What it holds now."""
    return _of(pid, "VmRSS:")


def peak(pid: int) -> int:
    """The most that it has held."""
    return _of(pid, "VmHWM:")


def growth(most: int) -> float:
    """The bound for a test: `most`; without end under a sanitizer, which keeps what was freed and notes of its own."""
    return float("inf") if SANITIZER else most


def _of(pid: int, field: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))
