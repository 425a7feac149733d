"""Where things are."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
CPP = ROOT / "cpp"
VECTORS = ROOT / "tests" / "vectors"
OUTPUT = ROOT / "tests" / "output"  # screenshots and the like, kept after the run, ignored by git

#: The folder of the programs under test: another build's with CHATTERLINK_BIN.
BIN = Path(os.environ.get("CHATTERLINK_BIN", ROOT / "build" / "bin"))

#: How a program is started: as the binary, or by Python. Both must behave the same. Of another build, the binary alone:
#: Python would start what is installed in .venv.
FACES = ("binary",) if "CHATTERLINK_BIN" in os.environ else ("binary", "python")


def command(face: str, program: str) -> list[str]:
    """The command line, without options, of `program` ("app", "server" or "client") in one of the FACES."""
    if face == "binary":
        return [str(BIN / f"chatterlink-{program}")]
    return [sys.executable, "-m", "chatterlink", program]
