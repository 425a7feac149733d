"""The numbers that were promised: how soon it serves, how little memory it takes, how much it carries."""

from __future__ import annotations

import json
import socket
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from conftest import StartApp
from support import memory, paths
from support import websocket_wire as wire
from support.attack import WEBSOCKET
from support.bench import bench
from support.program import clean_environment
from support.servers import AppServer
from support.web import get

CLIENTS, RATE, SECONDS = 1000, 50, 5
MIB = 1 << 20

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads memory from /proc")


def resident_mib(pid: int) -> float:
    return memory.resident(pid) / MIB


def report(text: str) -> None:
    """A line for the log, also when the test passes (with -s or -rP)."""
    print(text)


def test_a_thousand_clients_in_one_room_get_every_message_once_and_in_order(start_app: StartApp) -> None:
    server = start_app("--rate-limit", "off")
    idle = resident_mib(server.pid)
    done = subprocess.run(
        [
            *(sys.executable, str(paths.ROOT / "tests/py/support/load_clients.py"), server.host),
            *(str(number) for number in (server.port, CLIENTS, RATE, SECONDS)),
        ],
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
        env=clean_environment(),
    )
    result = json.loads(done.stdout)
    report(f"{result}\nserver: {idle:.1f} MiB idle, {resident_mib(server.pid):.1f} MiB with {CLIENTS} clients")
    assert result["strange"] == []
    assert result["acks"] == result["sent"] == RATE * SECONDS
    assert result["delivered"] == CLIENTS * RATE * SECONDS
    assert result["complete_in_order_once"] == CLIENTS
    # Presence is told in deltas, 100 ms apart at the least: not once per join.
    assert result["presence_most"] <= 3 + result["joining_s"] / 0.1
    assert result["presence_most"] < CLIENTS / 4
    # After all that it answers as before.
    assert get(server, "/healthz").status == 200


def test_the_binary_serves_within_150_ms_and_idles_within_20_mib(tmp_path: Path) -> None:
    times, sizes = [], []
    for number in range(7):
        began = time.monotonic()
        with AppServer(tmp_path / f"{number}") as server:
            assert get(server, "/").status == 200
            times.append((time.monotonic() - began) * 1000)
            sizes.append(resident_mib(server.pid))
    report(f"serving after {[round(each) for each in times]} ms; resident {[round(each, 1) for each in sizes]} MiB")
    assert statistics.median(times) <= 150
    assert statistics.median(sizes) <= 20


def member_that_never_reads(server: AppServer, name: str) -> socket.socket:
    """A member of the room `bench`, with little room in the kernel for what it does not read."""
    client = wire.WireClient(server.host, server.port, WEBSOCKET, receive_buffer=4096)
    join = json.dumps(["join", {"username": name, "room": "bench"}])
    for packet in ("40", f"42{join}"):
        client.send(wire.frame(wire.TEXT, packet.encode()))
    return client.socket


def was_reset(connection: socket.socket) -> bool:
    """Whether the server has closed it, and took back what the kernel held for it."""
    taken = 0
    try:
        while data := connection.recv(1 << 16):
            taken += len(data)
    except ConnectionResetError:
        return taken < MIB / 4
    except TimeoutError:
        return False
    return False


@pytest.mark.skipif(sys.platform != "linux", reason="chatterlink-bench needs Linux's epoll")
def test_a_thousand_members_who_never_read_are_closed_and_nobody_else_loses_anything(start_app: StartApp) -> None:
    server = start_app("--store", "memory", "--rate-limit", "off")
    with ExitStack() as stack:
        deaf = [stack.enter_context(member_that_never_reads(server, f"deaf{number}")) for number in range(CLIENTS)]
        before = memory.resident(server.pid)
        # 0.8 MB a second fill the kernel's buffers, then more waits than may, and for longer than it may.
        load = ("--clients", "20", "--rate", "100", "--size", "8000", "--warmup", "0", "--duration", "10")
        done = bench("fanout", *load, "--port", server.port, "--json", "-")
        grown = memory.peak(server.pid) - before
        assert done.returncode == 0, done.stdout + done.stderr  # every delivery to the other 20 is verified
        report(f"p99 {json.loads(done.stdout)['latency_us']['p99'] / 1000:.1f} ms, {grown / MIB:.0f} MiB more")
        assert sum(was_reset(each) for each in deaf) == CLIENTS
        # What waits is shared: not a megabyte for each of them.
        assert grown < CLIENTS * MIB / 10
    assert get(server, "/healthz").status == 200
