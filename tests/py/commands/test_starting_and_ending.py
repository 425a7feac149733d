"""Addresses, ports and standard streams that the servers and the client meet."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from commands.running import SERVERS, url_of
from support import paths
from support.ports import free_port
from support.program import PATIENCE, Program


def test_a_server_for_every_network_says_so(started: Callable[..., Program]) -> None:
    for program in SERVERS:
        server = started(program, "--port", "0", "--host", "0.0.0.0")
        server.wait_for("Ctrl-C")
        assert "0.0.0.0 can join" in server.output
    app = started("app", "--port", "0", "--host", "0.0.0.0", "--store", "memory")
    assert url_of(app).startswith("http://127.0.0.1:"), "an address that can be opened"


# Standard streams that are closed


def without(streams: str, command: Sequence[str]) -> list[str]:
    """That command, started with these of the descriptors 0, 1 and 2 closed."""
    closing_all = " ".join(f"{stream}>&-" for stream in streams)
    return ["sh", "-c", f'exec "$@" {closing_all}', "sh", *command]


def test_a_client_whose_input_is_closed_ends_as_after_the_last_line(started: Callable[..., Program], face: str) -> None:
    server = started("server", "--port", "0")
    port = server.wait_for(r"listening on \S+:(\d+)")[1]
    with Program(without("0", [*paths.command(face, "client"), "--port", port])) as client:
        assert client.exit_code() == 0


@pytest.mark.parametrize("program", SERVERS)
def test_a_server_with_closed_streams_serves_and_ends(program: str, tmp_path: Path, face: str) -> None:
    port = free_port()
    data = ["--data", str(tmp_path)] if program == "app" else []
    command = without("012", [*paths.command(face, program), "--port", str(port), *data])
    with Program(command) as server:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=PATIENCE).close()
                break
            except ConnectionRefusedError:
                assert server.process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
        streams = [str(Path(f"/proc/{server.pid}/fd/{stream}").readlink()) for stream in range(3)]
        assert streams == ["/dev/null"] * 3
        assert server.end() == 0


# A port of its own


def test_a_port_can_be_used_again_at_once(started: Callable[..., Program]) -> None:
    port = str(free_port())
    for _ in range(3):
        server = started("server", "--port", port)
        server.wait_for("Ctrl-C")
        with socket.create_connection(("127.0.0.1", int(port)), timeout=PATIENCE) as client:
            client.sendall(b"hello\n")
            assert client.recv(100) == b"hello\n"
            server.process.terminate()  # it closes first: the side whose port is left in TIME_WAIT
            assert client.recv(100) == b""
        assert server.exit_code() == 0
