"""What an ack is worth: the store's promise over restarts, kills and orderly ends."""

from __future__ import annotations

import http.client
import os
import re
import signal
import sqlite3
import subprocess
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import websocket

from conftest import StartApp
from support import paths
from support.clients import Connections
from support.program import PATIENCE, Program
from support.raw_client import RawClient
from support.servers import AppServer
from support.web import get

#: By what the builds of sanitizers may be slower.
SLOWER = PATIENCE / 20


def whole_history(client: RawClient, room: str = "lobby") -> list[dict[str, Any]]:
    """Every message of a room the client is in."""
    messages: list[dict[str, Any]] = []
    more = True
    while more:
        after = messages[-1]["seq"] if messages else 0
        page = client.call("history", {"room": room, "after": after, "limit": 200})
        messages += page["messages"]
        more = page["more"]
    return messages


class Speaker:
    """Says things in a room, several at a time, until the server is gone; remembers which were acked."""

    def __init__(self, server: AppServer, name: str, transport: str, first: int = 0) -> None:
        self.name = name
        self.client = RawClient(server, transport)
        self.token = self.client.join(name)["token"]
        self.acked: dict[str, dict[str, Any]] = {}  # by client_id
        self.unsure: list[str] = []  # client_ids that got no ack
        self.refusals: set[str] = set()  # codes
        self._next = first
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        under_way: list[tuple[str, int]] = []
        try:
            while not self._stop.is_set():
                while len(under_way) < 10:
                    client_id = f"{self.name}-{self._next}"
                    self._next += 1
                    self.unsure.append(client_id)
                    under_way.append((client_id, self.client.start_call("message", self.payload(client_id))))
                client_id, call = under_way.pop(0)
                answer = self.client.finish_call(call)
                if answer["ok"]:
                    self.acked[client_id] = answer
                    self.unsure.remove(client_id)
                else:
                    self.refusals.add(answer["error"]["code"])
        except (AssertionError, OSError, http.client.HTTPException, websocket.WebSocketException):
            pass  # the server is gone
        for client_id, call in under_way:  # acks that came before the end
            if self.client.acked(call) and (answer := self.client.finish_call(call))["ok"]:
                self.acked[client_id] = answer
                self.unsure.remove(client_id)

    @staticmethod
    def payload(client_id: str) -> dict[str, str]:
        return {"room": "lobby", "message": f"text of {client_id}", "client_id": client_id}

    def finish(self) -> None:
        """Wait until it has noticed the end."""
        self._stop.set()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        assert self.refusals <= {"shutting_down", "store_unavailable"}


def check_kept(messages: list[dict[str, Any]], speakers: list[Speaker]) -> None:
    """No acked message is missing or changed, none is there twice, no seq is left out."""
    assert [m["seq"] for m in messages] == list(range(1, len(messages) + 1))
    by_client_id = {m["client_id"]: m for m in messages}
    assert len(by_client_id) == len(messages), "a message was kept twice"
    assert len({m["id"] for m in messages}) == len(messages)
    for speaker in speakers:
        for client_id, ack in speaker.acked.items():
            assert client_id in by_client_id, f"{client_id} was acked and is lost"
            kept = by_client_id[client_id]
            assert kept["message"] == f"text of {client_id}"
            assert kept["username"] == speaker.name
            assert {key: kept[key] for key in ("id", "seq", "timestamp")} == {
                key: ack[key] for key in ("id", "seq", "timestamp")
            }


