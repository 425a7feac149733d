"""Fixtures for every test here: servers as real processes, on free ports, with data folders of their own.

A server that a fixture made is asked to end after the test (SIGTERM) and must do so with exit code 0; what it printed
is shown when the test fails.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

import pytest

from support import paths
from support.clients import Connections
from support.program import Program
from support.servers import AppServer, LineServer, Server

AnyServer = TypeVar("AnyServer", bound=Server)
StartApp = Callable[..., AppServer]
StartLine = Callable[..., LineServer]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Adds to the report of a failed test what its programs printed."""
    report = yield
    if report.failed:
        for program in item.stash.get(PROGRAMS, []):
            report.sections.append((f"output of {program}", program.output))
    return report


PROGRAMS = pytest.StashKey[list[Program]]()


@pytest.fixture
def watch(request: pytest.FixtureRequest) -> Callable[[AnyServer], AnyServer]:
    """Returns a function that has a program's output shown if the test fails; it returns the program."""
    programs = request.node.stash.setdefault(PROGRAMS, [])

    def watch(program: AnyServer) -> AnyServer:
        programs.append(program)
        return program

    return watch


@pytest.fixture
def connections() -> Iterator[Connections]:
    """Clients that the test opens; closed after it, before its servers when they are asked for first."""
    with Connections() as opened:
        yield opened


@pytest.fixture(params=paths.FACES)
def face(request: pytest.FixtureRequest) -> str:
    """How the program is started: "binary" or "python"; a test that uses it runs once for each."""
    assert isinstance(request.param, str)
    return request.param


@pytest.fixture
def start_app(tmp_path: Path, watch: Callable[[AppServer], AppServer]) -> Iterator[StartApp]:
    """Returns start_app(*options, face="binary", data=<the test's>, environment=None) -> AppServer.

    Servers started with the same data folder (the default) share it, so only one of them may run at a time.
    """
    servers: list[AppServer] = []
    with ExitStack() as stack:

        def start(*options: str, data: Path = tmp_path / "data", **settings: Any) -> AppServer:
            server = watch(stack.enter_context(AppServer(data, options=options, **settings)))
            servers.append(server)
            return server

        yield start
        _end_all(servers)


@pytest.fixture
def start_line_server(watch: Callable[[LineServer], LineServer]) -> Iterator[StartLine]:
    """Returns start_line_server(*options, face="binary", environment=None) -> LineServer."""
    servers: list[LineServer] = []
    with ExitStack() as stack:

        def start(*options: str, **settings: Any) -> LineServer:
            server = watch(stack.enter_context(LineServer(options=options, **settings)))
            servers.append(server)
            return server

        yield start
        _end_all(servers)


@pytest.fixture
def app_server(start_app: StartApp, face: str) -> AppServer:
    """A web chat with default options, once as the binary and once as `python -m chatterlink`."""
    return start_app(face=face)


@pytest.fixture
def line_server(start_line_server: StartLine, face: str) -> LineServer:
    """A line server with default options, once as the binary and once as `python -m chatterlink`."""
    return start_line_server(face=face)


def _end_all(servers: list[AnyServer]) -> None:
    # One that the test ended or killed itself is the test's to judge.
    for server in [each for each in servers if each.process.poll() is None]:
        code = server.end()
        assert code == 0, f"{server} ended with code {code} when asked to end. It printed:\n{server.output}"
