"""Handlers that run before the shard which posted their event goes on, and shards that are ahead of every handler.

The kernel decides who goes on first when one thread wakes another. Here all threads of a server share one core and
those of one kind have the policy SCHED_IDLE: they run when no other thread of the server wants to, and whoever they
wake takes the core at once. So what is a rare moment on a busy machine happens each time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from chatterlink import engineio, socketio
from support.bare_socketio import BareClient
from support.engineio import open_websocket, refused, url
from support.program import PATIENCE
from support.scale import scaled
from support.servers import server_at

TASKS = Path("/proc/self/task")
CLIENTS = scaled(10, 2)


def threads() -> set[int]:
    return {int(each.name) for each in TASKS.iterdir()}


def is_shard(thread: int) -> bool:
    return (TASKS / str(thread) / "comm").read_text().startswith("shard-")


@contextmanager
def running(server: engineio.Server | socketio.Server, late: str) -> Iterator[None]:
    """Start it on one core; its shards or its handlers ("shards", "handlers") are late."""
    before = threads()
    with server:
        core = {min(os.sched_getaffinity(0))}
        shards = 0
        for thread in threads() - before:
            os.sched_setaffinity(thread, core)
            shards += is_shard(thread)
            if is_shard(thread) == (late == "shards"):
                os.sched_setscheduler(thread, os.SCHED_IDLE, os.sched_param(0))
        assert shards == 1
        yield


late = pytest.mark.parametrize("late", ["shards", "handlers"])


@late
def test_an_engineio_client_is_there_for_its_connect_handler(late: str) -> None:
    eio = engineio.Server(port=0, threads=1)
    seen: Queue[Any] = Queue()

    def connect(sid: str, _environ: dict[str, Any]) -> None:
        eio.send(sid, "first")
        seen.put(eio.transport(sid))

    eio.on("connect", connect)
    eio.on("message", lambda sid, data: eio.send(sid, data))
    eio.on("disconnect", lambda _sid, reason: seen.put(reason))
    with running(eio, late):
        place = server_at(eio.port)
        for _ in range(CLIENTS):
            with closing(open_websocket(place, url(transport="websocket"))) as client:
                client.send("4second")
                assert str(client.recv())[0] == "0"
                assert [client.recv(), client.recv()] == ["4first", "4second"]
                assert seen.get(timeout=PATIENCE) == "websocket"
            assert seen.get(timeout=PATIENCE) == eio.reason.TRANSPORT_CLOSE


@late
def test_an_engineio_client_is_refused_when_its_connect_handler_disconnects_it(late: str) -> None:
    eio = engineio.Server(port=0, threads=1)
    seen: Queue[Any] = Queue()
    eio.on("connect", lambda sid, _environ: eio.disconnect(sid))
    eio.on("disconnect", lambda _sid, reason: seen.put(reason))
    with running(eio, late):
        place = server_at(eio.port)
        for _ in range(CLIENTS):
            answer = refused(place, url(transport="websocket"))
            assert (answer.status, answer.text) == (503, '{"code":4,"message":"Closed by the server"}')
            assert seen.get(timeout=PATIENCE) == eio.reason.SERVER_DISCONNECT


@late
def test_a_socketio_client_is_there_for_its_connect_handler(late: str) -> None:
    sio = socketio.Server(port=0, threads=1)
    seen: Queue[Any] = Queue()

    def connect(sid: str, _environ: dict[str, Any]) -> None:
        sio.emit("first", to=sid)
        sio.enter_room(sid, "here")
        sio.save_session(sid, {"name": sid})
        sio.emit("second", room="here")
        seen.put((sio.transport(sid), set(sio.rooms(sid)), sio.get_session(sid)))

    def ask(sid: str, what: int) -> int:
        sio.emit("third", what, room="here")
        sio.leave_room(sid, "here")
        return what

    sio.on("connect", connect)
    sio.on("ask", ask)
    sio.on("disconnect", lambda sid, reason: seen.put((reason, sio.get_session(sid))))
    with running(sio, late):
        for number in range(CLIENTS):
            with BareClient(f"http://127.0.0.1:{sio.port}/") as client:
                begins = client.ask("ask", number)
                assert [client.read_event() for _ in range(3)] == [["first"], ["second"], ["third", number]]
                assert client.read() == f"{begins}{number}]"
                assert seen.get(timeout=PATIENCE) == ("websocket", {client.sid, "here"}, {"name": client.sid})
            assert seen.get(timeout=PATIENCE) == (sio.reason.TRANSPORT_CLOSE, {"name": client.sid})
