"""What hostile WebSocket clients send to the whole chat server, while others are being served.

Each is closed with the protocol's own code, costs the server no memory to speak of, and leaves the others alone.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterator

import pytest

from conftest import StartApp
from support import memory
from support.raw_client import RawClient
from support.servers import AppServer
from support.websocket_wire import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    RSV1,
    RSV2,
    TAIL,
    TEXT,
    WireClient,
    close_frame,
    deflated,
    fragments,
    frame,
    header,
)

TARGET = "/socket.io/?EIO=4&transport=websocket"
DEFLATE = "permessage-deflate"
MAX_MESSAGE = 1_000_000
#: What a process's memory may grow by beside what a test is about; a sanitizer keeps freed memory for a while.
MARGIN = 64 * 1024 * 1024


class Bystander:
    """An ordinary client that asks for something again and again, and must always be answered."""

    def __init__(self, server: AppServer) -> None:
        self._client = RawClient(server)
        self._client.join("Anna")
        self._stop = threading.Event()
        self._failure: BaseException | None = None
        self._answered = 0
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()

    def _ask(self) -> None:
        try:
            while not self._stop.wait(0.1):
                assert self._client.call("history", {"room": "lobby"})["ok"]
                self._answered += 1
        except BaseException as failure:
            self._failure = failure

    def end(self) -> None:
        before = self._answered
        while self._failure is None and self._answered < before + 2:  # it is still served, not only before
            self._thread.join(0.05)
        self._stop.set()
        self._thread.join()
        self._client.close()
        assert self._failure is None, self._failure


@pytest.fixture
def server(start_app: StartApp) -> Iterator[AppServer]:
    """A chat with permessage-deflate, and with somebody in it from the beginning to the end."""
    app = start_app("--ws-deflate", "on", "--store", "memory", "--threads", "2")
    bystander = Bystander(app)
    yield app
    bystander.end()


def attack(server: AppServer, extensions: str | None = None) -> WireClient:
    """A session of Engine.IO on a WebSocket, right up to now."""
    client = WireClient(server.host, server.port, TARGET, extensions=extensions)
    opened = client.read_frame()
    assert opened is not None
    assert opened.payload[:1] == b"0"
    return client


@pytest.mark.parametrize(
    ("length", "code"),
    [(1 << 63, 1002), ((1 << 64) - 1, 1002), ((1 << 63) - 1, 1009), (MAX_MESSAGE + 1, 1009)],
    ids=["2^63", "2^64-1", "2^63-1", "one byte too many"],
)
def test_a_length_that_no_message_has_allocates_nothing(server: AppServer, length: int, code: int) -> None:
    before = memory.peak(server.pid)
    for opcode in (TEXT, BINARY):
        for _ in range(20):
            with attack(server) as client:
                client.send(header(opcode, length))
                client.expect_close(code)
    assert memory.peak(server.pid) - before < memory.growth(MARGIN)


def test_a_message_that_is_announced_costs_memory_only_as_it_arrives(server: AppServer) -> None:
    before = memory.peak(server.pid)
    clients = [attack(server) for _ in range(200)]
    for client in clients:
        client.send(header(BINARY, MAX_MESSAGE) + b"x" * 100)
    for client in clients:
        client.send(b"x" * 100)
        client.socket.close()
    assert memory.peak(server.pid) - before < memory.growth(MARGIN), "200 MB were announced"


def test_fragments_above_the_limit_are_refused_at_the_header(server: AppServer) -> None:
    with attack(server) as client:
        client.send(frame(TEXT, b"4" + b"x" * 600_000, final=False) + header(CONTINUATION, 400_000))
        client.expect_close(1009)


def test_a_deflate_bomb_is_cut_off_at_the_limit(server: AppServer) -> None:
    bomb = deflated(bytes(100_000_000), 9)
    assert len(bomb) < 110_000
    before = memory.peak(server.pid)
    for opcode in (TEXT, BINARY):
        for _ in range(5):
            with attack(server, DEFLATE) as client:
                client.send(frame(opcode, bomb, rsv=RSV1))
                client.expect_close(1009)
    with attack(server, DEFLATE) as client:
        client.send_pieces(fragments(BINARY, bomb, 1000, rsv=RSV1))
        client.expect_close(1009)
    assert memory.peak(server.pid) - before < memory.growth(MARGIN)


def test_compressed_messages_of_every_kind_of_block_are_taken(server: AppServer) -> None:
    """Final blocks (BFINAL=1) too, of which more may follow, and bytes that come one at a time."""
    final = zlib.compressobj(wbits=-15)
    connect = b"40"
    kinds = {
        "ordinary": deflated(connect),
        "not compressed": b"\x00\x02\x00\xfd\xff40\x00",
        "one final block": final.compress(connect) + final.flush() + b"\x00",
        "final blocks only": b"\x03\x00" * 100 + deflated(connect),
        "two blocks": deflated(b"4") + TAIL + deflated(b"0"),
    }
    for name, wire in kinds.items():
        for size in (len(wire), 1):
            with attack(server, DEFLATE) as client:
                data = b"".join(fragments(TEXT, wire, size, rsv=RSV1))
                client.send_pieces(data[at : at + size] for at in range(0, len(data), size))
                opcode, answer = client.read_message()
                assert opcode == TEXT, name
                assert answer.startswith(b'40{"sid"'), name


@pytest.mark.parametrize("payload", [b"", b"x"], ids=["empty", "one byte"])
def test_a_million_continuations_end_after_1024(server: AppServer, payload: bytes) -> None:
    before = memory.peak(server.pid)
    with attack(server) as client:
        more = frame(CONTINUATION, payload, final=False)
        client.send_pieces([frame(BINARY, payload, final=False), *([more * 1000] * 1000)])
        client.expect_close(1008)
    assert memory.peak(server.pid) - before < memory.growth(MARGIN)
    with attack(server) as client:  # and 1,024 are taken
        packet = b'40{"padding":"' + b"x" * 1008 + b'"}'
        assert len(packet) == 1024
        client.send(b"".join(fragments(TEXT, packet, 1)))
        assert client.read_message()[1].startswith(b'40{"sid"')


def test_invalid_utf8_is_refused_wherever_it_is_cut(server: AppServer) -> None:
    text = b'42["message","' + "κόσμε".encode() + b"\xed\xa0\x80" + b'"]'
    for cut in range(1, len(text)):
        with attack(server) as client:
            client.send_pieces((frame(TEXT, text[:cut], final=False), frame(CONTINUATION, text[cut:])))
            client.expect_close(1007)
    with attack(server, DEFLATE) as client:
        client.send(frame(TEXT, deflated(text), rsv=RSV1))
        client.expect_close(1007)


def test_broken_deflate_is_refused(server: AppServer) -> None:
    for wire in (b"\x07", b"\xff\xff\xff", deflated(b"40")[:-2], b"\xf2\x00\x11\x00\x00"):
        with attack(server, DEFLATE) as client:
            client.send(frame(TEXT, wire, rsv=RSV1))
            client.expect_close(1007)


@pytest.mark.parametrize(
    ("what", "sent"),
    [
        ("reserved bit", frame(TEXT, b"40", rsv=RSV2)),
        ("compressed without agreement", frame(TEXT, deflated(b"40"), rsv=RSV1)),
        ("reserved opcode", frame(0x3, b"40")),
        ("reserved control opcode", frame(0xB)),
        ("not masked", frame(TEXT, b"40", mask=False)),
        ("close frame not masked", b"\x88\x02\x03\xe8"),
        ("fragmented ping", frame(PING, b"", final=False)),
        ("fragmented close", frame(CLOSE, b"", final=False)),
        ("ping of 126 bytes", frame(PING, bytes(126))),
        ("close of 126 bytes", frame(CLOSE, b"\x03\xe8" + bytes(124))),
        ("bad close code", close_frame(1005)),
        ("half a close code", frame(CLOSE, b"\x03")),
        ("continues nothing", frame(CONTINUATION, b"x")),
        ("a message in a message", frame(TEXT, b"4", final=False) + frame(TEXT, b"0")),
        ("length in too many bytes", header(TEXT, 2) + b"40"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_broken_frame_is_closed_with_1002(server: AppServer, what: str, sent: bytes) -> None:
    with attack(server) as client:
        client.send(sent)
        client.expect_close(1002)


def test_reserved_bits_of_compressed_messages_are_refused(server: AppServer) -> None:
    wire = deflated(b"40" + b" " * 100)
    begin = frame(TEXT, wire[:4], final=False, rsv=RSV1)
    for sent in (begin + frame(CONTINUATION, wire[4:], rsv=RSV1), frame(PING, b"x", rsv=RSV1), frame(CLOSE, rsv=RSV1)):
        with attack(server, DEFLATE) as client:
            client.send(sent)
            client.expect_close(1002)


def test_another_version_is_told_which_one_is_spoken(server: AppServer) -> None:
    for version, wanted in (("8", 426), ("99", 426), ("-", 400)):
        with WireClient(server.host, server.port, TARGET, raw=True) as client:
            status, answer = client.shake_hands(TARGET, {"Sec-WebSocket-Version": version})
            assert status == wanted
            assert answer["sec-websocket-version"] == "13"


def test_a_client_that_does_not_answer_the_close_is_let_go(server: AppServer) -> None:
    with attack(server) as client:
        client.send(frame(TEXT, b"1"))  # ends the session: the server closes, and waits no longer than 5 s for us
        got = client.read_frame()
        assert got is not None
        assert got.opcode == CLOSE
        assert client.read_frame() is None


def test_a_flood_of_pings_is_bounded_by_the_send_queue(server: AppServer) -> None:
    """Pongs that are not read count as any other slow consumer's: closed, and no memory beyond the queue."""
    before = memory.peak(server.pid)
    with attack(server) as client:
        flood = frame(PING, bytes(125)) * 500
        client.send_pieces([flood] * 1000)  # 65 MB; the server stops long before
    assert memory.peak(server.pid) - before < memory.growth(MARGIN)
