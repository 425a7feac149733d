"""The commands as people type them: options, where they can be given, and one clear line when something is wrong."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from support import paths
from support.lines import LineClient
from support.ports import free_port
from support.program import PATIENCE, Program, clean_environment
from support.raw_client import RawClient
from support.servers import AppServer, LineServer
from support.websocket_wire import WireClient

PROGRAMS = ["app", "server", "client"]
SERVERS = ["app", "server"]


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


def run(
    program: str, *options: str, face: str = "binary", environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run to the end, which has to come by itself."""
    return subprocess.run(
        [*paths.command(face, program), *options],
        env=clean_environment(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def refused(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """Ended with that code and one line on standard error, which holds the words."""
    assert done.returncode == code, done
    assert done.stdout == "", done
    assert done.stderr.count("\n") == 1, done
    assert done.stderr.endswith("\n")
    for word in words:
        assert word in done.stderr, done


def url_of(app: Program) -> str:
    return app.wait_for(r"http://\S+/").group()


def config_of(app: Program) -> dict[str, object]:
    """What /config.json says."""
    place = urlsplit(url_of(app))
    assert place.hostname
    with closing(http.client.HTTPConnection(place.hostname, place.port or 80, timeout=PATIENCE)) as connection:
        connection.request("GET", "/config.json")
        answer = json.loads(connection.getresponse().read())
    assert isinstance(answer, dict)
    return answer


# Help and version


@pytest.mark.parametrize("program", PROGRAMS)
def test_help_names_every_option_with_its_variable(program: str, face: str) -> None:
    done = run(program, "--help", face=face)
    assert (done.returncode, done.stderr) == (0, "")
    wanted = {
        "app": ["host", "port", "data", "store", "threads", "rate-limit", "max-upload", "log-level", "config"],
        "server": ["host", "port", "no-echo", "threads", "rate-limit", "log-level", "config"],
        "client": ["host", "port", "name"],
    }
    for option in wanted[program]:
        assert f"--{option}" in done.stdout
        assert f"CHATTERLINK_{option.upper().replace('-', '_')}" in done.stdout
    defaults = {"app": ["127.0.0.1", "5000", "sqlite"], "server": ["127.0.0.1", "5555"], "client": ["5555"]}
    for default in defaults[program]:
        assert default in done.stdout


@pytest.mark.parametrize("program", PROGRAMS)
def test_version_is_that_of_the_file(program: str, face: str) -> None:
    done = run(program, "--version", face=face)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split()[-1] == (paths.ROOT / "VERSION").read_text(encoding="utf-8").strip()
    assert done.stdout.count("\n") == 1


# What is printed at the start


def test_the_app_says_where_it_is_and_where_things_are_kept(
    started: Callable[..., Program], tmp_path: Path, face: str
) -> None:
    data = tmp_path / "my data"
    app = started("app", "--port", "0", "--data", str(data), face=face)
    app.wait_for("Ctrl-C")
    assert f" {data}\n" in app.output
    assert f"sqlite ({data}/chatterlink.db)\n" in app.output
    assert url_of(app).startswith("http://127.0.0.1:")
    assert (data / "chatterlink.db").is_file()
    assert data.stat().st_mode & 0o777 == 0o700, "for its owner only"
    memory = started("app", "--port", "0", "--data", str(data), "--store", "memory", face=face)
    memory.wait_for("Ctrl-C")
    assert "memory\n" in memory.output


def test_a_server_for_every_network_says_so(started: Callable[..., Program]) -> None:
    for program in SERVERS:
        server = started(program, "--port", "0", "--host", "0.0.0.0")
        server.wait_for("Ctrl-C")
        assert "0.0.0.0 can join" in server.output
    app = started("app", "--port", "0", "--host", "0.0.0.0", "--store", "memory")
    assert url_of(app).startswith("http://127.0.0.1:"), "an address that can be opened"


def test_the_default_data_folder_follows_xdg_and_home(
    started: Callable[..., Program], tmp_path: Path, face: str
) -> None:
    share, home = tmp_path / "xdg", tmp_path / "house"
    home.mkdir()
    app = started("app", "--port", "0", face=face, XDG_DATA_HOME=str(share), HOME=str(home))
    app.wait_for("Ctrl-C")
    assert (share / "chatterlink" / "chatterlink.db").is_file()
    assert not (home / ".local").exists()
    for wrong in ("", "relative/path"):  # the XDG specification: as if it were not set
        app = started("app", "--port", "0", face=face, XDG_DATA_HOME=wrong, HOME=str(home))
        app.wait_for("Ctrl-C")
        assert f" {home}/.local/share/chatterlink\n" in app.output
    assert (home / ".local/share/chatterlink/chatterlink.db").is_file()


# Where options can be given


def check_port(program: Program, value: str) -> None:
    program.wait_for(rf":{value}\b")


def check_host(program: Program, value: str) -> None:
    program.wait_for(rf"{value}:\d+")


def check_data(program: Program, value: str) -> None:
    program.wait_for("Ctrl-C")
    assert f" {value}\n" in program.output
    assert (Path(value) / "chatterlink.db").is_file()


def check_store(program: Program, value: str) -> None:
    program.wait_for(rf"store\s+{value}\n")


def check_threads(program: Program, value: str) -> None:
    """More threads than with one: the exact number is the program's own business."""
    program.wait_for("Ctrl-C")
    assert len(list(Path(f"/proc/{program.pid}/task").iterdir())) >= int(value)


def check_max_upload(program: Program, value: str) -> None:
    assert config_of(program)["max_upload"] == int(value)


def check_no_rate_limit(program: Program, _value: str) -> None:
    server = AppServer.__new__(AppServer)  # the client needs no more than the address
    place = urlsplit(url_of(program))
    assert place.hostname
    assert place.port
    server.host, server.port = place.hostname, place.port
    with RawClient(server) as client:
        client.join("Anna")
        calls = [client.start_call("history", {"room": "lobby"}) for _ in range(200)]
        assert all(client.finish_call(call)["ok"] for call in calls)


def check_ws_deflate(program: Program, _value: str) -> None:
    place = urlsplit(url_of(program))
    assert place.hostname
    assert place.port
    target = "/socket.io/?EIO=4&transport=websocket"
    with WireClient(place.hostname, place.port, target, extensions="permessage-deflate") as client:
        assert client.extensions.startswith("permessage-deflate")


def check_no_io_uring(program: Program, _value: str) -> None:
    program.wait_for("Ctrl-C")
    open_files = program.open_files()
    assert open_files
    assert not any("io_uring" in each for each in open_files)


APP_OPTIONS: list[tuple[str, str, Callable[[Program, str], None]]] = [
    ("port", "{port}", check_port),
    ("host", "127.0.0.2", check_host),
    ("data", "{folder}/kept here", check_data),
    ("store", "memory", check_store),
    ("threads", "9", check_threads),
    ("max-upload", "123456", check_max_upload),
    ("rate-limit", "off", check_no_rate_limit),
    ("io-uring", "off", check_no_io_uring),
    ("ws-deflate", "on", check_ws_deflate),
]


@pytest.mark.parametrize("source", ["command line", "environment", "file"])
@pytest.mark.parametrize(("option", "value", "check"), APP_OPTIONS, ids=[option[0] for option in APP_OPTIONS])
def test_every_option_of_the_app_can_be_given_in_every_way(
    started: Callable[..., Program],
    tmp_path: Path,
    source: str,
    option: str,
    value: str,
    check: Callable[[Program, str], None],
) -> None:
    value = value.format(port=free_port(), folder=tmp_path)
    port = [] if option == "port" else ["--port", "0"]
    if source == "command line":
        app = started("app", *port, f"--{option}", value)
    elif source == "environment":
        app = started("app", *port, **{f"CHATTERLINK_{option.upper().replace('-', '_')}": value})
    else:
        config = tmp_path / "chat.conf"
        config.write_text(f'# what we want\n{option} = "{value}"\n', encoding="utf-8")
        app = started("app", *port, "--config", str(config))
    check(app, value)


@pytest.mark.parametrize("program", SERVERS)
@pytest.mark.parametrize("source", ["command line", "environment", "file"])
def test_the_log_level_can_be_given_in_every_way(tmp_path: Path, program: str, source: str) -> None:
    """A level that does not exist shows that it is read."""
    config = tmp_path / "chat.conf"
    config.write_text("log-level = loud\n", encoding="utf-8")
    environment = {"CHATTERLINK_LOG_LEVEL": "loud"} if source == "environment" else {}
    options = {"command line": ["--log-level", "loud"], "environment": [], "file": ["--config", str(config)]}[source]
    refused(run(program, *options, environment=environment), 2, "loud")


@pytest.mark.parametrize("source", ["command line", "environment", "file"])
def test_no_echo_can_be_given_in_every_way(started: Callable[..., Program], tmp_path: Path, source: str) -> None:
    config = tmp_path / "chat.conf"
    config.write_text("no-echo = true\n", encoding="utf-8")
    environment = {"CHATTERLINK_NO_ECHO": "true"} if source == "environment" else {}
    options = {"command line": ["--no-echo"], "environment": [], "file": ["--config", str(config)]}[source]
    program = started("server", "--port", "0", *options, **environment)
    server = LineServer.__new__(LineServer)  # the client needs no more than the address
    found = program.wait_for(r"listening on (\S+):(\d+)")
    server.host, server.port = found[1], int(found[2])
    with LineClient(server) as client:
        client.send("nobody hears this\n")
        assert client.ask("/who").startswith("* 1 in lobby")


def test_the_client_takes_its_options_from_the_environment(started: Callable[..., Program], tmp_path: Path) -> None:
    server = started("server", "--port", "0")
    port = server.wait_for(r"listening on \S+:(\d+)")[1]
    environment = {"CHATTERLINK_HOST": "127.0.0.1", "CHATTERLINK_PORT": port, "CHATTERLINK_NAME": "Enva"}
    with Program(paths.command("binary", "client"), environment=environment, input_pipe=True) as client:
        client.wait_for(r"\* you are now Enva\n")
        client.close_input()
        assert client.exit_code() == 0


def test_the_command_line_beats_the_environment_which_beats_the_file(
    started: Callable[..., Program], tmp_path: Path, face: str
) -> None:
    config = tmp_path / "chat.conf"
    config.write_text("max-upload = 1001\nstore = memory\nport = 0\n", encoding="utf-8")
    base = {"CHATTERLINK_CONFIG": str(config)}
    assert config_of(started("app", face=face, **base))["max_upload"] == 1001
    with_environment = {**base, "CHATTERLINK_MAX_UPLOAD": "1002"}
    assert config_of(started("app", face=face, **with_environment))["max_upload"] == 1002
    both = started("app", "--max-upload", "1003", face=face, **with_environment)
    assert config_of(both)["max_upload"] == 1003
    both.wait_for("Ctrl-C")
    assert "store   memory" in both.output, "what nobody else says comes from the file"


def test_a_config_file_given_twice_is_that_of_the_command_line(started: Callable[..., Program], tmp_path: Path) -> None:
    one, two = tmp_path / "one.conf", tmp_path / "two.conf"
    one.write_text("max-upload = 1\n", encoding="utf-8")
    two.write_text("max-upload = 2\n", encoding="utf-8")
    app = started("app", "--port", "0", "--config", str(two), CHATTERLINK_CONFIG=str(one))
    assert config_of(app)["max_upload"] == 2


def test_sizes_may_have_units(started: Callable[..., Program]) -> None:
    for text, size in (("2MB", 2 << 20), ("512 KiB", 512 << 10), ("1kb", 1 << 10), ("7", 7)):
        assert config_of(started("app", "--port", "0", "--store", "memory", "--max-upload", text))["max_upload"] == size


@pytest.mark.parametrize("word", ["off", "OFF", "false", "no", "0"])
def test_switches_may_be_said_in_several_ways(started: Callable[..., Program], word: str) -> None:
    check_no_rate_limit(started("app", "--port", "0", "--store", "memory", "--rate-limit", word), word)


# What is wrong


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
    ("app", ["--colour", "red"], "--colour"),
    ("app", ["--no-echo"], "--no-echo"),
    ("app", ["surplus"], "surplus"),
    ("app", ["--config", "/no/such/file.conf"], "/no/such/file.conf"),
    ("server", ["--port", "65536"], "65536"),
    ("server", ["--store", "memory"], "--store"),
    ("server", ["--threads", "-2"], "threads"),
    ("client", ["--port", "0"], "0"),
    ("client", ["--port", "99999"], "99999"),
    ("client", ["--colour", "red"], "--colour"),
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


def test_a_data_folder_that_cannot_be_used_is_one_line_with_its_path(tmp_path: Path, face: str) -> None:
    file = tmp_path / "file"
    file.write_text("not a folder", encoding="utf-8")
    for folder in (file, file / "below", Path("/proc/nobody-writes-here")):
        refused(run("app", "--port", "0", "--data", str(folder), face=face), 1, str(folder))


@pytest.mark.parametrize("content", [b"this is no database\n" * 100, b"SQLite format 3\0" + b"\xff" * 4000])
def test_a_broken_database_is_one_line_with_its_path_and_left_alone(tmp_path: Path, content: bytes) -> None:
    database = tmp_path / "chatterlink.db"
    database.write_bytes(content)
    refused(run("app", "--port", "0", "--data", str(tmp_path)), 1, str(database))
    assert database.read_bytes() == content


def test_uploads_that_cannot_be_kept_are_one_line_with_the_path(tmp_path: Path) -> None:
    (tmp_path / "uploads").write_text("not a folder", encoding="utf-8")
    refused(run("app", "--port", "0", "--data", str(tmp_path)), 1, str(tmp_path / "uploads"))


def test_a_client_without_a_server_says_so(face: str) -> None:
    port = free_port()
    began = time.monotonic()
    done = run("client", "--port", str(port), "--no-reconnect", face=face)
    assert done.returncode == 1
    assert str(port) in done.stderr
    assert time.monotonic() - began < 5


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
