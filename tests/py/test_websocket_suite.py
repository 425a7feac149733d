"""The WebSocket conformance suite: every case by its number, against net::websocket alone (the program echo_server).

Groups 1 to 7, 9 and 10 are tables in support/websocket_cases.py; 9.7, 9.8 and the deflate groups 12 and 13 are here,
since what they send depends on what came back.
"""

from __future__ import annotations

import json
import random
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from support import paths
from support.program import Program
from support.websocket_cases import Case, all_cases
from support.websocket_wire import BINARY, RSV1, TAIL, TEXT, WireClient, close_frame, fragments, frame

LARGEST = 16 * 1024 * 1024  #: of a message in these servers
THRESHOLD = 1024  #: bytes from which an answer comes compressed


class EchoServer(Program):
    """tests/cpp/tools/echo_server.cpp."""

    def __init__(self, *options: str) -> None:
        super().__init__([paths.BIN.parent / "tests" / "echo_server", *options])
        self.port = int(self.wait_for(r"listening on 127\.0\.0\.1:(\d+)")[1])

    def connect(self, target: str = "/echo", extensions: str | None = None) -> WireClient:
        return WireClient("127.0.0.1", self.port, target, extensions=extensions)


@pytest.fixture(scope="module")
def server() -> Iterator[EchoServer]:
    """Without permessage-deflate."""
    with EchoServer("--max-message", str(LARGEST)) as running:
        yield running
        assert running.end() == 0, running.output


@pytest.fixture(scope="module")
def deflating_server() -> Iterator[EchoServer]:
    """With permessage-deflate, and clients may keep their window."""
    with EchoServer("--deflate", "1", "--client-takeover", "1", "--threads", "2") as running:
        yield running
        assert running.end() == 0, running.output


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.number)
def test_case(server: EchoServer, case: Case) -> None:
    with server.connect() as client:
        client.send_pieces(case.sent)
        for index, (opcode, payload) in enumerate(case.answers):
            got = client.read_message()
            # Compared apart, so that a failure does not print megabytes.
            assert got[0] == opcode, f"{case.what}: answer {index} is a frame with opcode {got[0]}"
            assert got[1] == payload or len(payload) > 1000, f"{case.what}: answer {index} is {got[1]!r}"
            assert (got[1] == payload) is True, f"{case.what}: answer {index} differs"
        if case.ends == 0:
            client.send(close_frame())
        client.expect_close(case.ends or 1000)


@pytest.mark.parametrize("size", [0, 16, 64, 256, 1024, 4096])
@pytest.mark.parametrize("group", [7, 8])
def test_round_trips(server: EchoServer, group: int, size: int) -> None:
    """9.7 and 9.8: messages one after the other, each sent when the last has come back."""
    opcode, payload = (TEXT, b"*" * size) if group == 7 else (BINARY, b"\xfe" * size)
    with server.connect() as client:
        sent = frame(opcode, payload)
        for _ in range(200):
            client.send(sent)
            assert client.read_message() == (opcode, payload)
        client.send(close_frame())
        client.expect_close(1000)


# ---- 12 and 13: permessage-deflate ----


class Data(NamedTuple):
    opcode: int
    content: bytes


