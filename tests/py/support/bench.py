"""chatterlink-bench, run to its end."""

from __future__ import annotations

import subprocess
from pathlib import Path

from support import paths
from support.program import PATIENCE, clean_environment

PROGRAM = str(paths.BIN / "chatterlink-bench")


def bench(*arguments: str | float | Path) -> subprocess.CompletedProcess[str]:
    """Its exit code, the report (or what `--json -` has instead) and its complaints. Linux alone has it (epoll)."""
    return subprocess.run(
        [PROGRAM, *map(str, arguments)],
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=5 * PATIENCE,
        check=False,
    )
