"""permessage-deflate in the chat: who agreed on it gets long messages compressed, all of them the same bytes."""

from __future__ import annotations

import json

import pytest

from conftest import StartApp
from support.node_client import NodeClient
from support.raw_client import RawClient
from support.servers import AppServer
from support.websocket_wire import TEXT, Frame, WireClient, deflated, frame, inflated

TARGET = "/socket.io/?EIO=4&transport=websocket"
OFFER = "permessage-deflate; client_max_window_bits"  # what browsers send


class Member(WireClient):
    """Somebody in the room, seen as frames."""

    def __init__(self, server: AppServer, name: str, extensions: str | None) -> None:
        super().__init__(server.host, server.port, TARGET, extensions=extensions)
        self.send(frame(TEXT, b"40"))
        self.send(frame(TEXT, ("420" + json.dumps(["join", {"username": name, "room": "lobby"}])).encode()))
        self.wait_for(b"430")

    def wait_for(self, begin: bytes) -> Frame:
        """The next frame whose message begins so; its payload as it came."""
        while True:
            got = self.read_frame()
            assert got is not None
            if (inflated(got.payload) if got.compressed else got.payload).startswith(begin):
                return got


@pytest.mark.parametrize("threads", ["1", "2"])
def test_a_long_message_comes_compressed_to_those_who_agreed(start_app: StartApp, threads: str) -> None:
    server = start_app("--ws-deflate", "on", "--store", "memory", "--threads", threads)
    packed = [Member(server, f"packed {i}", OFFER) for i in range(4)]
    plain = [Member(server, f"plain {i}", None) for i in range(2)]
    with RawClient(server) as polling:
        polling.join("Anna")
        text = "the same words again, " * 200
        polling.call("message", {"room": "lobby", "message": text})
        polling.call("message", {"room": "lobby", "message": "short"})

        frames = [member.wait_for(b'42["message"') for member in packed]
        assert all(got.compressed for got in frames)
        assert len({got.payload for got in frames}) == 1, "one form for all"
        message = inflated(frames[0].payload)
        assert len(frames[0].payload) < len(message) // 4
        for member in plain:
            got = member.wait_for(b'42["message"')
            assert not got.compressed
            assert got.payload == message
        for member in packed + plain:
            assert not member.wait_for(b'42["message"').compressed, "too short to be worth it"

        sent = json.dumps(["message", {"room": "lobby", "message": "said compressed"}])
        packed[0].send(frame(TEXT, deflated(("42" + sent).encode()), rsv=0x40))
        for member in plain:
            assert b"said compressed" in member.wait_for(b'42["message"').payload
    for member in packed + plain:
        member.socket.close()


def test_the_reference_client_understands_it_both_ways(start_app: StartApp) -> None:
    """npm's socket.io-client, whose WebSocket library (ws) offers it and compresses from 1,024 bytes on."""
    server = start_app("--ws-deflate", "on", "--store", "memory", "--threads", "2")
    with NodeClient(server) as anna, NodeClient(server) as bert, RawClient(server) as plain:
        for client, name in ((anna, "Anna"), (bert, "Bert"), (plain, "Carl")):
            client.join(name)
        texts = [f"{i}: " + "κόσμε and the same words again, " * size for i, size in enumerate((1, 60, 200, 60, 1))]
        for text in texts:  # one after the other: nothing may depend on what was compressed before
            anna.say(text)
            bert.say(text[::-1])
        for client in (anna, bert, plain):
            for text in texts:
                client.wait_for_text(text)
                client.wait_for_text(text[::-1])


def test_it_is_off_unless_switched_on(start_app: StartApp) -> None:
    server = start_app("--store", "memory")
    with WireClient(server.host, server.port, TARGET, extensions=OFFER) as client:
        assert client.extensions == ""
        client.read_frame()
        client.send(frame(TEXT, deflated(b"40"), rsv=0x40))
        client.expect_close(1002)
