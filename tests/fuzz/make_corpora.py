#!/usr/bin/env python3
"""Writes tests/fuzz/corpus/<target>/ from the wire samples of tests/vectors: where each fuzz target begins.

    tests/fuzz/make_corpora.py [--check]

Files whose names begin with "found-" are inputs that once broke a target; they stay. With --check nothing is written:
exit code 1 when the folder is not what the vectors make of it.
"""

from __future__ import annotations

import base64
import json
import re
import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FUZZ = Path(__file__).resolve().parent
VECTORS = FUZZ.parent / "vectors"
LONGEST = 1500  # bytes; a longer sample only slows a fuzzer down

Sample = tuple[str, bytes]


def vectors(name: str) -> Any:
    return json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))


def engineio_packet() -> Iterator[Sample]:
    known = vectors("engineio")
    for each in known["packets"]:
        yield each["name"], each["text"].encode()
    for number, text in enumerate(known["malformed_packets"], 1):
        yield f"malformed {number}", text.encode()


def engineio_payload() -> Iterator[Sample]:
    known = vectors("engineio")
    for each in known["payloads"]:
        yield each["name"], each["payload"].encode()
    for each in known["malformed_payloads"]:
        yield each["name"], each["payload"].encode()


def socketio_packet() -> Iterator[Sample]:
    """Messages end in 0xFF, binary ones begin with 0xFE (socketio_packet_fuzz.cpp)."""
    known = vectors("socketio")
    for each in known["packets"] + known["malformed"] + known["malformed_attachments"]:
        messages = [each["text"].encode(), *(b"\xfe" + bytes.fromhex(part) for part in each.get("attachments", []))]
        yield each["name"], b"".join(message + b"\xff" for message in messages)


def line_protocol() -> Iterator[Sample]:
    """The first byte chooses the limit of a line: 64 bytes here."""
    for case in vectors("line_protocol")["cases"]:
        sent = b"".join(
            (bytes.fromhex(chunk["hex"]) if "hex" in chunk else chunk["text"].encode()) * chunk.get("times", 1)
            for chunk in case["chunks"]
        )
        yield case["name"], b"\x3f" + sent


def multipart() -> Iterator[Sample]:
    """The Content-Type, a newline, the body."""
    known = vectors("multipart")
    for each in known["accepted"] + known["refused"]:
        yield each["name"], each["content_type"].encode() + b"\n" + each["body"].encode()


def http_head() -> Iterator[Sample]:
    """Requests of every kind that http_server_test.cpp and THREATS of request smuggling know."""
    host = b"Host: x\r\n"
    post = b"POST /echo HTTP/1.1\r\n" + host
    yield "get", b"GET /a/b?c=d&e=%20 HTTP/1.1\r\n" + host + b"\r\n"
    yield "head of version 1.0", b"HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
    yield "post", post + b"Content-Length: 5\r\n\r\nhello"
    yield "chunked", post + b"Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX-Trailer: t\r\n\r\n"
    yield "expect", post + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\nhi"
    yield "pipelined", b"GET /1 HTTP/1.1\r\n" + host + b"\r\nGET /2 HTTP/1.1\r\n" + host + b"\r\n"
    yield "length and coding", post + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    yield "coding and length", post + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"
    yield "two lengths", post + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"
    yield "another coding", post + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"
    yield "chunked is not last", post + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"
    yield "long length", post + b"Content-Length: 18446744073709551615\r\n\r\n"
    yield "long chunk", post + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n"
    yield "folded field", b"GET / HTTP/1.1\r\n" + host + b"X: a\r\n b\r\n\r\n"
    yield "folded with a tab", b"GET / HTTP/1.1\r\n" + host + b"X: a\r\n\tb\r\n\r\n"
    yield "fold after the request line", b"GET / HTTP/1.1\r\n " + host + b"\r\n"
    yield "no host", b"GET / HTTP/1.1\r\nX: a\r\n\r\n"
    yield "two hosts", b"GET / HTTP/1.1\r\n" + host + host + b"\r\n"
    yield "host with a port", b"GET / HTTP/1.1\r\nHost: [::1]:5000\r\n\r\n"
    yield "malformed host", b"GET / HTTP/1.1\r\nHost: x/y\r\n\r\n"
    yield "space before colon", b"GET / HTTP/1.1\r\nHost : x\r\n\r\n"
    yield "bare line feeds", b"GET / HTTP/1.1\nHost: x\n\n"
    yield "nul", b"GET / HTTP/1.1\r\nX: a\0b\r\n\r\n"
    yield (
        "upgrade",
        (
            b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n" + host + b"Upgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        ),
    )
    yield "tls", base64.b64decode("FgMBAgABAAH8AwM=")


