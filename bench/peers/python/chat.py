"""The rules of the chat of bench/peers/README.md, for the Python peers: rooms, names, numbers and a short history."""

from __future__ import annotations

import itertools
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

HISTORY = 50

Answer = dict[str, Any]


@dataclass
class Room:
    """Its last number, its newest messages, and who is in it under which name."""

    seq: int = 0
    history: deque[Answer] = field(default_factory=lambda: deque(maxlen=HISTORY))
    names: dict[str, str] = field(default_factory=dict)


def failed(code: str, message: str) -> Answer:
    """The answer to a request that is refused."""
    return {"ok": False, "error": {"code": code, "message": message}}


class Chat:
    """All rooms. Knows sockets by their ids only; not for several threads at once."""

    def __init__(self) -> None:
        self._rooms: dict[str, Room] = {}
        self._rooms_of: dict[str, set[str]] = {}
        self._ids = map(f"{int(time.time()):x}-{{}}".format, itertools.count(1))

    def join(self, sid: str, data: Any) -> Answer:
        """Let `sid` in; the answer for it, `ok` or not."""
        if not isinstance(data, dict) or not all(isinstance(data.get(key), str) for key in ("username", "room")):
            return failed("bad_request", "username and room must be strings")
        name = data["room"]
        room = self._rooms.setdefault(name, Room())
        room.names[sid] = data["username"]
        self._rooms_of.setdefault(sid, set()).add(name)
        return {
            "ok": True,
            "you": data["username"],
            "room": name,
            "count": len(room.names),
            "history": list(room.history),
            "last_seq": room.seq,
        }

    def say(self, sid: str, data: Any) -> tuple[Answer, Answer | None]:
        """The answer for the sender, and the message for the room if it was accepted."""
        name = data.get("room") if isinstance(data, dict) else None
        room = self._rooms.get(name) if isinstance(name, str) else None
        username = room.names.get(sid) if room else None
        if room is None or username is None:
            return failed("not_in_room", "Join first"), None
        if not isinstance(data.get("message"), str):
            return failed("bad_request", "No text"), None
        room.seq += 1
        message = {
            "id": next(self._ids),
            "seq": room.seq,
            "room": name,
            "username": username,
            "message": data["message"],
            "timestamp": int(time.time() * 1000),
        }
        room.history.append(message)
        return {"ok": True, "id": message["id"], "seq": room.seq, "timestamp": message["timestamp"]}, message

    def leave_all(self, sid: str) -> None:
        """Forget a socket that is gone."""
        for name in self._rooms_of.pop(sid, ()):
            self._rooms[name].names.pop(sid, None)
