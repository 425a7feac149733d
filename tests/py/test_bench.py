"""chatterlink-bench: what it finds out is right, about servers that do well and about such that do not."""

from __future__ import annotations

import itertools
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from conftest import StartApp, StartLine
from support import paths
from support.bench import PROGRAM, bench
from support.bench_servers import BareServer, Fault, PythonSocketioServer
from support.ports import free_port
from support.program import PATIENCE, Program
from support.raw_client import RawClient
from support.servers import Server

VERSION = (paths.ROOT / "VERSION").read_text(encoding="utf-8").strip()

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it needs Linux's epoll")

#: Seconds that are measured; the unmeasured ones before; how long it may take in all.
TIMES = ("--warmup", "0.2", "--duration", "0.5", "--timeout", str(3 * PATIENCE))
FREE = ("--store", "memory", "--rate-limit", "off", "--threads", "1")


def measure(*arguments: str | float | Path, code: int = 0) -> dict[str, Any]:
    """The report of a run that has to end with that code."""
    done = bench(*arguments, *TIMES, "--json", "-")
    assert done.returncode == code, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    adds_up(found)
    return found


def refusal(*arguments: str | float) -> str:
    """The line on standard error of a run that cannot be made."""
    done = bench(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("chatterlink-bench: ")
    assert len(done.stderr.splitlines()) == 1
    return done.stderr


def adds_up(report: dict[str, Any]) -> None:
    members = report["clients"] / report["rooms"]
    assert report["expected"] == report["sent"] * members
    assert report["deliveries"] + report["lost"] == report["expected"]
    assert report["connects_per_second"] > 0
    assert 0 < report["connect_load_cpu_percent"] < 110
    assert (report["load_cpu_percent"] > 0) == (report["scenario"] != "connect")
    if report["seconds"]:
        rate = report["deliveries_in_window"] / report["seconds"]
        assert report["deliveries_per_second"] == pytest.approx(rate)
    if report["cpu_us_per_delivery"] is not None:
        each = report["cpu_seconds"] * 1e6 / report["deliveries_in_window"]
        assert report["cpu_us_per_delivery"] == pytest.approx(each)
    for name in ("latency_us", "ack_latency_us", "connect_latency_us"):
        if (found := report[name]) is not None:
            values = [found[key] for key in ("p50", "p90", "p99", "p999", "max")]
            assert values[0] > 0
            assert values == sorted(values)


def verified(report: dict[str, Any]) -> None:
    assert (report["lost"], report["duplicates"], report["reordered"], report["errors"]) == (0, 0, 0, [])


# What it measures of servers that do well

LOADS: dict[str, tuple[str, ...]] = {
    "fanout": ("--clients", "40", "--rate", "100"),
    "flood": ("--clients", "20", "--senders", "5", "--in-flight", "2"),
    "acked": ("--senders", "10", "--in-flight", "2"),
    "idle": ("--clients", "40"),
    "connect": ("--clients", "40"),
}


def check_scenario(scenario: str, protocol: str, server: Server | BareServer, *further: str, pid: int = 0) -> None:
    options = (*(("--pid", str(pid)) if pid else ()), *further)
    report = measure(scenario, "--protocol", protocol, "--port", server.port, *LOADS[scenario], *options)
    verified(report)
    assert (report["scenario"], report["protocol"], report["size"]) == (scenario, protocol, 100)
    acknowledged = scenario in ("fanout", "flood", "acked") and protocol in ("socketio", "polling")
    if scenario in ("fanout", "flood", "acked"):
        assert report["deliveries"] > 0
        assert report["deliveries_in_window"] > 0
        assert report["latency_us"]["max"] > 0
    else:
        assert report["sent"] == 0
        assert report["latency_us"] is None
    if scenario == "fanout":
        assert report["sent"] == 50  # the schedule's, whatever the server did
        assert report["late_us_max"] >= 0
    if acknowledged:
        assert report["acks"] == report["sent"]
        assert report["acks_per_second"] > 0
        assert report["ack_latency_us"]["p50"] > 0
    else:
        assert (report["acks"], report["ack_latency_us"]) == (None, None)
    if pid:
        assert all(report["rss_kib"][when] > 1000 for when in ("before", "connected", "after"))
        assert report["connect_cpu_seconds"] >= 0  # the kernel adds up when a thread rests or at a tick
        assert (report["idle_cpu_percent"] is not None) == (scenario == "idle")
        assert (report["cpu_us_per_delivery"] or 0) > 0 or scenario in ("idle", "connect")


@pytest.mark.parametrize("scenario", LOADS)
@pytest.mark.parametrize("protocol", ["socketio", "polling"])
def test_every_scenario_on_the_web_chat(scenario: str, protocol: str, start_app: StartApp) -> None:
    app = start_app(*FREE)
    check_scenario(scenario, protocol, app, pid=app.pid)


@pytest.mark.parametrize("scenario", ["fanout", "flood", "idle", "connect"])
def test_every_scenario_on_the_line_chat(scenario: str, start_line_server: StartLine) -> None:
    server = start_line_server(*FREE[2:])
    check_scenario(scenario, "lines", server, pid=server.pid)


@pytest.mark.parametrize("scenario", ["fanout", "flood", "idle", "connect"])
def test_every_scenario_on_a_bare_websocket(scenario: str) -> None:
    with BareServer() as server:
        check_scenario(scenario, "websocket", server)


@pytest.mark.parametrize("protocol", ["socketio", "polling", "lines", "websocket"])
def test_rooms_share_clients_and_senders(protocol: str, start_app: StartApp, start_line_server: StartLine) -> None:
    load = ("--rooms", "4", "--clients", "20", "--senders", "8", "--in-flight", "1", "--room", "an ä")
    if protocol == "websocket":
        with BareServer() as server:
            report = measure("flood", "--protocol", protocol, "--port", server.port, *load)
    else:
        port = (start_line_server(*FREE[2:]) if protocol == "lines" else start_app(*FREE)).port
        report = measure("flood", "--protocol", protocol, "--port", port, *load)
    verified(report)
    assert report["expected"] == 5 * report["sent"] > 0


def test_the_acks_of_senders_in_one_room_or_in_rooms_of_their_own(start_app: StartApp) -> None:
    port = start_app(*FREE).port
    for rooms, members in (((), 1), (("--rooms", "1"), 6)):
        report = measure("acked", "--port", port, "--senders", 6, *rooms)
        verified(report)
        assert report["expected"] == report["sent"] * members == report["acks"] * members > 0


@pytest.mark.parametrize("size", [36, 125, 126, 4000])
def test_texts_of_any_size_arrive_whole(size: int, start_app: StartApp) -> None:
    verified(measure("fanout", "--port", start_app(*FREE).port, "--clients", 5, "--size", size))


def test_what_the_server_compresses_is_read(start_app: StartApp) -> None:
    app = start_app(*FREE, "--ws-deflate", "on")
    verified(measure("flood", "--port", app.port, "--clients", 10, "--deflate", "on", "--size", 2000))


@pytest.mark.parametrize("scenario", ["flood", "connect"])
def test_an_upgrade_from_polling(scenario: str, start_app: StartApp) -> None:
    with PythonSocketioServer() as theirs:
        for port in (start_app(*FREE).port, theirs.port):
            verified(measure(scenario, "--port", port, "--clients", 10, "--transport-upgrade", "yes"))


def test_a_unix_socket(start_app: StartApp, tmp_path: Path) -> None:
    path = tmp_path / "chat.sock"
    server = Program([str(paths.BIN / "chatterlink-server"), "--unix-socket", str(path), "--rate-limit", "off"])
    with server:
        server.wait_for("listening on")
        verified(measure("flood", "--protocol", "lines", "--unix-socket", str(path), "--clients", 10))


@contextmanager
def app_at(path: Path, data: Path, *options: str) -> Iterator[None]:
    program = [str(paths.BIN / "chatterlink-app"), "--unix-socket", str(path), "--data", str(data), *options]
    with Program([*program, "--rate-limit", "off"]) as app:
        app.wait_for(r"http\+unix:")
        yield


@pytest.mark.parametrize("protocol", ["socketio", "polling"])
def test_the_web_chat_at_a_unix_socket(protocol: str, tmp_path: Path) -> None:
    path = tmp_path / "chat.sock"
    with app_at(path, tmp_path):
        verified(measure("flood", "--protocol", protocol, "--unix-socket", path, "--clients", 10))


@pytest.mark.parametrize("ring", ["on", "off"])
@pytest.mark.parametrize("store", ["sqlite", "memory"])
def test_a_burst_larger_than_what_may_wait_for_a_reader_closes_nobody_who_reads(
    store: str, ring: str, tmp_path: Path
) -> None:
    """Two senders have 100 messages of 8,000 bytes each under way, so every member up to 1.6 MB; 1 MiB may wait. A Unix
    socket takes 0.2 MB at a time."""
    path = tmp_path / "chat.sock"
    with app_at(path, tmp_path, "--store", store, "--threads", "1", "--io-uring", ring):
        burst = ("--clients", 12, "--senders", 2, "--in-flight", 100, "--size", 8_000)
        verified(measure("flood", "--unix-socket", path, *burst))


@pytest.mark.parametrize("protocol", ["socketio", "polling"])
@pytest.mark.parametrize("chunked", [False, True])
def test_python_socketios_server_is_measured_as_ours(protocol: str, chunked: bool) -> None:
    with PythonSocketioServer(chunked=chunked) as server:
        report = measure("flood", "--protocol", protocol, "--port", server.port, *LOADS["flood"])
        verified(report)
        assert report["acks"] == report["sent"] > 0


def test_a_server_that_closes_idle_connections_is_asked_on_new_ones() -> None:
    """A message every 2 s, and a server that gives an idle connection 1 s."""
    with PythonSocketioServer(keepalive=1) as server:
        times = ("--warmup", "0", "--duration", "4.5", "--timeout", "60")
        done = bench("fanout", "--protocol", "polling", "--port", server.port, "--clients", 3, "--rate", 0.5, *times)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "verified     9 of 9" in done.stdout


@pytest.mark.parametrize("protocol", ["socketio", "polling", "websocket"])
def test_pings_are_answered(protocol: str) -> None:
    """A server that closes who does not answer its pings for a second."""
    with BareServer(heartbeat=2) if protocol == "websocket" else PythonSocketioServer(ping=2) as server:
        load = ("--protocol", protocol, "--port", server.port, "--clients", 5, "--warmup", 0, "--duration", 6)
        done = bench("idle", *load)
    assert done.returncode == 0, done.stdout + done.stderr


# What people see


def test_the_report_for_people_and_the_file(start_app: StartApp, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    app = start_app(*FREE)
    done = bench("fanout", "--port", app.port, "--clients", 10, *TIMES, "--pid", app.pid, "--json", file)
    assert done.returncode == 0, done.stderr
    assert "fanout over socketio: 10 clients in 1 room, 1 of them sending 50 messages/s" in done.stdout
    assert "0 lost, 0 duplicates, 0 out of order" in done.stdout
    for word in ("joined", "latency", "server CPU", "memory", "this program"):
        assert f"\n  {word}" in done.stdout
    report = json.loads(file.read_text(encoding="utf-8"))
    adds_up(report)
    assert f"verified     {report['deliveries']} of {report['expected']}" in done.stdout.replace(",", "")


def test_help_and_version() -> None:
    assert bench("--version").stdout == f"chatterlink-bench {VERSION}\n"
    helped = bench("--help")
    assert helped.returncode == 0
    options = ("--host", "--port", "--protocol", "--path", "--clients", "--rooms", "--rate", "--senders", "--in-flight")
    more = ("--size", "--warmup", "--duration", "--pid", "--room", "--json", "--timeout", "--drain", "--concurrency")
    for name in (*LOADS, *options, *more):
        assert name in helped.stdout


# What cannot be measured: exit code 2 and one line that says why


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "scenario is required"),
        (["fanout"], "--port is required"),
        (["flod", "--port", "1"], "'flod' is none of fanout, flood, acked, idle, connect"),
        (["fanout", "--port", "1", "--colour", "red", "--deep"], "what is '--colour'?"),
        (["fanout", "--port", "0"], "--port"),
        (["fanout", "--port", "1", "--protocol", "http"], "'http' is none of"),
        (["fanout", "--port", "1", "--clients", "many"], "--clients"),
        (["fanout", "--port", "1", "--size", "35"], "--size"),
        (["fanout", "--port", "1", "--rate", "0"], "--rate"),
        (["fanout", "--port", "1", "--clients", "2", "--senders", "3"], "more --senders than --clients"),
        (["idle", "--port", "1", "--clients", "2", "--rooms", "3"], "more --rooms than --clients"),
        (["fanout", "--port", "1", "--clients", "900000", "--senders", "60000"], "too many sequences"),
        (["fanout", "--port", "1", "--timeout", "5"], "--timeout"),
        (["fanout", "--port", "1", "--path", "x"], "--path has to begin with /"),
        (["fanout", "--port", "1", "--room", ""], "a room has a name"),
        (["acked", "--port", "1", "--protocol", "lines"], "only Socket.IO acknowledges"),
        (["fanout", "--port", "1", "--protocol", "lines", "--deflate", "on"], "--deflate"),
        (["fanout", "--port", "1", "--protocol", "polling", "--transport-upgrade", "yes"], "--transport-upgrade"),
        (["flood", "--port", "1", "--awake", "yes"], "--awake is for fanout"),
        (["fanout", "--port", "1", "--awake", "perhaps"], "--awake"),
        (["fanout", "--port", "1", "--colour", "red"], "--colour"),
        (["fanout", "--port", "1", "extra"], "extra"),
        (["fanout", "--port", "1", "--host", "no-such-host.invalid"], "cannot find the host"),
        (["fanout", "--unix-socket", "/nowhere/x"], "cannot connect to unix:/nowhere/x"),
        (["idle", "--port", "1", "--clients", "1000000"], "open files"),
    ],
)
def test_bad_usage(arguments: Sequence[str], said: str) -> None:
    assert said in refusal(*arguments)


