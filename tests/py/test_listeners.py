"""Where the servers listen: IPv6, both families, Unix sockets, sockets passed by systemd; and proxies in front."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from conftest import StartApp, StartLine
from support import paths
from support.lines import LineClient
from support.program import PATIENCE, Program, clean_environment


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=PATIENCE)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(str(self.path))


def status(connection: http.client.HTTPConnection, target: str, headers: Mapping[str, str] | None = None) -> int:
    with contextlib.closing(connection):
        connection.request("GET", target, headers=dict(headers or {}))
        answer = connection.getresponse()
        answer.read()
        return answer.status


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name: a Unix socket's path has at most 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="chat-") as name:
        yield Path(name)


def app_at(path: Path, data: Path, *options: str) -> Program:
    """A web chat at a Unix socket, ready."""
    place = ["--unix-socket", path, "--data", data, "--store", "memory", "--threads", "2"]
    program = Program([*paths.command("binary", "app"), *map(str, place), *options])
    try:
        program.wait_for(r"http\+unix:")
    except AssertionError:
        program.kill()
        raise
    return program


# ---- IPv6 ----


def test_ipv6_and_both_families_at_once(start_app: StartApp, start_line_server: StartLine) -> None:
    six = start_app("--host", "::1", "--store", "memory")
    assert six.url == f"http://[::1]:{six.port}/"
    assert status(http.client.HTTPConnection("::1", six.port, timeout=PATIENCE), "/healthz") == 200
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", six.port), timeout=PATIENCE)
    assert six.end() == 0
    both = start_app("--host", "::", "--store", "memory")
    for host in ("::1", "127.0.0.1"):
        assert status(http.client.HTTPConnection(host, both.port, timeout=PATIENCE), "/healthz") == 200
    lines = start_line_server("--host", "::")
    for host in ("::1", "127.0.0.1"):
        with socket.create_connection((host, lines.port), timeout=PATIENCE) as client:
            client.sendall(b"/who\n")
            assert b"in lobby" in client.recv(1000)


def with_names(hosts: Path, command: Sequence[object]) -> list[object]:
    """That command, for which the names of a file stand in /etc/hosts (a mount that nobody else sees)."""
    shell = 'mount --bind "$1" /etc/hosts && shift && exec "$@"'
    return ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", shell, "sh", hosts, *command]


@pytest.mark.parametrize("program", ["app", "server"])
def test_a_name_with_several_addresses_is_served_at_all_of_them(tmp_path: Path, program: str) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("::1 localhost\n127.0.0.1 localhost\n127.0.0.2 localhost\n192.0.2.1 localhost\n", encoding="ascii")
    try:
        subprocess.run(
            [str(word) for word in with_names(hosts, ["true"])], check=True, capture_output=True, timeout=PATIENCE
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this machine lets nobody have an /etc/hosts of their own")
    data = ["--data", tmp_path] if program == "app" else []
    command = [*paths.command("binary", program), "--host", "localhost", "--port", "0", *data]
    with Program([str(word) for word in with_names(hosts, command)]) as running:
        port = int(running.wait_for(r"localhost:(\d+)")[1])
        told = running.wait_for(r"  at +(.*)")[1].split()
        assert sorted(told) == sorted([f"127.0.0.1:{port}", f"127.0.0.2:{port}", f"[::1]:{port}"])
        running.wait_for(r"warning cannot listen on 192\.0\.2\.1 port \d+: ")
        for host in ("::1", "127.0.0.1", "127.0.0.2"):
            if program == "app":
                assert status(http.client.HTTPConnection(host, port, timeout=PATIENCE), "/healthz") == 200
            else:
                with socket.create_connection((host, port), timeout=PATIENCE) as client:
                    client.sendall(b"/who\n")
                    assert b"in lobby" in client.recv(1000)
        assert running.end() == 0


# ---- Unix sockets ----


def test_a_unix_socket_serves_its_owner_and_group_and_is_removed_at_the_end(folder: Path, tmp_path: Path) -> None:
    path = folder / "chat.sock"
    with app_at(path, tmp_path) as program:
        info = path.stat()
        assert stat.S_ISSOCK(info.st_mode)
        assert stat.S_IMODE(info.st_mode) == 0o660
        connection = UnixConnection(path)
        for _ in range(5):
            connection.request("GET", "/healthz")
            assert connection.getresponse().read() == b'{"ok":true}'
        assert status(UnixConnection(path), "/socket.io/?EIO=4&transport=polling") == 200
        assert program.end() == 0
    assert not path.exists()


def test_a_line_chat_at_a_unix_socket(folder: Path) -> None:
    path = folder / "lines.sock"
    with Program([*paths.command("binary", "server"), "--unix-socket", path]) as program:
        program.wait_for("listening on /")
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(PATIENCE)
            client.connect(str(path))
            client.sendall(b"hello\n")
            assert client.recv(100) == b"hello\n"


def test_a_file_left_behind_is_replaced_and_anything_else_is_not(folder: Path, tmp_path: Path) -> None:
    path = folder / "chat.sock"
    with app_at(path, tmp_path / "one") as program:
        program.kill()
        assert path.exists()
    with app_at(path, tmp_path / "one"):
        assert status(UnixConnection(path), "/healthz") == 200
        second = run_app("--unix-socket", path, "--data", tmp_path / "two")
        assert second.returncode == 1, second
        assert "another program listens at" in second.stderr, second
        assert status(UnixConnection(path), "/healthz") == 200
    plain = folder / "notes.txt"
    plain.write_text("precious", encoding="ascii")
    refused = run_app("--unix-socket", plain, "--data", tmp_path / "two")
    assert refused.returncode == 1, refused
    assert "is no socket" in refused.stderr, refused
    assert plain.read_text(encoding="ascii") == "precious"
    long = run_app("--unix-socket", folder / ("x" * 200), "--data", tmp_path / "two")
    assert long.returncode == 2, long
    assert "bytes" in long.stderr, long


def test_the_file_of_a_successor_is_left_alone(folder: Path, tmp_path: Path) -> None:
    path = folder / "chat.sock"
    with app_at(path, tmp_path / "one") as first:
        path.unlink()
        with app_at(path, tmp_path / "two"):
            assert first.end() == 0
            assert status(UnixConnection(path), "/healthz") == 200


def run_app(*options: object) -> subprocess.CompletedProcess[str]:
    """Run to the end, which has to come by itself."""
    return subprocess.run(
        [*paths.command("binary", "app"), "--store", "memory", *map(str, options)],
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


# ---- Sockets passed by systemd ----

#: Opens a socket as descriptor 3 and becomes the program, as systemd does.
PASS_SOCKET = """
import os, socket, sys
kind, pid, *command = sys.argv[1:]
if kind != "none":
    passed = socket.socket()
    passed.bind(("127.0.0.1", 0))
    if kind == "listening":
        passed.listen()
    print("passed", passed.getsockname()[1], flush=True)
    os.dup2(passed.fileno(), 3)
    os.set_inheritable(3, True)
    if passed.fileno() != 3:
        passed.close()
