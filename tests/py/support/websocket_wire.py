"""WebSocket frames (RFC 6455 §5) and permessage-deflate (RFC 7692) on a plain socket: whatever bytes a test wants.

Nothing here is shared with the server, and no library is between: a client that may break every rule.
"""

from __future__ import annotations

import socket
import struct
import time
import zlib
from base64 import b64encode
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import NamedTuple

from support.program import PATIENCE

CONTINUATION, TEXT, BINARY = 0x0, 0x1, 0x2
CLOSE, PING, PONG = 0x8, 0x9, 0xA
RSV1, RSV2, RSV3 = 0x40, 0x20, 0x10
NO_CODE = 1005  #: What stands for the code of a close frame without one.
TAIL = b"\x00\x00\xff\xff"
_MASK = bytes.fromhex("a55a0ff1")


class Frame(NamedTuple):
    """One that the server sent."""

    first: int  # final bit, reserved bits, opcode
    payload: bytes

    @property
    def opcode(self) -> int:
        return self.first & 0x0F

    @property
    def final(self) -> bool:
        return bool(self.first & 0x80)

    @property
    def compressed(self) -> bool:
        return bool(self.first & RSV1)

    @property
    def code(self) -> int:
        """The code of a close frame."""
        return int.from_bytes(self.payload[:2], "big") if self.payload else NO_CODE


def masked(payload: bytes) -> bytes:
    """The payload under the mask; the mask comes before it on the wire."""
    size = len(payload)
    key = (_MASK * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big") if size else b""


def frame(opcode: int, payload: bytes = b"", *, final: bool = True, rsv: int = 0, mask: bool = True) -> bytes:
    """A client's frame, right but for what the arguments make wrong."""
    size = len(payload)
    first = (0x80 if final else 0) | rsv | opcode
    bit = 0x80 if mask else 0
    if size < 126:
        head = struct.pack("!BB", first, bit | size)
    elif size <= 0xFFFF:
        head = struct.pack("!BBH", first, bit | 126, size)
    else:
        head = struct.pack("!BBQ", first, bit | 127, size)
    return head + (_MASK + masked(payload) if mask else payload)


def header(opcode: int, length: int, *, final: bool = True, rsv: int = 0) -> bytes:
    """The header of a masked frame that announces `length` bytes, in eight bytes; the payload may never come."""
    return struct.pack("!BBQ", (0x80 if final else 0) | rsv | opcode, 0x80 | 127, length) + _MASK


def fragments(opcode: int, payload: bytes, size: int, *, rsv: int = 0) -> Iterator[bytes]:
    """The frames of a message in fragments of `size` bytes."""
    parts = [payload[at : at + size] for at in range(0, len(payload), size)] or [b""]
    for index, part in enumerate(parts):
        yield frame(
            opcode if index == 0 else CONTINUATION,
            part,
            final=index == len(parts) - 1,
            rsv=rsv if index == 0 else 0,
        )


def close_frame(code: int = 1000, reason: bytes = b"") -> bytes:
    return frame(CLOSE, struct.pack("!H", code) + reason)


def chopped(data: bytes, size: int) -> list[bytes]:
    """The pieces of `size` bytes, each to be sent on its own."""
    return [data[at : at + size] for at in range(0, len(data), size)]


def deflated(message: bytes, level: int = 6) -> bytes:
    """A message of its own, as permessage-deflate has it."""
    compressor = zlib.compressobj(level, wbits=-15)
    return (compressor.compress(message) + compressor.flush(zlib.Z_SYNC_FLUSH))[: -len(TAIL)]


def inflated(wire: bytes) -> bytes:
    return zlib.decompressobj(wbits=-15).decompress(wire + TAIL)


class WireClient:
    """A connection after (or with `raw`, before) the opening handshake; what comes late fails the test."""

    def __init__(
        self,
        host: str,
        port: int,
        target: str,
        *,
        extensions: str | None = None,
        raw: bool = False,
        receive_buffer: int | None = None,
    ) -> None:
        """receive_buffer: bytes that the kernel keeps for it; the system's choice unless told."""
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        if receive_buffer is not None:  # before it is connected, when the peer is told of it
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(PATIENCE)
        self.socket.connect((host, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._read = bytearray()
        self.extensions = ""  #: what the server agreed on
        if not raw:
            fields = {} if extensions is None else {"Sec-WebSocket-Extensions": extensions}
            status, answer = self.shake_hands(target, fields)
            assert status == 101, answer
            self.extensions = answer.get("sec-websocket-extensions", "")

    def shake_hands(self, target: str, fields: dict[str, str] | None = None) -> tuple[int, dict[str, str]]:
        """Ask for the upgrade; the answer's status and fields (names in lower case)."""
        asked = {
            "Host": "test",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": b64encode(b"sixteen bytes ok").decode(),
            **(fields or {}),
        }
        lines = [f"GET {target} HTTP/1.1", *(f"{name}: {value}" for name, value in asked.items() if value != "-")]
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode())
        while b"\r\n\r\n" not in self._read:
            assert self._more(), f"closed after {bytes(self._read)!r}"
        head, _, rest = bytes(self._read).partition(b"\r\n\r\n")
        self._read = bytearray(rest)
        first, *others = head.decode().split("\r\n")
        pairs = (line.split(": ", 1) for line in others)
        return int(first.split()[1]), {name.lower(): value for name, value in pairs}

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def send_pieces(self, pieces: Iterable[bytes]) -> None:
        """Each by itself; stops when the server has closed the connection."""
        try:
            for piece in pieces:
                self.socket.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has said why, which the test reads

    def _more(self) -> bool:
        try:
            data = self.socket.recv(1 << 18)
        except ConnectionResetError:
            return False
        self._read += data
        return bool(data)

    def _take(self, size: int) -> bytes | None:
        while len(self._read) < size:
            if not self._more():
                return None
        taken = bytes(self._read[:size])
        del self._read[:size]
        return taken

    def read_frame(self) -> Frame | None:
        """The next frame; None at the end of the connection."""
        head = self._take(2)
        if head is None:
            return None
        assert not head[1] & 0x80, "a masked frame from the server"
        size = head[1]
        if size >= 126:
            length = self._take(2 if size == 126 else 8)
            assert length is not None
            size = int.from_bytes(length, "big")
        payload = self._take(size)
        assert payload is not None, "the connection ended inside a frame"
        return Frame(head[0], payload)

    def read_message(self) -> tuple[int, bytes]:
        """The next message or control frame, inflated."""
        got = self.read_frame()
        assert got is not None, "the connection ended"
        assert got.final
        return got.opcode, inflated(got.payload) if got.compressed else got.payload

    def expect_close(self, code: int) -> None:
        """The next frame closes with that code, and then the server ends the connection."""
        got = self.read_frame()
        assert got is not None, f"the connection ended without a close frame (wanted {code})"
        assert (got.first, got.code) == (0x80 | CLOSE, code), got
        assert self.read_frame() is None, "something came after the close frame"

    def silent(self, seconds: float) -> bool:
        """Whether nothing comes for that long."""
        if self._read:
            return False
        until = time.monotonic() + seconds
        try:
            self.socket.settimeout(max(until - time.monotonic(), 0.001))
            return not self._more()
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(PATIENCE)

    def __enter__(self) -> WireClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()
