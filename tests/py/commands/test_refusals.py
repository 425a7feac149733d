"""One clear line, and the exit code, when something is wrong."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from commands.running import SERVERS, refused, run
from support import paths
from support.ports import free_port
from support.program import Program

BAD_OPTIONS: list[tuple[str, Sequence[str], str]] = [
    ("app", ["--port", "99999"], "99999"),
    ("app", ["--port", "-1"], "-1"),
    ("app", ["--port", "http"], "http"),
    ("app", ["--port", ""], "port"),
    ("app", ["--port"], "port"),
    ("app", ["--store", "x"], "store"),
    ("app", ["--store", "postgresql://x"], "store"),
    ("app", ["--threads", "-1"], "threads"),
    ("app", ["--threads", "many"], "threads"),
    ("app", ["--threads", "100000"], "threads"),
    ("app", ["--rate-limit", "maybe"], "rate-limit"),
    ("app", ["--max-upload", "0"], "max-upload"),
    ("app", ["--max-upload", "12 parsecs"], "parsecs"),
    ("app", ["--max-upload", "999999999999999999999"], "max-upload"),
    ("app", ["--log-level", "loud"], "loud"),
    ("app", ["--colour", "red", "--deep"], "there is no option '--colour'"),
    ("app", ["--no-echo"], "--no-echo"),
    ("app", ["surplus", "more"], "an argument too many: 'surplus'"),
    ("app", ["--config", "/no/such/file.conf"], "/no/such/file.conf"),
    ("server", ["--port", "65536"], "65536"),
    ("server", ["--store", "memory"], "--store"),
    ("server", ["--threads", "-2"], "threads"),
    ("client", ["--port", "0"], "0"),
    ("client", ["--port", "99999"], "99999"),
    ("client", ["--colour", "red", "--deep"], "there is no option '--colour'"),
]


@pytest.mark.parametrize(
    ("program", "options", "word"), BAD_OPTIONS, ids=[f"{bad[0]} {' '.join(bad[1])}" for bad in BAD_OPTIONS]
)
def test_a_bad_option_is_one_line_and_exit_code_2(program: str, options: list[str], word: str) -> None:
    refused(run(program, *options), 2, word)


def test_a_bad_option_is_the_same_by_python(face: str) -> None:
    refused(run("app", "--port", "99999", face=face), 2, "99999")
    refused(run("server", "--colour", "red", face=face), 2, "--colour")
    refused(run("client", "--port", "x", face=face), 2, "x")


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "99999"), ("STORE", "x"), ("THREADS", "-1"), ("RATE_LIMIT", "?"), ("LOG_LEVEL", "")]
)
def test_a_bad_variable_is_one_line_and_exit_code_2(name: str, value: str, tmp_path: Path) -> None:
    environment = {f"CHATTERLINK_{name}": value, "CHATTERLINK_DATA": str(tmp_path)}
    if value == "":  # a variable that is set to nothing counts as not set
        with Program([*paths.command("binary", "app"), "--port", "0"], environment=environment) as app:
            app.wait_for("Ctrl-C")
    else:
        refused(run("app", environment=environment), 2)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("colour = red\n", "colour"),
        ("port = 99999\n", "99999"),
        ("port\n", "port"),
        ("[chat]\nport = 1\n", "chat"),
        ("store = x\n", "store"),
        ("version = true\n", "version"),
        ("help = true\n", "help"),
        ("\x00\x01\x02", ""),
    ],
)
def test_a_bad_config_file_is_one_line_and_exit_code_2(tmp_path: Path, text: str, word: str) -> None:
    config = tmp_path / "chat.conf"
    config.write_text(text, encoding="utf-8")
    refused(run("app", "--config", str(config), environment={"CHATTERLINK_DATA": str(tmp_path)}), 2, word)


def test_a_missing_config_file_of_the_environment_is_told(tmp_path: Path) -> None:
    refused(run("app", environment={"CHATTERLINK_CONFIG": str(tmp_path / "gone")}), 2, str(tmp_path / "gone"))


def test_a_folder_is_no_config_file(tmp_path: Path) -> None:
    refused(run("app", "--config", str(tmp_path)), 2, str(tmp_path))


@pytest.mark.parametrize("program", SERVERS)
def test_a_taken_port_is_one_line_and_exit_code_1(program: str, tmp_path: Path, face: str) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        environment = {"CHATTERLINK_DATA": str(tmp_path)}
        refused(run(program, "--port", port, face=face, environment=environment), 1, port)


@pytest.mark.parametrize("program", SERVERS)
@pytest.mark.parametrize(
    ("host", "code", "word"),
    [
        ("no.such.host.invalid", 1, "no.such.host.invalid"),
        ("203.0.113.7", 1, "203.0.113.7"),  # RFC 5737: nobody has it
        ("999.1.1.1", 1, "999.1.1.1"),
        ("", 2, "--host"),  # not "every network"
    ],
)
def test_a_host_that_is_not_here_is_one_line(program: str, host: str, code: int, word: str, tmp_path: Path) -> None:
    environment = {"CHATTERLINK_DATA": str(tmp_path)}
    refused(run(program, "--host", host, "--port", "0", environment=environment), code, word)


def test_a_client_without_a_server_says_so(face: str) -> None:
    port = free_port()
    began = time.monotonic()
    done = run("client", "--port", str(port), "--no-reconnect", face=face)
    assert done.returncode == 1
    assert str(port) in done.stderr
    assert time.monotonic() - began < 5
