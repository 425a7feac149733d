"""Who is connected, as Python's side knows it: environ, session, rooms.

The C++ side has rooms of its own, for sending. These here answer at once and are still there in a disconnect handler,
when the C++ side has forgotten the client.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Union

from chatterlink import _core
from chatterlink._engine_options import text

Room = Union[str, int]

#: Rooms of one client; as in cpp/socketio/settings.hpp, where further ones would not be entered.
MAX_ROOMS = 10_000
#: Sessions and rooms of clients that may come back (connection state recovery).
MAX_AWAY = 10_000


def name_of(room: Room) -> str:
    """A room's name for the C++ side. An int is not the str of its digits, and no str is an int's name."""
    if isinstance(room, str):
        text("a room", room)
        return f"\0{room}" if room.startswith("\0") else room
    if isinstance(room, int):
        return f"\0{int(room)}"
    raise TypeError(f"a room is a str or an int, not {type(room).__name__}")


def room_of(name: str) -> Room:
    """The reverse."""
    if not name.startswith("\0"):
        return name
    return name[1:] if name.startswith("\0\0") else int(name[1:])


def namespace_of(given: str | None) -> str:
    """The namespace that an argument of that name means."""
    return text("namespace", given) if given else "/"


class NotConnectedError(KeyError, ValueError):
    """No such client: a KeyError as in python-socketio, and a ValueError."""


class Client:
    """One client in one namespace, from its connect handler to the end of its disconnect handler."""

    __slots__ = ("answers", "connected", "environ", "namespace", "rooms", "session", "sid", "was_on")

    def __init__(self, sid: str, namespace: str, environ: dict[str, Any]) -> None:
        self.sid = sid
        self.namespace = namespace
        self.environ = environ
        self.session: dict[str, Any] = {}
        self.rooms: dict[Room, None] = {sid: None}  # a set that keeps the order
        self.connected = False  # its connect handler has accepted it, and it has not left
        self.was_on: str | None = None  # its transport, once it has left
        self.answers: _core.Lane | None = None  # for its callbacks, made when first needed


class Clients:
    """All of them. Any thread."""

    def __init__(self) -> None:
        self._all: dict[str, Client] = {}  # by sid
        self._rooms: dict[tuple[str, Room], dict[str, Client]] = {}  # (namespace, room) -> by sid
        self._away: OrderedDict[str, tuple[float, Client]] = OrderedDict()
        self._changing = threading.Lock()  # of rooms; also while C++ is told, so that both see one order

    def __len__(self) -> int:
        return len(self._all)

    def find(self, sid: str, namespace: str) -> Client | None:
        """The client, while it is there."""
        client = self._all.get(sid)
        return client if client is not None and client.namespace == namespace else None

    def add(self, client: Client) -> None:
        """Its connect handler is about to be called."""
        self._all[client.sid] = client

    def remove(self, client: Client) -> None:
        """It was refused, or its disconnect handler has returned."""
        self._all.pop(client.sid, None)
        with self._changing:
            for room in client.rooms:
                self._forget(client, room)

    def enter(self, sid: str, namespace: str, room: Room, tell: Callable[[], None]) -> None:
        """Raise NotConnectedError, or ValueError: a room that is another client's own, too many rooms."""
        with self._changing:
            client = self.find(sid, namespace)
            if client is None:
                raise NotConnectedError("sid is not connected to requested namespace")
            if room != sid and self._is_own(room, namespace):
                raise ValueError("cannot enter a sid room")
            if room not in client.rooms and len(client.rooms) >= MAX_ROOMS:
                raise ValueError(f"a client can be in {MAX_ROOMS} rooms at most")
            tell()  # first: should it raise, nothing has happened
            client.rooms[room] = None
            if room != sid:
                self._rooms.setdefault((namespace, room), {})[sid] = client

    def leave(self, sid: str, namespace: str, room: Room, tell: Callable[[], None]) -> None:
        """Nothing happens when it is not in the room."""
        with self._changing:
            client = self.find(sid, namespace)
            if client is not None and room in client.rooms:
                tell()
                del client.rooms[room]
                self._forget(client, room)

    def close_room(self, namespace: str, room: Room, tell: Callable[[], None]) -> None:
        """Everybody leaves it. Raise ValueError for a client's own room."""
        with self._changing:
            if self._is_own(room, namespace):
                raise ValueError("cannot close a sid room")
            tell()
            for client in self._rooms.pop((namespace, room), {}).values():
                client.rooms.pop(room, None)

    def rooms(self, sid: str, namespace: str) -> list[Room]:
        """Its own room first; empty for who is not there."""
        with self._changing:
            client = self.find(sid, namespace)
            return [] if client is None else list(client.rooms)

    def keep(self, client: Client, seconds: float) -> None:
        """It may come back within so many seconds, to the same session."""
        now = time.monotonic()
        with self._changing:
            self._away[client.sid] = (now + seconds, client)
            while self._away:
                oldest = next(iter(self._away.values()))
                if oldest[0] > now and len(self._away) <= MAX_AWAY:
                    break
                self._away.popitem(last=False)

    def restore(self, client: Client, rooms: list[Room]) -> None:
        """It came back, and C++ says which rooms it is in."""
        with self._changing:
            before = self._away.pop(client.sid, None)
            if before is not None:
                client.session = before[1].session
            for room in rooms:
                client.rooms[room] = None
                if room != client.sid:
                    self._rooms.setdefault((client.namespace, room), {})[client.sid] = client

    def clear(self) -> None:
        """Nobody is left."""
        with self._changing:
            self._all.clear()
            self._rooms.clear()
            self._away.clear()

    def _is_own(self, room: Room, namespace: str) -> bool:
        return isinstance(room, str) and self.find(room, namespace) is not None

    def _forget(self, client: Client, room: Room) -> None:
        members = self._rooms.get((client.namespace, room))
        if members is not None and members.get(client.sid) is client:
            del members[client.sid]
            if not members:
                del self._rooms[client.namespace, room]
