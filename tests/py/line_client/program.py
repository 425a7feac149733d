"""The program and how it is run."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable

from support import paths
from support.program import PATIENCE

CLIENT = paths.BIN / "chatterlink-client"


def wait_until(condition: Callable[[], bool], what: str, limit: float = PATIENCE) -> None:
    end = time.monotonic() + limit
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"did not happen in {limit} s: {what}")
        time.sleep(0.01)


def environment(**changes: str) -> dict[str, str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith("CHATTERLINK_") and k != "NO_COLOR"}
    return env | {"LC_ALL": "C.UTF-8", "EDITRC": "/dev/null"} | changes


def start_client(*options: str) -> subprocess.Popen[bytes]:
    """It runs on, and is spoken to through pipes."""
    pipe = subprocess.PIPE
    return subprocess.Popen([CLIENT, *options], stdin=pipe, stdout=pipe, stderr=pipe, env=environment())


def run_client(*options: str, stdin: bytes = b"", **env: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([CLIENT, *options], capture_output=True, timeout=30, env=environment(**env), input=stdin)
