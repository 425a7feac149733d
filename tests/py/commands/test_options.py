"""Help, the version, and where options can be given."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from commands.running import PROGRAMS, SERVERS, config_of, refused, run, url_of
from support import paths
from support.lines import LineClient
from support.ports import free_port
from support.program import Program
from support.raw_client import RawClient
from support.servers import AppServer, LineServer
from support.websocket_wire import WireClient

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