def check_database(data: Path) -> None:
    with closing(sqlite3.connect(data / "chatterlink.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_sqlite_keeps_history_over_a_restart(start_app: StartApp, connections: Connections, face: str) -> None:
    first = start_app(face=face)
    anna = connections.joined(first, "Anna")
    said = [anna.say(f"day one {n}", client_id=f"c{n}") for n in range(3)]
    before = anna.call("history", {"room": "lobby"})
    assert first.end() == 0

    second = start_app(face=face)
    anna = connections.raw(second)
    joined = anna.join("Anna")
    assert joined["history"] == before["messages"]
    assert anna.call("rooms")["rooms"] == [{"name": "lobby", "count": 1, "topic": ""}]
    # A retry whose ack was lost with the first server is still known.
    assert anna.say("day one 1", client_id="c1") == said[1]
    assert anna.say("day two")["seq"] == 4
    assert anna.wait_for("message")["message"] == "day two"
    assert connections.raw(second).join("Ben", since=3)["history"][0]["message"] == "day two"


def test_the_memory_store_forgets_at_a_restart(start_app: StartApp, connections: Connections) -> None:
    first = start_app("--store", "memory")
    connections.joined(first, "Anna").say("soon forgotten")
    assert first.end() == 0
    assert not (first.data / "chatterlink.db").exists()
    joined = connections.raw(start_app("--store", "memory")).join("Anna")
    assert (joined["history"], joined["last_seq"]) == ([], 0)


def wait_acked(speakers: list[Speaker]) -> None:
    until = time.monotonic() + PATIENCE
    while not all(speaker.acked for speaker in speakers):
        assert time.monotonic() < until, "nobody was acknowledged"
        time.sleep(0.05)
    time.sleep(0.5)  # and they go on


def test_a_kill_under_load_loses_and_doubles_nothing(start_app: StartApp) -> None:
    speakers: list[Speaker] = []
    server = start_app("--rate-limit", "off", "--threads", "2")
    for number in range(3):
        now = [
            Speaker(server, f"{transport} {number}{copy}", transport)
            for transport in ("websocket", "polling")
            for copy in "ab"
        ]
        wait_acked(now)
        server.kill()
        for speaker in now:
            speaker.finish()
        assert all(speaker.acked for speaker in now)
        speakers += now
        check_database(server.data)

        began = time.monotonic()
        server = start_app("--rate-limit", "off", "--threads", "2")
        assert get(server, "/readyz").status == 200
        assert time.monotonic() - began <= 1.0 * SLOWER, "serving again within a second"
        with RawClient(server) as reader:
            reader.join("Reader")
            check_kept(whole_history(reader), speakers)
        # Who got no ack tries again: everything is there once, whether it had been kept or not.
        for speaker in now:
            with RawClient(server) as again:
                again.join(speaker.name, token=speaker.token)
                for client_id in list(speaker.unsure):
                    speaker.acked[client_id] = again.say(message=f"text of {client_id}", client_id=client_id)
                    speaker.unsure.remove(client_id)
        with RawClient(server) as reader:
            reader.join("Reader")
            check_kept(whole_history(reader), speakers)
            assert len(whole_history(reader)) == sum(len(speaker.acked) for speaker in speakers)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_signal_ends_the_server_in_order_and_loses_nothing(
    start_app: StartApp, face: str, number: signal.Signals
) -> None:
    server = start_app("--rate-limit", "off", "--threads", "2", face=face)
    speakers = [Speaker(server, transport, transport) for transport in ("websocket", "polling", "upgrade")]
    quiet = [RawClient(server, transport) for transport in ("websocket", "polling")]
    for each in quiet:
        each.join(f"Quiet {each.transport()}", "a quiet room")  # where a poll is held until the end
    wait_acked(speakers)
    began = time.monotonic()
    assert server.end(number) == 0
    assert time.monotonic() - began <= 5.0 * SLOWER
    # Nobody is left hanging: a close frame, or a close packet in the last poll.
    assert quiet[0].wait_for_end() == "closed with 1000"
    assert quiet[1].wait_for_end() == "transport close"
    for speaker in speakers:
        speaker.client.wait_for_end()
        speaker.finish()
        assert speaker.acked
    check_database(server.data)
    assert not list(server.data.glob("*-wal")), "the database was closed"

    with RawClient(start_app("--rate-limit", "off")) as reader:
        reader.join("Reader")
        check_kept(whole_history(reader), speakers)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_an_idle_server_ends_at_once(start_app: StartApp, face: str, number: signal.Signals) -> None:
    server = start_app("--store", "memory", face=face)
    began = time.monotonic()
    assert server.end(number) == 0
    assert time.monotonic() - began < 1.0 * SLOWER
    assert "stopping" in server.output


def schema_1(file: Path) -> None:
    """Makes a database as the first version did, with 5 MB of messages."""
    schema = (paths.CPP / "store/sqlite/0001_initial.sql").read_text(encoding="utf-8")
    insert = (
        "INSERT INTO messages (room_id, seq, id, username, text, timestamp, client_id) VALUES (1, ?, ?, ?, ?, 0, ?)"
    )
    with closing(sqlite3.connect(file)) as database:
        database.executescript(schema.removeprefix('R"sql(').rstrip().removesuffix(')sql"'))
        database.execute("INSERT INTO rooms (room_id, name, last_seq) VALUES (1, 'lobby', 20000)")
        rows = ((number, f"id-{number:020}", "Anna", "x" * 50, f"client-{number:030}") for number in range(1, 20_001))
        database.executemany(insert, rows)
        database.execute("PRAGMA user_version = 1")
        database.commit()


@pytest.mark.parametrize(("times", "enough"), [(2.2, False), (3.5, True)])
def test_an_older_database_is_migrated_only_where_there_is_room(tmp_path: Path, times: float, enough: bool) -> None:
    old, disk = tmp_path / "old.db", tmp_path / "disk"
    disk.mkdir()
    schema_1(old)
    size = old.stat().st_size
    # A disk of that size, which nobody else sees.
    shell = (
        'mount -t tmpfs -o size="$1" none "$2" && cp "$3" "$2/chatterlink.db" && cd "$2" && shift 3 && '
        '"$@"; code=$?; ls -l; exit $code'
    )
    unshared = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    mounting = subprocess.run([*unshared, f"mount -t tmpfs none {disk}"], capture_output=True, check=False)
    if mounting.returncode != 0:
        pytest.skip("this machine lets nobody mount a disk of their own")
    command = [*paths.command("binary", "app"), "--port", "0", "--data", str(disk)]
    whole = [*unshared, shell, "sh", str(int(size * (1 + times))), str(disk), str(old), "timeout", "2", *command]
    done = subprocess.run(whole, capture_output=True, text=True, timeout=PATIENCE, check=False)
    if enough:
        assert "stopping" in done.stdout, done
        assert "-wal" not in done.stdout, done
    else:
        assert done.returncode == 1, done
        needed, there = re.findall(r"(\d+) MB", done.stderr)
        assert int(needed) == -(-3 * size // 1_000_000), done
        assert 0 < int(there) < int(needed), done


@pytest.mark.parametrize("program", ["app", "server"])
def test_a_closed_terminal_ends_a_server_in_order_unless_it_is_ignored(tmp_path: Path, program: str, face: str) -> None:
    path = tmp_path / "chat.sock"
    data = ["--data", str(tmp_path / "data")] if program == "app" else []
    command = [*paths.command(face, program), "--unix-socket", str(path), *data]
    with Program(command) as server:
        server.wait_for("Ctrl-C")
        assert server.end(signal.SIGHUP) == 0
        assert "stopping" in server.output
        assert not path.exists()
    with Program(["nohup", *command]) as server:
        server.wait_for("Ctrl-C")
        server.process.send_signal(signal.SIGHUP)
        time.sleep(0.3)
        assert server.process.poll() is None
        assert path.exists()


def test_ctrl_c_reaches_a_server_in_the_foreground(tmp_path: Path, face: str) -> None:
    """As a terminal sends it: to the whole process group, and again by somebody impatient."""
    arguments = [*paths.command(face, "app"), "--port", "0", "--data", str(tmp_path), "--store", "memory"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, start_new_session=True, text=True) as process:
        assert process.stdout is not None
        assert any("Ctrl-C" in line for line in process.stdout)
        os.killpg(process.pid, signal.SIGINT)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(PATIENCE) == 0
        assert "Traceback" not in process.stdout.read()
