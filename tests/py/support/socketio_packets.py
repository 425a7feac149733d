"""Just enough of the Engine.IO v4 and Socket.IO v5 codecs for a client written from the documents alone."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

#: Between the packets of one polling payload (Engine.IO v4).
SEPARATOR = "\x1e"

# Socket.IO packet types.
CONNECT, DISCONNECT, EVENT, ACK, CONNECT_ERROR, BINARY_EVENT, BINARY_ACK = range(7)


class Packet(NamedTuple):
    type: int
    namespace: str
    id: int | None
    data: Any


def encode(packet_type: int, data: Any = None, number: int | None = None) -> tuple[str, list[bytes]]:
    """A Socket.IO packet of the namespace "/", without the Engine.IO type in front, and its attachments."""
    attachments: list[bytes] = []

    def placeholder(value: object) -> object:
        assert isinstance(value, bytes), f"neither JSON nor bytes: {value!r}"
        attachments.append(value)
        return {"_placeholder": True, "num": len(attachments) - 1}

    body = "" if data is None else json.dumps(data, ensure_ascii=False, default=placeholder)
    if attachments:
        assert packet_type == EVENT
        return f"{BINARY_EVENT}{len(attachments)}-{'' if number is None else number}{body}", attachments
    return f"{packet_type}{'' if number is None else number}{body}", attachments


def decode(text: str) -> Packet:
    """A Socket.IO packet without attachments; this server sends no others."""
    match = re.fullmatch(r"(?s)([0-6])(?:(/[^,]*),)?(\d+)?(.*)", text)
    assert match, f"no Socket.IO packet: {text!r}"
    kind, namespace, number, body = match.groups()
    return Packet(
        int(kind), namespace or "/", int(number) if number is not None else None, json.loads(body) if body else None
    )
