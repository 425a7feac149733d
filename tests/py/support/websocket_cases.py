"""The cases of the WebSocket suite as a table: number, what is sent, what must come back, how it ends.

The numbers are those of the Autobahn test suite's groups 1 to 7, 9 and 10, the customary names of these situations.
Where that suite sends more than this server's limits allow (9.3: 65,536 fragments), the size follows the limit.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from support.websocket_wire import (
    BINARY,
    CLOSE,
    CONTINUATION,
    NO_CODE,
    PING,
    PONG,
    RSV1,
    RSV2,
    RSV3,
    TEXT,
    chopped,
    close_frame,
    fragments,
    frame,
)

Answer = tuple[int, bytes]

KIB = 1024
MIB = 1024 * 1024
MAX_FRAGMENTS = 1024
KOSME = bytes.fromhex("cebae1bdb9cf83cebcceb5")  # the Greek word, with a character of three octets
PROTOCOL_ERROR, BAD_PAYLOAD = 1002, 1007


@dataclass(frozen=True)
class Case:
    """One situation."""

    number: str
    what: str
    sent: tuple[bytes, ...]  #: each piece is a send() of its own
    answers: tuple[Answer, ...] = ()  #: opcode and payload of what comes back, in order
    #: The code of the server's close frame; 0: the server stays, and a close with 1000 is answered with it.
    ends: int = 0


def all_cases() -> list[Case]:
    """Every case, in the order of the numbers."""
    groups = (_framing, _pings, _reserved_bits, _opcodes, _fragmentation, _utf8, _closing, _limits, _auto_fragmentation)
    return [case for group in groups for case in group()]


def _three_ways(data: list[bytes]) -> list[tuple[str, tuple[bytes, ...]]]:
    """Some frames in one piece, frame by frame, and octet by octet."""
    whole = b"".join(data)
    return [
        ("in one piece", (whole,)),
        ("frame by frame", tuple(data)),
        ("octet by octet", tuple(chopped(whole, 1))),
    ]


# ---- 1: framing ----


def _framing() -> Iterator[Case]:
    for group, (name, opcode, fill) in enumerate((("text", TEXT, b"*"), ("binary", BINARY, b"\xfe")), 1):
        for index, size in enumerate((0, 125, 126, 127, 128, 65535, 65536), 1):
            payload = fill * size
            yield Case(f"1.{group}.{index}", f"{name} of {size} bytes", (frame(opcode, payload),), ((opcode, payload),))
        payload = fill * 65536
        pieces = tuple(chopped(frame(opcode, payload), 997))
        yield Case(f"1.{group}.8", f"{name} of 65536 bytes in pieces of 997", pieces, ((opcode, payload),))


# ---- 2: pings and pongs ----


def _pings() -> Iterator[Case]:
    binary = b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff"
    full = b"\xfe" * 125
    yield Case("2.1", "ping without payload", (frame(PING),), ((PONG, b""),))
    yield Case("2.2", "ping with text", (frame(PING, b"Hello, world!"),), ((PONG, b"Hello, world!"),))
    yield Case("2.3", "ping with binary payload", (frame(PING, binary),), ((PONG, binary),))
    yield Case("2.4", "ping with 125 bytes", (frame(PING, full),), ((PONG, full),))
    yield Case("2.5", "ping with 126 bytes", (frame(PING, full + b"x"),), ends=PROTOCOL_ERROR)
    yield Case("2.6", "ping with 125 bytes, octet by octet", tuple(chopped(frame(PING, full), 1)), ((PONG, full),))
    yield Case("2.7", "pong that nobody asked for, without payload", (frame(PONG),))
    yield Case("2.8", "pong that nobody asked for", (frame(PONG, b"unsolicited"),))
    yield Case("2.9", "such a pong, then a ping", (frame(PONG, b"un"), frame(PING, b"ping")), ((PONG, b"ping"),))
    ten = [b"payload-%d" % i for i in range(10)]
    pings = b"".join(frame(PING, payload) for payload in ten)
    pongs = tuple((PONG, payload) for payload in ten)
    yield Case("2.10", "ten pings", (pings,), pongs)
    yield Case("2.11", "ten pings, octet by octet", tuple(chopped(pings, 1)), pongs)


# ---- 3: reserved bits ----


def _reserved_bits() -> Iterator[Case]:
    hello = (TEXT, b"Hello, world!")
    good = frame(*hello)
    bad = [good, frame(*hello, rsv=RSV2), frame(PING)]
    worse = [good, frame(*hello, rsv=RSV2 | RSV3), frame(PING)]
    worst = [good, frame(*hello, rsv=RSV1), frame(PING)]
    yield Case("3.1", "text with RSV=1", (frame(*hello, rsv=RSV3),), ends=PROTOCOL_ERROR)
    yield Case("3.2", "text, text with RSV=2, ping", (b"".join(bad),), (hello,), ends=PROTOCOL_ERROR)
    yield Case("3.3", "text, text with RSV=3, ping, frame by frame", tuple(worse), (hello,), ends=PROTOCOL_ERROR)
    octets = tuple(chopped(b"".join(worst), 1))
    yield Case("3.4", "text, text with RSV=4, ping, octet by octet", octets, (hello,), ends=PROTOCOL_ERROR)
    yield Case("3.5", "binary with RSV=5", (frame(BINARY, b"\x00\xff", rsv=RSV1 | RSV3),), ends=PROTOCOL_ERROR)
    yield Case("3.6", "ping with RSV=6", (frame(PING, b"x", rsv=RSV1 | RSV2),), ends=PROTOCOL_ERROR)
    yield Case("3.7", "close with RSV=7", (frame(CLOSE, rsv=RSV1 | RSV2 | RSV3),), ends=PROTOCOL_ERROR)


# ---- 4: opcodes ----


def _opcodes() -> Iterator[Case]:
    hello = (TEXT, b"Hello, world!")
    for group, first in ((1, 3), (2, 11)):
        for index in range(5):
            opcode = first + index
            payload = b"reserved" if index % 2 else b""
            before = (frame(*hello),) if index >= 2 else ()
            pieces: tuple[bytes, ...] = (*before, frame(opcode, payload), frame(PING))
            if index == 4:
                pieces = tuple(chopped(b"".join(pieces), 1))
            yield Case(
                f"4.{group}.{index + 1}",
                f"reserved opcode {opcode}",
                pieces,
                (hello,) if before else (),
                ends=PROTOCOL_ERROR,
            )


# ---- 5: fragmentation ----


def _fragmentation() -> Iterator[Case]:
    both = (TEXT, b"fragment1fragment2")
    first, last = frame(TEXT, b"fragment1", final=False), frame(CONTINUATION, b"fragment2")
    ping, pong = frame(PING, b"ping"), (PONG, b"ping")
    plain = frame(TEXT, b"Hello, world!")

    yield Case("5.1", "ping in two fragments", (frame(PING, b"a", final=False), last), ends=PROTOCOL_ERROR)
    yield Case("5.2", "pong in two fragments", (frame(PONG, b"a", final=False), last), ends=PROTOCOL_ERROR)
    for index, (how, pieces) in enumerate(_three_ways([first, last]), 3):
        yield Case(f"5.{index}", f"text in two fragments, {how}", pieces, (both,))
    for index, (how, pieces) in enumerate(_three_ways([first, ping, last]), 6):
        yield Case(f"5.{index}", f"a ping between two fragments, {how}", pieces, (pong, both))
    nothing = frame(CONTINUATION, b"non-continuation payload")
    for index, (how, pieces) in enumerate(_three_ways([nothing, plain]), 9):
        yield Case(f"5.{index}", f"last fragment of nothing, then text, {how}", pieces, ends=PROTOCOL_ERROR)
    nothing = frame(CONTINUATION, b"non-continuation payload", final=False)
    for index, (how, pieces) in enumerate(_three_ways([nothing, plain]), 12):
        yield Case(f"5.{index}", f"a fragment of nothing, then text, {how}", pieces, ends=PROTOCOL_ERROR)
    yield Case("5.15", "text in fragments, then one of nothing", (first, last, nothing, plain), (both,), PROTOCOL_ERROR)
    yield Case("5.16", "fragment of nothing, then text in fragments", (nothing, first, last) * 2, ends=PROTOCOL_ERROR)
    final = frame(CONTINUATION, b"non-continuation payload")
    yield Case("5.17", "last fragment of nothing, then text", (final, first, last) * 2, ends=PROTOCOL_ERROR)
    yield Case("5.18", "both fragments begin a text", (first, frame(TEXT, b"fragment2")), ends=PROTOCOL_ERROR)
    five = [frame(TEXT, b"fragment1", final=False)]
    five += [frame(CONTINUATION, b"fragment%d" % i, final=False) for i in (2, 3, 4)]
    five += [frame(CONTINUATION, b"fragment5")]
    sent = [five[0], five[1], frame(PING, b"pongme 1!"), five[2], five[3], frame(PING, b"pongme 2!"), five[4]]
    answers = ((PONG, b"pongme 1!"), (PONG, b"pongme 2!"), (TEXT, b"".join(b"fragment%d" % i for i in range(1, 6))))
    yield Case("5.19", "five fragments with pings between", (b"".join(sent),), answers)
    yield Case("5.20", "five fragments with pings between, frame by frame", tuple(sent), answers)


# ---- 6: UTF-8 ----


def _utf8() -> Iterator[Case]:
    yield Case("6.1.1", "empty text", (frame(TEXT),), ((TEXT, b""),))
    empty = frame(CONTINUATION, b"", final=False)
    begin, end = frame(TEXT, b"", final=False), frame(CONTINUATION)
    yield Case("6.1.2", "three empty fragments", (begin, empty, end), ((TEXT, b""),))
    middle = frame(CONTINUATION, b"middle", final=False)
    yield Case("6.1.3", "three fragments, the middle one not empty", (begin, middle, end), ((TEXT, b"middle"),))

    text = ("Hello-µ@ßöäüàá-UTF-8!!").encode()
    cut = text.index("ö".encode())
    yield Case("6.2.1", "valid, in one frame", (frame(TEXT, text),), ((TEXT, text),))
    two = (frame(TEXT, text[:cut], final=False), frame(CONTINUATION, text[cut:]))
    yield Case("6.2.2", "valid, cut between characters", two, ((TEXT, text),))
    yield Case("6.2.3", "valid, fragments of one octet", tuple(fragments(TEXT, text, 1)), ((TEXT, text),))
    yield Case("6.2.4", "valid, each octet a fragment", tuple(fragments(TEXT, KOSME, 1)), ((TEXT, KOSME),))

    invalid = KOSME + b"\xed\xa0\x80" + b"edited"
    yield Case("6.3.1", "invalid, in one frame", (frame(TEXT, invalid),), ends=BAD_PAYLOAD)
    yield Case("6.3.2", "invalid, fragments of one octet", tuple(fragments(TEXT, invalid, 1)), ends=BAD_PAYLOAD)
    # Fail fast: the rest of the message is never sent, and the server closes all the same.
    good = frame(TEXT, KOSME, final=False)
    yield Case(
        "6.4.1", "fails at the fragment beyond U+10FFFF",
        (good, frame(CONTINUATION, b"\xf4\x90\x80\x80", final=False)), ends=BAD_PAYLOAD,
    )  # fmt: skip
    begun = frame(TEXT, KOSME + b"\xf4", final=False)
    yield Case(
        "6.4.2", "fails at the fragment with the octet that cannot follow",
        (begun, frame(CONTINUATION, b"\x90", final=False)), ends=BAD_PAYLOAD,
    )  # fmt: skip
    whole = frame(TEXT, KOSME + b"\xf4\x90\x80\x80" + b"edited")
    start = len(whole) - len(b"\xf4\x90\x80\x80edited")
    yield Case("6.4.3", "fails inside a frame", (whole[:start], whole[start : start + 4]), ends=BAD_PAYLOAD)
    one = (whole[: start + 1], whole[start + 1 : start + 2])
    yield Case("6.4.4", "fails inside a frame at the octet that cannot follow", one, ends=BAD_PAYLOAD)

    for group, sequences in enumerate(_utf8_sequences(), 5):
        for index, octets in enumerate(sequences, 1):
            valid = _is_utf8(octets)
            yield Case(
                f"6.{group}.{index}",
                f"{'valid' if valid else 'invalid'} {octets.hex()}",
                (frame(TEXT, octets),),
                ((TEXT, octets),) if valid else (),
                0 if valid else BAD_PAYLOAD,
            )


def _is_utf8(octets: bytes) -> bool:
    try:
        octets.decode("utf-8", "strict")
    except UnicodeDecodeError:
        return False
    return True


def _octets(words: str) -> list[bytes]:
    return [bytes.fromhex(word) for word in words.split(" ")]


def _utf8_sequences() -> Iterator[list[bytes]]:
    """The octets of 6.5 to 6.23, group by group; which of them are valid, Python's own decoder says."""
    cut_short = _octets("c0 e080 f08080 f8808080 fc80808080 df efbf f7bfbf fbbfbfbf fdbfbfbfbf")
    yield [b"hello$world", "hello¢world".encode(), "hello€world".encode(), "hello𤭢world".encode(), KOSME]
    yield [KOSME[:size] for size in range(1, len(KOSME) + 1)]
    yield [b"\x00", b"\xc2\x80", b"\xe0\xa0\x80", b"\xf0\x90\x80\x80"]  # first of each length
    yield [b"\xf8\x88\x80\x80\x80", b"\xfc\x84\x80\x80\x80\x80"]
    yield [b"\x7f", b"\xdf\xbf", b"\xef\xbf\xbf", b"\xf4\x8f\xbf\xbf"]  # last of each length
    yield [b"\xf7\xbf\xbf\xbf", b"\xfb\xbf\xbf\xbf\xbf", b"\xfd\xbf\xbf\xbf\xbf\xbf"]
    yield [b"\xed\x9f\xbf", b"\xee\x80\x80", b"\xef\xbf\xbd", b"\xf4\x8f\xbf\xbf", b"\xf4\x90\x80\x80"]
    unexpected = [b"\x80", b"\xbf", *((b"\x80\xbf" * 3)[:size] for size in range(2, 7))]
    yield [*unexpected, bytes(range(0x80, 0xBF))]
    ranges = ((0xC0, 0xDF), (0xE0, 0xEF), (0xF0, 0xF7), (0xF8, 0xFB), (0xFC, 0xFD))
    yield [b"".join(bytes((octet, 0x20)) for octet in range(first, last)) for first, last in ranges]
    yield cut_short
    yield [b"".join(cut_short)]
    yield [b"\xfe", b"\xff", b"\xfe\xfe\xff\xff"]
    yield _octets("c0af e080af f08080af f8808080af fc80808080af")  # overlong '/'
    yield _octets("c1bf e09fbf f08fbfbf f887bfbfbf fc83bfbfbfbf")
    yield _octets("c080 e08080 f0808080 f880808080 fc8080808080")  # overlong NUL
    surrogates = ["eda080", "edadbf", "edae80", "edafbf", "edb080", "edbe80", "edbfbf"]
    yield [bytes.fromhex(h) for h in surrogates]
    yield [bytes.fromhex(high + low) for high in surrogates[:4] for low in ("edb080", "edbfbf")]
    planes = [plane << 16 | last for plane in range(1, 17) for last in (0xFFFE, 0xFFFF)]
    yield ["\ufffe".encode(), "\uffff".encode(), *(chr(point).encode() for point in planes)]
    yield [chr(point).encode() for point in range(0xFFF9, 0x10000)]