def test_no_server_at_the_port() -> None:
    port = free_port()
    assert f"cannot connect to 127.0.0.1:{port}: Connection refused" in refusal("idle", "--port", port)


def test_no_process_of_that_number(start_app: StartApp) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    said = refusal("idle", "--port", start_app(*FREE).port, "--pid", gone.pid)
    assert f"there is no process {gone.pid}" in said


def test_a_server_of_another_kind(start_app: StartApp, start_line_server: StartLine) -> None:
    app, line = start_app(*FREE), start_line_server(*FREE[2:])
    assert "refused the WebSocket: 'HTTP/1.1 404" in refusal(
        "fanout", "--protocol", "websocket", "--path", "/nothing", "--port", app.port
    )
    for protocol, said in (("socketio", "does not speak HTTP"), ("polling", "no HTTP answer")):
        assert said in refusal("fanout", "--protocol", protocol, "--port", line.port, "--clients", 3)
    assert "does not compress" in refusal("fanout", "--port", app.port, "--deflate", "on")


def test_a_room_that_nobody_may_join() -> None:
    with PythonSocketioServer() as server:
        said = refusal("idle", "--port", server.port, "--room", "closed", "--clients", 2)
    assert "refused to let a client join" in said
    assert "this room is closed" in said


def test_a_limit_of_the_server_is_named(start_app: StartApp) -> None:
    """With rate limits on, a flood is refused in part: lost, and the report says why."""
    app = start_app("--store", "memory")
    done = bench(*("flood", "--port", app.port, "--clients", 5, "--senders", 2), *TIMES, "--drain", 1)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "messages were refused; the first: " in done.stdout
    assert "rate_limited" in done.stdout


