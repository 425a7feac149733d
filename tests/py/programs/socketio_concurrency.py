"""A Socket.IO server whose handlers block, wait for each other, flood and count.

    python socketio_concurrency.py [options of Server() as JSON]

Prints "listening on HOST:PORT", serves until SIGTERM, Ctrl-C or the event `stop`, then prints "ended".
"""

from __future__ import annotations

import gc
import json
import random
import sys
import threading
import time
from typing import Any

from chatterlink import socketio

sio = socketio.Server(port=0, **(json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}))

flags: dict[str, threading.Event] = {}
flags_lock = threading.Lock()
numbers: dict[str, list[int]] = {}
at_work: dict[str, int] = {}
barriers: dict[int, threading.Barrier] = {}
ends: list[str] = []
second: list[int] = []


def flag(name: str) -> threading.Event:
    with flags_lock:
        return flags.setdefault(name, threading.Event())


@sio.event
def connect(sid: str, environ: dict[str, Any]) -> None:
    numbers[sid], at_work[sid] = [], 0


@sio.event
def disconnect(sid: str, reason: str) -> None:
    ends.append(reason)
    del numbers[sid], at_work[sid]


@sio.event
def echo(sid: str, *arguments: Any) -> Any:
    return arguments


@sio.event
def wait(sid: str, name: str) -> str:
    return "set" if flag(name).wait(60) else "not set"


@sio.event
def reach(sid: str, name: str) -> None:
    flag(name).set()


@sio.event
def count(sid: str, number: int) -> None:
    """Notes the number after a while that differs; fails if another of the client's handlers runs."""
    at_work[sid] += 1
    assert at_work[sid] == 1, "two at a time"
    time.sleep(random.random() * 0.002)
    numbers[sid].append(number)
    at_work[sid] -= 1


@sio.event
def held(sid: str, name: str, number: int) -> None:
    """Notes the number once the flag is set."""
    assert flag(name).wait(60)
    numbers[sid].append(number)


@sio.on("held", namespace="/second")
def held_too(sid: str, name: str, number: int) -> None:
    assert flag(name).wait(60)
    second.append(number)


@sio.event
def keep(sid: str, data: bytes) -> int:
    return len(data)


@sio.event
def counted(sid: str) -> list[int]:
    return numbers[sid]


@sio.event
def meet(sid: str, parties: int) -> bool:
    """Returns when so many handlers run at the same time."""
    with flags_lock:
        barrier = barriers.setdefault(parties, threading.Barrier(parties, timeout=60))
    try:
        barrier.wait()
    except threading.BrokenBarrierError:
        return False
    return True


@sio.event
def flood(sid: str, threads: int, each: int) -> None:
    """Emits from many threads at once."""

    def emit(thread: int) -> None:
        for number in range(each):
            sio.emit("flooded", (thread, number), to=sid)

    running = [sio.start_background_task(emit, thread) for thread in range(threads)]
    for task in running:
        task.join()


@sio.event
def try_call(sid: str) -> str:
    try:
        sio.call("question", to=sid)
    except RuntimeError as error:
        return str(error)
    return "called"


@sio.event
def facts(sid: str) -> dict[str, Any]:
    gc.collect()
    return {
        "clients": len(sio._clients),
        "environs": sum(1 for each in gc.get_objects() if isinstance(each, dict) and "wsgi.url_scheme" in each),
        "objects": len(gc.get_objects()),
        "threads": threading.active_count(),
        "ends": list(ends),
        "second": second[-1:] if second == list(range(len(second))) else "out of order",
        **sio.counters,
    }


@sio.event
def stop(sid: str) -> None:
    sio.stop()
    print("stopped by a handler", flush=True)


sio.start()
print(f"listening on 127.0.0.1:{sio.port}", flush=True)
sio.run()
print("ended", flush=True)