else:
    os.closerange(3, 10)
os.environ.update(LISTEN_PID=str(os.getpid()) if pid == "own" else pid, LISTEN_FDS=os.environ.get("COUNT", "1"))
os.execv(command[0], command)
"""


def pass_socket(kind: str, pid: str, program: str, *options: object, count: str = "1") -> Program:
    command = [*paths.command("binary", program), *map(str, options)]
    return Program([sys.executable, "-c", PASS_SOCKET, kind, pid, *command], environment={"COUNT": count})


def test_a_socket_that_systemd_passes_is_served(tmp_path: Path) -> None:
    with pass_socket("listening", "own", "app", "--data", tmp_path, "--store", "memory", "--port", "1") as program:
        port = int(program.wait_for(r"passed (\d+)")[1])
        program.wait_for("stop ")
        for _ in range(3):
            assert status(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE), "/healthz") == 200
        variables = Path(f"/proc/{program.pid}/fdinfo/3").read_text(encoding="ascii")
        assert int(variables.split("flags:")[1].split()[0], 8) & os.O_CLOEXEC, "children would get it"
        assert program.end() == 0
    with pass_socket("listening", "own", "server") as program:
        port = int(program.wait_for(r"passed (\d+)")[1])
        program.wait_for("stop ")
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as client:
            client.sendall(b"hello\n")
            assert client.recv(100) == b"hello\n"


def test_a_socket_for_another_process_is_left_alone(tmp_path: Path) -> None:
    with pass_socket("listening", "1", "server", "--port", "0") as program:
        passed = int(program.wait_for(r"passed (\d+)")[1])
        port = int(program.wait_for(r"listening on \S+:(\d+)")[1])
        assert port != passed
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as client:
            client.sendall(b"hello\n")
            assert client.recv(100) == b"hello\n"


@pytest.mark.parametrize(
    ("kind", "pid", "says"),
    [
        ("bound", "own", "no listening stream socket"),
        ("none", "own", "which is not open"),
        ("listening", "me", "make no sense"),
    ],
)
def test_a_descriptor_that_does_not_do_is_refused(kind: str, pid: str, says: str) -> None:
    with pass_socket(kind, pid, "server", "--port", "0") as program:
        program.wait_for(says)
        assert program.exit_code() == 2


@pytest.mark.parametrize(
    ("count", "says"),
    [("64", "which is not open"), ("65", "make no sense"), ("-1", "make no sense"), ("many", "make no sense")],
)
def test_more_than_64_passed_sockets_are_a_mistake(count: str, says: str) -> None:
    with pass_socket("listening", "own", "server", "--port", "0", count=count) as program:
        program.wait_for(says)
        assert program.exit_code() == 2


# ---- Proxies in front ----

HANDSHAKE = "/socket.io/?EIO=4&transport=polling"


def admitted(connection: http.client.HTTPConnection, **headers: str) -> bool:
    """Whether a page of https://chat.example may open a session; header names are written with `_` for `-`."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = status(connection, HANDSHAKE, {"Origin": "https://chat.example", **fields})
    assert answer in (200, 403)
    return answer == 200


