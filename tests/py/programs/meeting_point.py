"""The chatterlink.socketio server of test_client_libraries.py: what every Socket.IO client has to be able to do.

    python meeting_point.py [options of Server() as JSON] [port]

Prints "listening on HOST:PORT". The namespace /admin lets in who has the token.
"""

# mypy: disable-error-code="misc,untyped-decorator"
from __future__ import annotations

import json
import sys
import threading
import time
from typing import Any

from chatterlink import socketio

options: dict[str, Any] = json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}
sio = socketio.Server(**options)
attempts: dict[str, int] = {}
locked = threading.Lock()


@sio.event
def echo(sid: str, *arguments: Any) -> Any:
    """The ack has the arguments as they are."""
    return arguments


@sio.event
def repeat(sid: str, *arguments: Any) -> None:
    sio.emit("repeated", arguments, to=sid)


@sio.event
def ask_me(sid: str, *arguments: Any) -> Any:
    """Asks the client and answers with what it said."""
    return sio.call("question", arguments, to=sid, timeout=20)


@sio.event
def join(sid: str, room: str) -> Any:
    sio.enter_room(sid, room)
    return "joined"


@sio.event
def shout(sid: str, room: str, what: Any) -> Any:
    sio.emit("shouted", what, to=room, skip_sid=sid)
    return "shouted"


@sio.event
def slow_at_first(sid: str, name: str, slow: int, delay: float) -> Any:
    """Answers late the first `slow` times it hears of `name`; the answer is how often that was."""
    with locked:
        attempts[name] = times = attempts.get(name, 0) + 1
    if times <= slow:
        time.sleep(delay)
    return times


@sio.event
def never_answered_in_time(sid: str) -> None:
    time.sleep(0.5)


@sio.event
def transport(sid: str) -> Any:
    return sio.transport(sid)


@sio.event
def send_me_away(sid: str) -> None:
    sio.disconnect(sid)


@sio.on("connect", namespace="/admin")
def admin(sid: str, environ: dict[str, Any], auth: Any) -> None:
    if not isinstance(auth, dict) or auth.get("token") != "let me in":
        raise socketio.exceptions.ConnectionRefusedError("who are you", {"needed": ["token"]})


@sio.on("echo", namespace="/admin")
def admin_echo(sid: str, *arguments: Any) -> Any:
    return ("admin", *arguments)


sio.start("127.0.0.1", int(sys.argv[2]) if len(sys.argv) > 2 else 0)
print(f"listening on 127.0.0.1:{sio.port}", flush=True)
sio.run()