# ---- 7: closing ----


def _closing() -> Iterator[Case]:
    hello = (TEXT, b"Hello World!")
    text, close = frame(*hello), close_frame()
    yield Case("7.1.1", "text, then close", (text, close), (hello,), 1000)
    yield Case("7.1.2", "two close frames", (close + close,), ends=1000)
    yield Case("7.1.3", "a ping after close is not answered", (close + frame(PING),), ends=1000)
    yield Case("7.1.4", "text after close is not answered", (close + text,), ends=1000)
    first, last = frame(TEXT, b"fragment1", final=False), frame(CONTINUATION, b"fragment2")
    yield Case("7.1.5", "close between two fragments", (first + close + last,), ends=1000)
    large = (TEXT, b"BAsd7&jh23" * (256 * KIB // 10))
    yield Case("7.1.6", "256 KiB, text, close, text", (frame(*large), text, close + text), (large, hello), 1000)

    full = b"*" * 123
    yield Case("7.3.1", "close without payload", (frame(CLOSE),), ends=NO_CODE)
    yield Case("7.3.2", "close with half a code", (frame(CLOSE, b"a"),), ends=PROTOCOL_ERROR)
    yield Case("7.3.3", "close with a code", (close,), ends=1000)
    yield Case("7.3.4", "close with code and reason", (close_frame(1000, b"Hello World!"),), ends=1000)
    yield Case("7.3.5", "close with the longest reason", (close_frame(1000, full),), ends=1000)
    yield Case("7.3.6", "close with one octet too many", (close_frame(1000, full + b"*"),), ends=PROTOCOL_ERROR)
    reason = KOSME + b"\xed\xa0\x80edited"
    yield Case("7.5.1", "close with a reason that is not UTF-8", (close_frame(1000, reason),), ends=BAD_PAYLOAD)

    valid = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999)
    for index, code in enumerate(valid, 1):
        yield Case(f"7.7.{index}", f"close with {code}", (close_frame(code),), ends=code)
    invalid = (0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999)
    for index, code in enumerate(invalid, 1):
        yield Case(f"7.9.{index}", f"close with {code}", (close_frame(code),), ends=PROTOCOL_ERROR)
    yield Case("7.13.1", "close with 5000", (close_frame(5000),), ends=PROTOCOL_ERROR)
    yield Case("7.13.2", "close with 65535", (frame(CLOSE, struct.pack("!H", 65535)),), ends=PROTOCOL_ERROR)


# ---- 9: sizes ----


def _limits() -> Iterator[Case]:
    kinds = ((TEXT, b"*"), (BINARY, b"\xfe"))
    for group, (opcode, fill) in enumerate(kinds, 1):
        for index, size in enumerate((64 * KIB, 256 * KIB, MIB, 4 * MIB, 8 * MIB, 16 * MIB), 1):
            payload = fill * size
            yield Case(f"9.{group}.{index}", f"{size} bytes", (frame(opcode, payload),), ((opcode, payload),))
    for group, (opcode, fill) in enumerate(kinds, 3):
        for index, part in enumerate((64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB), 1):
            payload = fill * min(4 * MIB, MAX_FRAGMENTS * part)
            sent = (b"".join(fragments(opcode, payload, part)),)
            yield Case(f"9.{group}.{index}", f"fragments of {part} bytes", sent, ((opcode, payload),))
    for group, (opcode, fill) in enumerate(kinds, 5):
        for index, chop in enumerate((64, 128, 256, 512, KIB, 2 * KIB), 1):
            payload = fill * min(MIB, 4096 * chop)
            pieces = tuple(chopped(frame(opcode, payload), chop))
            yield Case(f"9.{group}.{index}", f"pieces of {chop} bytes", pieces, ((opcode, payload),))


# ---- 10: automatic fragmentation ----


def _auto_fragmentation() -> Iterator[Case]:
    payload = b"*" * 65536
    yield Case("10.1.1", "65536 bytes in fragments of 1300", tuple(fragments(TEXT, payload, 1300)), ((TEXT, payload),))