def _data_sets() -> list[Data]:
    """Of the kinds that group 12 sends: JSON, a picture, prose, HTML, something that hardly shrinks."""
    chance = random.Random(12)
    rows = [{"id": i, "name": f"user-{i * 7919 % 1000}", "tags": ["a", "b", "c"][: i % 4]} for i in range(2000)]
    picture = bytes((x * y // 64 + chance.randrange(4)) & 0xFF for y in range(256) for x in range(256))
    words = (paths.ROOT / "docs" / "architecture.md").read_bytes() + (paths.ROOT / "README.md").read_bytes()
    page = "".join(f'<li class="row"><a href="/item/{i}">Item {i}</a> &mdash; {i * i}</li>\n' for i in range(3000))
    return [
        Data(TEXT, json.dumps(rows).encode()),
        Data(BINARY, picture),
        Data(BINARY, words),
        Data(TEXT, page.encode()),
        Data(BINARY, chance.randbytes(100_000) + words[:20_000]),
    ]


DATA = _data_sets()

#: Size of a message, and of the fragments it is sent in (0: one frame), as cases *.1 to *.18 have them.
SIZES = [
    *((size, 0) for size in (16, 64, 256, 1024, 4096, 8192, 16384, 32768, 65536, 131072)),
    *((size, 256) for size in (8192, 16384, 32768, 65536, 131072)),
    *((131072, part) for part in (1024, 4096, 32768)),
]

#: What the client of cases 13.1 to 13.7 offers.
OFFERS = [
    "permessage-deflate; client_no_context_takeover; client_max_window_bits",
    "permessage-deflate; client_no_context_takeover; client_max_window_bits; server_no_context_takeover",
    "permessage-deflate; client_no_context_takeover; client_max_window_bits; server_max_window_bits=8",
    "permessage-deflate; client_no_context_takeover; client_max_window_bits; server_max_window_bits=15",
    "permessage-deflate; client_max_window_bits; server_no_context_takeover; server_max_window_bits=8",
    "permessage-deflate; client_max_window_bits; server_no_context_takeover; server_max_window_bits=15",
    "permessage-deflate; server_no_context_takeover; server_max_window_bits=8, "
    "permessage-deflate; server_no_context_takeover, permessage-deflate",
]


class Deflating:
    """A client's side of permessage-deflate, as the server's answer says."""

    def __init__(self, client: WireClient) -> None:
        self.client = client
        extension, *parameters = [part.strip() for part in client.extensions.split(";")]
        assert extension == "permessage-deflate"
        pairs = (parameter.partition("=") for parameter in parameters)
        self._agreed = {name: value for name, _, value in pairs}
        self._keeps = "client_no_context_takeover" not in self._agreed
        self._window = int(self._agreed.get("client_max_window_bits", 15))
        assert "server_no_context_takeover" in self._agreed
        self.server_window = int(self._agreed.get("server_max_window_bits", 15))
        self._compressor = zlib.compressobj(wbits=-self._window)

    def send(self, opcode: int, message: bytes, part: int) -> None:
        wire = self._compressor.compress(message) + self._compressor.flush(zlib.Z_SYNC_FLUSH)
        wire = wire[: -len(TAIL)]
        if not self._keeps:
            self._compressor = zlib.compressobj(wbits=-self._window)
        self.client.send(b"".join(fragments(opcode, wire, part or len(wire) or 1, rsv=RSV1)))

    def receive(self) -> tuple[int, bytes, bool]:
        """Opcode, message, and whether it came compressed."""
        got = self.client.read_frame()
        assert got is not None
        if not got.compressed:
            return got.opcode, got.payload, False
        inflater = zlib.decompressobj(wbits=-self.server_window)
        return got.opcode, inflater.decompress(got.payload + TAIL), True


def _exchange(server: EchoServer, offer: str, data: Data, size: int, part: int) -> None:
    opcode, content = data
    with server.connect(extensions=offer) as client:
        deflate = Deflating(client)
        at = 0
        for _ in range(max(2, min(20, 100_000 // size))):
            message = (content[at:] + content)[:size]
            while len(message) < size:
                message += content[: size - len(message)]
            at = (at + size) % len(content)
            deflate.send(opcode, message, part)
            got_opcode, got, compressed = deflate.receive()
            assert got_opcode == opcode
            assert (got == message) is True, f"{len(got)} bytes that differ from the {size} sent"
            # zlib makes no streams for windows of 256 bytes: then what goes out is plain.
            shrinks = opcode == TEXT and size >= THRESHOLD and deflate.server_window > 8
            assert compressed or not shrinks
            assert not compressed or size >= THRESHOLD
        client.send(close_frame())
        client.expect_close(1000)


@pytest.mark.parametrize("size_index", range(len(SIZES)), ids=lambda index: str(index + 1))
@pytest.mark.parametrize("group", [1, 2, 3, 4, 5])
def test_deflate_12(deflating_server: EchoServer, group: int, size_index: int) -> None:
    """12.1 to 12.5: kinds of data, with an offer that names nothing."""
    _exchange(deflating_server, "permessage-deflate", DATA[group - 1], *SIZES[size_index])


@pytest.mark.parametrize("size_index", range(len(SIZES)), ids=lambda index: str(index + 1))
@pytest.mark.parametrize("group", [1, 2, 3, 4, 5, 6, 7])
def test_deflate_13(deflating_server: EchoServer, group: int, size_index: int) -> None:
    """13.1 to 13.7: kinds of offers, with JSON."""
    _exchange(deflating_server, OFFERS[group - 1], DATA[0], *SIZES[size_index])


def inflated_within(wire: bytes, window: int) -> bytes:
    """With no more memory than the window: fails on what refers farther back."""
    inflater = zlib.decompressobj(wbits=-window)
    rest, out = wire + TAIL, bytearray()
    while rest:
        out += inflater.decompress(rest, 64)
        rest = inflater.unconsumed_tail
    return bytes(out)


@pytest.mark.parametrize("bits", range(8, 16))
def test_what_comes_compressed_fits_into_the_window_that_was_agreed_on(deflating_server: EchoServer, bits: int) -> None:
    """The second half repeats the first: 20,000 bytes back, which only the largest window reaches."""
    message = random.Random(bits).randbytes(10_000).hex().encode() * 2
    with deflating_server.connect(extensions=f"permessage-deflate; server_max_window_bits={bits}") as client:
        assert f"server_max_window_bits={bits}" in client.extensions
        client.send(frame(TEXT, message))
        got = client.read_frame()
        assert got is not None
        assert got.compressed is (bits > 8), "zlib makes no streams for windows of 256 bytes"
        assert (inflated_within(got.payload, bits) if got.compressed else got.payload) == message
        if bits == 15:
            with pytest.raises(zlib.error):  # so the test would find a reference that is too far
                inflated_within(got.payload, 14)


# ---- The opening handshake, and what a broadcast costs ----


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"Sec-WebSocket-Version": "8"}, 426),
        ({"Sec-WebSocket-Version": "14"}, 426),
        ({"Sec-WebSocket-Version": "-"}, 400),
        ({"Sec-WebSocket-Key": "-"}, 400),
        ({"Sec-WebSocket-Key": "c2hvcnQ="}, 400),
        ({"Sec-WebSocket-Extensions": "permessage-deflate; =x"}, 400),
        ({"Upgrade": "websocke"}, 404),
        ({"Connection": "keep-alive"}, 404),
        ({"Upgrade": "h2c, WEBSOCKET", "Connection": "keep-alive, upgrade"}, 101),
        ({"Sec-WebSocket-Protocol": "chat"}, 101),
        ({"Sec-WebSocket-Extensions": "permessage-deflate"}, 101),
    ],
    ids=str,
)
def test_handshake(server: EchoServer, fields: dict[str, str], status: int) -> None:
    with WireClient("127.0.0.1", server.port, "/echo", raw=True) as client:
        got, answer = client.shake_hands("/echo", fields)
        assert got == status
        assert (answer.get("sec-websocket-version") == "13") is (status in (400, 426))
        assert "sec-websocket-extensions" not in answer, "it is switched off"
        assert "sec-websocket-protocol" not in answer, "there are no subprotocols"


def test_frames_that_come_with_the_handshake_are_read(server: EchoServer) -> None:
    with WireClient("127.0.0.1", server.port, "/echo", raw=True) as client:
        request = (
            b"GET /echo HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        client.send(request + frame(TEXT, b"early"))
        while client._take(1) != b"\r" or client._take(3) != b"\n\r\n":
            pass
        assert client.read_message() == (TEXT, b"early")


def counters(server: EchoServer) -> dict[str, int]:
    with WireClient("127.0.0.1", server.port, "/", raw=True) as client:
        client.send(b"GET /counters HTTP/1.0\r\nHost: x\r\n\r\n")
        answer = bytearray()
        while data := client.socket.recv(65536):
            answer += data
    counts = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert isinstance(counts, dict)
    return counts


def test_a_broadcast_is_compressed_once_for_all_members_of_all_shards(deflating_server: EchoServer) -> None:
    """And each window size once more; those without the extension get it plain."""
    offers = ["permessage-deflate"] * 20 + ["permessage-deflate; server_max_window_bits=10"] * 5 + [None] * 3
    message = DATA[0].content[:50_000]
    members = [deflating_server.connect("/broadcast", offer) for offer in offers]
    try:
        for member in members:  # all are there once each has had an answer to something of its own
            member.send(frame(0x9, b"here?"))
            assert member.read_message() == (0xA, b"here?")
        before = counters(deflating_server)
        members[0].send(frame(TEXT, message))
        frames = [member.read_frame() for member in members]
        after = counters(deflating_server)
    finally:
        for member in members:
            member.socket.close()
    payloads = [got.payload for got in frames if got is not None]
    assert len(payloads) == len(members)
    assert len(set(payloads[:20])) == 1
    assert len(set(payloads[20:25])) == 1
    assert set(payloads[25:]) == {message}
    for payload, window in ((payloads[0], 15), (payloads[20], 10)):
        assert zlib.decompressobj(wbits=-window).decompress(payload + TAIL) == message
    assert after["deflated"] - before["deflated"] == 2
    assert after["deflate_bytes_in"] - before["deflate_bytes_in"] == 2 * len(message)
    assert after["deflate_bytes_out"] - before["deflate_bytes_out"] == len(payloads[0]) + len(payloads[20])


@pytest.mark.parametrize("deflate", [False, True])
def test_clients_that_send_in_pieces_are_kept_apart(
    server: EchoServer, deflating_server: EchoServer, deflate: bool
) -> None:
    """What reads messages is shared by the connections of a thread: each gets its own back, however they are cut."""
    chance = random.Random(20)
    echo = deflating_server if deflate else server
    clients = [echo.connect(extensions="permessage-deflate" if deflate and i % 2 else None) for i in range(8)]
    texts = [[f"{i}-{n} ".encode() * chance.randrange(1, 200) for n in range(40)] for i in range(len(clients))]
    streams = [b"".join(b"".join(fragments(TEXT, text, chance.randrange(100, 600))) for text in mine) for mine in texts]
    while any(streams):
        i = chance.randrange(len(clients))
        piece = chance.choice((1, 2, 5, 50, 500))
        if streams[i]:
            clients[i].send(streams[i][:piece])
            streams[i] = streams[i][piece:]
    for client, mine in zip(clients, texts, strict=True):
        with client:
            assert [client.read_message() for _ in mine] == [(TEXT, text) for text in mine]


def test_every_case_has_a_number_of_its_own() -> None:
    numbers = [case.number for case in all_cases()]
    assert len(numbers) == len(set(numbers))
    counted = {group: sum(number.startswith(f"{group}.") for number in numbers) for group in (1, 2, 3, 4, 5, 6, 7)}
    assert counted == {1: 16, 2: 11, 3: 7, 4: 10, 5: 20, 6: 145, 7: 37}


def test_the_tool_is_built() -> None:
    assert Path(paths.BIN.parent / "tests" / "echo_server").exists()
