"""The numbers that were promised: how soon it serves, how little memory it takes, how much it carries."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conftest import StartApp
from support import memory, paths
from support.program import clean_environment
from support.servers import AppServer
from support.web import get

CLIENTS, RATE, SECONDS = 1000, 50, 5

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads memory from /proc")


def resident_mib(pid: int) -> float:
    return memory.resident(pid) / (1 << 20)


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