@pytest.mark.parametrize("scenario", ["fanout", "flood", "idle"])
@pytest.mark.parametrize("protocol", ["socketio", "polling"])
def test_a_server_that_dies_meanwhile(scenario: str, protocol: str, start_app: StartApp) -> None:
    app = start_app(*FREE)
    times = ("--warmup", "0", "--duration", str(3 * PATIENCE), "--timeout", str(4 * PATIENCE))
    load = ("--protocol", protocol, "--port", str(app.port), "--clients", "20")
    with RawClient(app) as witness, Program([PROGRAM, scenario, *load, *times]) as run:
        witness.join("witness", "bench")
        witness.wait_for("presence", lambda told: told["count"] == 21)
        time.sleep(0.7 * PATIENCE / 20)  # they know it too
        app.kill()
        assert run.exit_code() == 2
        assert "all connections were lost; the first: the connection " in run.output


def test_a_server_that_takes_nobody_in_time() -> None:
    """It accepts, for the kernel does, and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        options = ("--timeout", "1", "--warmup", "0", "--duration", "0.5")
        said = refusal("idle", "--port", port, "--clients", "1", *options)
        assert "after 1 s (--timeout) only 0 of 1 clients are in their room" in said


def test_a_server_that_reads_nothing_any_more() -> None:
    accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # of the key in RFC 6455, section 1.3
    with socket.create_server(("127.0.0.1", 0)) as server:

        def shake_hands() -> None:
            server.accept()[0].close()  # this one only looks whether there is a server
            deaf, _ = server.accept()
            deaf.recv(4096)
            deaf.sendall(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Accept: " + accept.encode() + b"\r\n\r\n"
            )
            opened.append(deaf)

        opened: list[socket.socket] = []
        thread = threading.Thread(target=shake_hands, daemon=True)
        thread.start()
        load = ("--protocol", "websocket", "--clients", 1, "--size", 500_000, "--rate", 2000)
        said = refusal("fanout", "--port", server.getsockname()[1], *load)
        thread.join(PATIENCE)
        opened[0].close()
    assert "all connections were lost; the first: the connection was given up: the server takes nothing" in said


# Staying awake


def test_it_does_not_sleep_when_told_so(start_app: StartApp) -> None:
    app = start_app(*FREE)
    load = ("fanout", "--port", app.port, "--clients", 4, "--rate", 20)
    asleep, awake = (measure(*load, "--awake", word) for word in ("no", "yes"))
    verified(awake)
    assert awake["load_cpu_percent"] > 3 * asleep["load_cpu_percent"]


# What servers do wrong: exit code 1, and how often


def measure_fault(fault: Fault, *options: str | float, code: int = 1) -> dict[str, Any]:
    with BareServer(fault) as server:
        load = ("fanout", "--protocol", "websocket", "--clients", 4, "--rate", 100, "--drain", 0.5)
        return measure(*load, "--port", server.port, *options, code=code)


def after_warmup(changed: Callable[[str, int, int], list[str] | None]) -> Fault:
    """That fault for the texts 30 to 59; 20 are sent while it warms up, 50 afterwards."""
    return lambda text, member, number: changed(text, member, number) if 30 <= number < 60 else [text]


def test_lost_deliveries_are_counted() -> None:
    report = measure_fault(after_warmup(lambda text, member, number: [] if member == 1 else [text]))
    assert (report["lost"], report["duplicates"], report["reordered"]) == (30, 0, 0)
    assert report["deliveries"] == 170


def test_a_lost_end_is_noticed() -> None:
    """What comes last leaves no gap behind it."""
    report = measure_fault(lambda text, member, number: [] if number >= 60 else [text])
    assert (report["lost"], report["duplicates"], report["reordered"]) == (40, 0, 0)


def test_duplicates_are_counted() -> None:
    report = measure_fault(after_warmup(lambda text, member, number: [text, text] if member == 3 else [text]))
    assert (report["lost"], report["duplicates"], report["reordered"]) == (0, 30, 0)


def test_deliveries_out_of_order_are_counted() -> None:
    held: dict[int, str] = {}

    def swap(text: str, member: int, number: int) -> list[str]:
        """2 before 1, 4 before 3 …"""
        if number % 2 == 0:
            held[member] = text
            return []
        return [text, held[member]]

    report = measure_fault(after_warmup(swap))
    assert (report["lost"], report["duplicates"], report["reordered"]) == (0, 0, 60)


def test_faults_while_warming_up_are_told_apart() -> None:
    report = measure_fault(lambda text, member, number: [] if number < 5 else [text])
    assert (report["lost"], report["errors"]) == (0, ["20 messages were lost on the way to a member while warming up"])


def test_damaged_texts_and_foreign_rooms_are_no_deliveries() -> None:
    report = measure_fault(after_warmup(lambda text, member, number: [text.replace("....", "..,.")]))
    assert report["lost"] == 120
    assert report["errors"] == ["120 texts were damaged or came to the wrong room"]


def test_texts_of_others_are_ignored() -> None:
    others = itertools.count()
    fault: Fault = lambda text, member, number: [text, f"hello {next(others)}", "cLb:0000" + text[8:]]  # noqa: E731
    verified(measure_fault(fault, code=0))


def test_a_lost_connection_is_an_error() -> None:
    report = measure_fault(lambda text, member, number: None if (member, number) == (3, 45) else [text])
    (error,) = report["errors"]
    assert error.startswith("1 connection was lost; the first: the server closed the WebSocket with code 1000")
    assert report["lost"] == 25