def packed(value: Any) -> bytes:
    """MessagePack, as far as the vectors need it."""
    if value is None or isinstance(value, bool):
        return {None: b"\xc0", False: b"\xc2", True: b"\xc3"}[value]
    if isinstance(value, int):
        if 0 <= value < 128:
            return bytes([value])
        return b"\xcf" + value.to_bytes(8, "big") if value > 0 else b"\xd3" + value.to_bytes(8, "big", signed=True)
    if isinstance(value, float):
        return b"\xcb" + struct.pack(">d", value)
    if isinstance(value, (str, bytes)):
        raw, head = (value.encode(), b"\xda") if isinstance(value, str) else (value, b"\xc5")
        return head + len(raw).to_bytes(2, "big") + raw
    if isinstance(value, dict) and value.keys() == {"$binary"}:
        return packed(bytes(value["$binary"]))
    if isinstance(value, dict):
        pairs = [each for pair in value.items() for each in pair]
        return b"\xde" + len(value).to_bytes(2, "big") + b"".join(map(packed, pairs))
    return b"\xdc" + len(value).to_bytes(2, "big") + b"".join(map(packed, value))


def socketio_msgpack() -> Iterator[Sample]:
    """The packets of the vectors, as socket.io-msgpack-parser writes them: no binary types."""
    types = {
        "connect": 0,
        "disconnect": 1,
        "event": 2,
        "ack": 3,
        "connect_error": 4,
        "binary_event": 2,
        "binary_ack": 3,
    }
    for each in vectors("socketio")["packets"]:
        packet = {"type": types[each["type"]], "nsp": each["nsp"]}
        packet.update({key: each[key] for key in ("data", "id") if key in each})
        yield each["name"], packed(packet)


def frame(opcode: int, payload: bytes, *, final: bool = True, rsv1: bool = False) -> bytes:
    """A masked frame (RFC 6455 §5.2)."""
    mask = b"\x12\x34\x56\x78"
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else bytes([0x80 | 126]) + size.to_bytes(2, "big")
    masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
    return bytes([final << 7 | rsv1 << 6 | opcode]) + length + mask + masked


def websocket() -> Iterator[Sample]:
    """Two bytes choose the rules and how the frames are cut (websocket_rules.hpp)."""

    def deflated(text: bytes) -> bytes:
        packer = zlib.compressobj(wbits=-15)
        return (packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]

    whole, cut, small, deflate = b"\x00\x0f", b"\x00\x00", b"\x0c\x01", b"\x03\x02"
    talk = frame(1, b"hello") + frame(9, b"ping") + frame(1, "κόσ".encode(), final=False) + frame(0, "με".encode())
    yield "talk", whole + talk + frame(8, b"\x03\xe8bye")
    yield "talk in bytes", cut + talk + frame(8, b"")
    yield "fragments", small + b"".join(frame(2 if n == 0 else 0, b"xy", final=n == 4) for n in range(5))
    yield "too long", small + frame(2, b"x" * 300)
    yield "deflated", deflate + frame(1, deflated(b"a" * 300), rsv1=True) + frame(2, deflated(b"b"), rsv1=True)
    yield "deflated fragments", deflate + frame(1, deflated(b"abc")[:2], final=False, rsv1=True) + frame(0, b"\x04\x00")
    yield "not masked", whole + b"\x81\x02hi"
    yield "reserved", whole + frame(3, b"") + frame(1, b"x", rsv1=True)
    yield "control fragmented", whole + frame(9, b"x", final=False)
    yield "bad utf-8", whole + frame(1, b"\xed\xa0\x80")
    yield "lengths", whole + b"\x82\xff\x80\0\0\0\0\0\0\0\x82\xfe\0\x01"
    yield "bad close", whole + frame(8, b"\x03\xed")
    yield "extensions", b'permessage-deflate; client_max_window_bits; server_max_window_bits="10", x-other; a=b'


TARGETS = (
    engineio_packet,
    engineio_payload,
    socketio_packet,
    socketio_msgpack,
    line_protocol,
    multipart,
    http_head,
    websocket,
)


def wanted() -> dict[Path, bytes]:
    files = {}
    for target in TARGETS:
        for name, content in target():
            if len(content) <= LONGEST:
                slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60]
                files[FUZZ / "corpus" / target.__name__ / slug] = content
    return files


def main() -> int:
    files = wanted()
    present = {path for path in (FUZZ / "corpus").glob("*/*") if not path.name.startswith("found-")}
    if "--check" in sys.argv[1:]:
        wrong = [path for path in present | set(files) if path not in present or path.read_bytes() != files.get(path)]
        for path in sorted(wrong):
            print(f"{path.relative_to(FUZZ)} is not what tests/vectors makes of it: run tests/fuzz/make_corpora.py")
        return 1 if wrong else 0
    for path in present - set(files):
        path.unlink()
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
