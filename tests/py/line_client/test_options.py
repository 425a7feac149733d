"""Options, environment variables, help."""

from __future__ import annotations

import re

import pytest

from line_client.program import run_client
from line_client.tiny_server import TinyServer


@pytest.mark.parametrize(
    "options", [["--bogus"], ["--port"], ["--port", "70000"], ["--port", "0"], ["--port", "x"], ["extra"],
                ["--name", "a\nb"], ["--host", ""]],
    ids=" ".join,
)  # fmt: skip
def test_a_bad_option_is_one_clear_line_and_exit_code_2(options: list[str]) -> None:
    result = run_client(*options)
    assert result.returncode == 2
    assert result.stdout == b""
    assert result.stderr.count(b"\n") == 1
    assert result.stderr.startswith(b"chatterlink-client: ")


def test_a_bad_environment_variable_is_a_bad_option() -> None:
    result = run_client(CHATTERLINK_PORT="abc")
    assert result.returncode == 2
    assert b"abc" in result.stderr


def test_help_and_version() -> None:
    result = run_client("--help")
    assert result.returncode == 0
    for option in (b"--host", b"--port", b"--name", b"--no-reconnect", b"CHATTERLINK_PORT"):
        assert option in result.stdout
    result = run_client("--version")
    assert result.returncode == 0
    assert re.fullmatch(rb"chatterlink-client \d+\.\d+\S*\n", result.stdout)


def test_environment_variables_are_options_and_options_win(server: TinyServer) -> None:
    result = run_client(stdin=b"hi\n", CHATTERLINK_PORT=str(server.port), CHATTERLINK_NAME="Eve")
    assert result.returncode == 0
    assert server.lines == ["/name Eve", "hi"]
    result = run_client("--port", str(server.port), "--name", "Ann", CHATTERLINK_PORT="1", CHATTERLINK_NAME="Eve")
    assert result.returncode == 0
    assert server.lines[2:] == ["/name Ann"]
