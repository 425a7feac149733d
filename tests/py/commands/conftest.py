"""What the tests of the commands share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from support import paths
from support.program import Program


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Returns started(program, *options, face="binary", **environment): a program whose data go to tmp_path."""
    with ExitStack() as stack:

        def start(program: str, *options: str, face: str = "binary", **environment: str) -> Program:
            home = {"HOME": str(tmp_path / "home"), "XDG_DATA_HOME": str(tmp_path / "share")}
            return stack.enter_context(
                Program([*paths.command(face, program), *options], environment={**home, **environment})
            )

        yield start