def test_forwarded_host_and_protocol_count_from_a_trusted_proxy_only(start_app: StartApp) -> None:
    trusting = start_app("--store", "memory", "--trusted-proxies", "10.0.0.0/8,127.0.0.1")
    careful = start_app("--store", "memory", "--trusted-proxies", "10.0.0.0/8")

    def at(server: object) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(server.host, server.port, timeout=PATIENCE)  # type: ignore[attr-defined]

    said = {"X_Forwarded_Host": "chat.example", "X_Forwarded_Proto": "https", "X_Forwarded_For": "203.0.113.7"}
    assert admitted(at(trusting), **said)
    assert not admitted(at(careful), **said)
    assert not admitted(at(trusting))
    assert not admitted(at(trusting), **{**said, "X_Forwarded_Host": "chat.example, other.example"})
    # A page that was fetched without encryption is another origin than the one over TLS.
    assert status(at(trusting), HANDSHAKE, {"Origin": "http://chat.example", "X-Forwarded-Host": "chat.example"}) == 200
    plain = {"Origin": "http://chat.example", "X-Forwarded-Host": "chat.example", "X-Forwarded-Proto": "https"}
    assert status(at(trusting), HANDSHAKE, plain) == 403


def test_a_proxy_at_a_unix_socket_is_trusted_when_told_so(folder: Path, tmp_path: Path) -> None:
    said = {"X_Forwarded_Host": "chat.example", "X_Forwarded_Proto": "https"}
    with app_at(folder / "one.sock", tmp_path / "one", "--trusted-proxies", "unix"):
        assert admitted(UnixConnection(folder / "one.sock"), **said)
    with app_at(folder / "two.sock", tmp_path / "two"):
        assert not admitted(UnixConnection(folder / "two.sock"), **said)


def test_each_client_behind_a_trusted_proxy_has_its_own_upload_rate(start_app: StartApp) -> None:
    server = start_app("--store", "memory", "--trusted-proxies", "127.0.0.1")

    def post(client: str) -> int:
        connection = http.client.HTTPConnection(server.host, server.port, timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request("POST", "/upload", body=b"", headers={"X-Forwarded-For": client})
            answer = connection.getresponse()
            answer.read()
            return answer.status

    # 60 at once and 5 a second: a slow machine takes some more to get there.
    assert any(post("203.0.113.7") == 429 for _ in range(400))
    answers = (post(f"6.6.6.{number % 250}, 203.0.113.9") for number in range(400))
    assert 429 in answers, "what the client invents makes no new client"
    assert post("203.0.113.8") == 400
    # Who has one IPv6 address has 2^64 of them.
    assert any(post(f"2001:db8:0:1::{number:x}") == 429 for number in range(400))
    assert post("2001:db8:0:2::1") == 400


def test_a_list_of_proxies_that_makes_no_sense_is_refused(tmp_path: Path) -> None:
    done = run_app("--port", "0", "--data", tmp_path, "--trusted-proxies", "127.0.0.1,proxy.example")
    assert done.returncode == 2, done
    assert "'proxy.example'" in done.stderr, done
    assert done.stderr.count("\n") == 1, done


def test_the_line_client_talks_to_a_server_on_ipv6(start_line_server: StartLine) -> None:
    server = start_line_server("--host", "::1")
    with LineClient(server) as client:
        assert "in lobby" in client.ask("/who")
