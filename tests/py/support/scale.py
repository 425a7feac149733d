"""How often a heavy test repeats itself, and what it can measure."""

from __future__ import annotations

import os

import pytest

#: A factor: less under sanitizers, which are ten times slower (scripts/sanitize sets it), more for a soak.
SCALE = float(os.environ.get("CHATTERLINK_TEST_SCALE", "1"))

#: Which sanitizer the servers are built with, "asan" (with UBSan) or "tsan"; "" for none.
SANITIZER = os.environ.get("CHATTERLINK_TEST_SANITIZER", "")

#: For tests whose programs fork while they have threads.
forks = pytest.mark.skipif(
    SANITIZER == "asan", reason="GCC 12's ASan leaves its allocator locked in the child when another thread was in it"
)


def scaled(count: int, least: int = 1) -> int:
    """`count` times SCALE, at least `least`."""
    return max(least, int(count * SCALE))
