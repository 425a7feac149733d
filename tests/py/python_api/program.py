"""Programs that use the package: this one and others."""

from __future__ import annotations

import os
import sys
import textwrap
from pathlib import Path
from urllib.request import urlopen

from chatterlink import ChatApp
from support.program import PATIENCE, Program


def fetch(url: str) -> bytes:
    with urlopen(url, timeout=PATIENCE) as answer:
        assert answer.status == 200
        body = answer.read()
    assert isinstance(body, bytes)
    return body


def memory_app(port: int = 0) -> ChatApp:
    return ChatApp(port=port, store="memory", data=os.environ["CHATTERLINK_TEST_DATA"], log_level="warning")


def python(program: str, tmp_path: Path, *arguments: str) -> Program:
    """A Python program of its own, in a folder where no source tree is found by accident."""
    file = tmp_path / "program.py"
    file.write_text(textwrap.dedent(program), encoding="utf-8")
    data = {"CHATTERLINK_TEST_DATA": os.environ["CHATTERLINK_TEST_DATA"]}
    return Program([sys.executable, file, *arguments], environment=data, folder=tmp_path)
