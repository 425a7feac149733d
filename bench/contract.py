"""Checks that a Socket.IO server keeps the contract of bench/peers/README.md, before it is measured.

What is fast because it leaves out membership, the history or the order is no peer.
"""

from __future__ import annotations

import json
from typing import Any

import websocket

SECONDS = 10.0


class ContractError(Exception):
    """What a server does otherwise."""


def _require(holds: bool, what: str, got: Any) -> None:
    if not holds:
        raise ContractError(f"{what}; got {got!r}")


class _Client:
    """A Socket.IO client on a bare WebSocket."""

    def __init__(self, port: int) -> None:
        url = f"ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket"
        self._socket = websocket.create_connection(url, timeout=SECONDS)
        self._acks = 0
        self.events: list[list[Any]] = []
        self._read_until("0")
        self._socket.send("40")
        self._read_until("40")

    def _read_until(self, begin: str) -> str:
        while True:
            packet = str(self._socket.recv())
            if packet == "2":
                self._socket.send("3")
            elif packet.startswith("42"):
                self.events.append(json.loads(packet[2:]))
            if packet.startswith(begin):
                return packet

    def call(self, event: str, payload: Any) -> Any:
        """Send an event; what it is acknowledged with."""
        self._acks += 1
        self._socket.send(f"42{self._acks}" + json.dumps([event, payload]))
        begin = f"43{self._acks}["
        return json.loads(self._read_until(begin)[len(begin) - 1 :])[0]

    def wait_for(self, count: int) -> list[dict[str, Any]]:
        """The first `count` message events."""
        while len(self.messages()) < count:
            self._read_until("42")
        return self.messages()

    def messages(self) -> list[dict[str, Any]]:
        return [event[1] for event in self.events if event[0] == "message"]

    def close(self) -> None:
        self._socket.close()


def _check_messages(got: list[dict[str, Any]], whose: str) -> None:
    _require([each.get("message") for each in got] == ["first", "sécond"], f"{whose} gets what was said", got)
    _require([each.get("seq") for each in got] == [1, 2], f"{whose} gets a room's numbers in order", got)
    for each in got:
        _require({"id", "seq", "room", "username", "message", "timestamp"} <= each.keys(), "fields of a message", each)
        _require(each["username"] == "ann" and each["room"] == "contract", "sender and room of a message", each)


def check_socketio(port: int) -> None:
    """Raises ContractError for what is not as agreed, and what sockets raise for a server that hangs."""
    ann, bob, eve = _Client(port), _Client(port), _Client(port)
    try:
        refused = eve.call("message", {"room": "contract", "message": "from outside"})
        _require(refused.get("ok") is False, "a message from outside the room is refused", refused)
        joined = ann.call("join", {"username": "ann", "room": "contract"})
        _require(joined.get("ok") is True and joined.get("history") == [], "a join is acknowledged", joined)
        bob.call("join", {"username": "bob", "room": "contract"})
        said = ann.call("message", {"room": "contract", "message": "first"})
        _require(said.get("ok") is True and said.get("seq") == 1, "a message is acknowledged with its number", said)
        ann.call("message", {"room": "contract", "message": "sécond"})
        _check_messages(bob.wait_for(2), "a member")
        _check_messages(ann.wait_for(2), "the sender")
        history = eve.call("join", {"username": "eve", "room": "contract"}).get("history")
        _require(isinstance(history, list), "a late joiner gets a history", history)
        _check_messages(history, "a late joiner")
        _require(eve.messages() == [], "who is outside the room gets nothing", eve.messages())
    finally:
        for client in (ann, bob, eve):
            client.close()


def check_websocket(port: int) -> None:
    """The same for the bare rooms of `/?room=NAME`."""
    sockets = [
        websocket.create_connection(f"ws://127.0.0.1:{port}/?room={room}", timeout=SECONDS) for room in ("a", "a", "b")
    ]
    try:
        sockets[0].send("hello")
        for each in sockets[:2]:
            got = each.recv()
            _require(got == "hello", "a member gets the frame as it came", got)
        sockets[2].send("own")
        got = sockets[2].recv()
        _require(got == "own", "who is outside the room gets nothing", got)
    finally:
        for each in sockets:
            each.close()
