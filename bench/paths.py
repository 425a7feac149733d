"""Where things are."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BINARIES = ROOT / "build" / "bin"
OUT = ROOT / "build" / "bench"
PEERS = ROOT / "bench" / "peers"
REPORT = ROOT / "docs" / "performance.md"
IMAGES = ROOT / "docs" / "images"
GENERATOR = BINARIES / "chatterlink-bench"
