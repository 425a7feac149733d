"""Fixtures: servers, and terminals that are closed at the end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from line_client.terminal import OpenTerminal, Terminal
from line_client.tiny_server import TinyServer


@pytest.fixture
def server() -> Iterator[TinyServer]:
    one = TinyServer()
    yield one
    one.close()


@pytest.fixture
def silent() -> Iterator[TinyServer]:
    """A server that sends nobody's message back to its sender."""
    one = TinyServer(echo=False)
    yield one
    one.close()


@pytest.fixture
def open_terminal() -> Iterator[OpenTerminal]:
    opened: list[Terminal] = []

    def open_one(*args: object, **kw: object) -> Terminal:
        opened.append(Terminal(*args, **kw))  # type: ignore[arg-type]
        return opened[-1]

    yield open_one
    for terminal in opened:
        terminal.close()
