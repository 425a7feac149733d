"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from bench.paths import ROOT


def _output(*command: str) -> str:
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=20).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def _first_value(path: str, key: str) -> str:
    try:
        for line in Path(path).read_text(encoding="utf-8").splitlines():
            if line.startswith(key):
                return line.split(":" if ":" in line else "=", 1)[1].strip().strip('"')
    except OSError:
        pass
    return ""


def commit() -> str:
    """The commit that is checked out, with a + if files differ from it."""
    found = _output("git", "rev-parse", "--short=12", "HEAD")
    changed = _output("git", "status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs")
    return found + ("+" if changed else "")


def describe() -> dict[str, Any]:
    """Processor, system, compiler, the versions of what the peers run on, and when."""
    memory_kib = _first_value("/proc/meminfo", "MemTotal").split()[:1]
    return {
        "when": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": commit(),
        "processor": _first_value("/proc/cpuinfo", "model name"),
        "cores": os.cpu_count(),
        "memory_gib": round(int(memory_kib[0]) / 1024 / 1024) if memory_kib else None,
        "system": f"{_first_value('/etc/os-release', 'PRETTY_NAME')}, Linux {platform.release()}",
        "versions": {
            "compiler": _output("c++", "--version").partition("\n")[0],
            "Node": _output("node", "--version"),
            "Python": platform.python_version(),
            "Rust": _output("rustc", "--version"),
            "Go": _output("go", "version"),
        },
    }


def load_average() -> float:
    """Of the last minute: about how many programs wanted a core."""
    return os.getloadavg()[0]
