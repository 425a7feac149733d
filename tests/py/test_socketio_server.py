"""chatterlink.socketio.Server as applications and clients meet it. What python-socketio's server does alike is compared
in test_socketio_parity.py.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from socket import MSG_WAITALL
from typing import Any, cast

import pytest
import socketio as python_socketio  # type: ignore[import-untyped]

from chatterlink import ChatterLinkError, socketio
from chatterlink.socketio._json import JsonCodec
from support import paths
from support.bare_socketio import BareClient
from support.node_client import NodeClient
from support.servers import AppServer
from support.socketio_process import SocketIOProcess, Talker, start_program


@pytest.fixture(scope="module")
def server() -> Iterator[SocketIOProcess]:
    with start_program() as process:
        yield process
        assert process.end() == 0, process.output


def node(server: SocketIOProcess, transport: str = "websocket", **options: Any) -> NodeClient:
    return NodeClient(cast(AppServer, server), transport, **options)


# Clients and transports


@pytest.mark.parametrize("transport", ["polling", "websocket", "upgrade"])
def test_python_socketios_client_works_over_every_transport(server: SocketIOProcess, transport: str) -> None:
    with Talker(server.url, transport=transport, answer=lambda what: ("re", what)) as talker:
        assert talker.call("echo", "ü", {"b": [b"\x00\xff", 1.5]}) == ("ü", {"b": [b"\x00\xff", 1.5]})
        assert talker.call("ask", b"binary", 15) == {"said": ["re", b"binary"], "several": True}
        talker.emit("repeat", b"one", [b"two"])
        assert talker.wait_for("/", "repeated") == ["/", "repeated", b"one", [b"two"]]
        final = talker.call("facts")["transport"]
        assert final == ("polling" if transport == "polling" else "websocket")


@pytest.mark.parametrize("transport", ["polling", "websocket", "upgrade"])
def test_npms_client_works_over_every_transport(server: SocketIOProcess, transport: str) -> None:
    with node(server, transport) as client:
        assert client.call("answer", "dict") == {"a": [1, 2.5, None, True]}
        assert client.call("echo", {"deep": [b"\x00\xff"]}) == {"deep": [b"\x00\xff"]}
        client.emit("repeat", {"all": b"\x00\xff"})
        assert client.wait_for("repeated") == {"all": b"\x00\xff"}


def test_npms_client_is_refused_with_the_message(server: SocketIOProcess) -> None:
    with pytest.raises(AssertionError, match="refused: not you"):
        node(server, auth={"refuse": "data"})


def test_an_unknown_namespace_is_refused(server: SocketIOProcess) -> None:
    with Talker(server.url, namespaces=("/", "/nowhere"), wait=False) as talker:
        assert talker.wait_for_refusal() == ["/nowhere", {"message": "Invalid namespace"}]


def test_what_a_connect_handler_emits_follows_the_connect(server: SocketIOProcess) -> None:
    with BareClient(server.url, auth={"refuse": "early"}) as client:
        assert client.read_event() == ["welcome", {"rooms": 2}]


def test_a_connect_handler_that_fails_refuses(server: SocketIOProcess) -> None:
    with Talker(server.url, auth={"refuse": "broken"}, wait=False) as talker:
        assert talker.wait_for_refusal() == ["/", {"message": "Connection rejected by server"}]
    assert "RuntimeError: a mistake" in server.output


# Handlers that fail


def test_a_handler_that_fails_ends_nothing_and_answers_nothing(server: SocketIOProcess) -> None:
    with Talker(server.url) as talker, Talker(server.url) as other:
        for event in ("fail", "exit_thread", "unsendable"):
            with pytest.raises(python_socketio.exceptions.TimeoutError):
                talker.call(event, timeout=0.3)
        assert talker.call("echo", 1) == 1
        assert other.call("echo", 2) == 2
    assert "RuntimeError: as wanted" in server.output
    assert "an object of type set cannot be sent" in server.output


def test_a_client_that_emits_what_is_reserved_is_closed(server: SocketIOProcess) -> None:
    with BareClient(server.url) as watch, BareClient(server.url) as client:
        watch.call("forget")
        client.emit("disconnect", "a lie")
        client.wait_closed()
        assert watch.call("wait_for", 1) == [["disconnect", "transport error", [], None]]


# Options


def test_always_connect_accepts_first_and_then_asks() -> None:
    with start_program(always_connect=True) as server:
        with BareClient(server.url, auth={"refuse": "early"}) as client:
            assert client.read_event() == ["welcome", {"rooms": 2}]
        with BareClient(server.url, auth={"refuse": "false"}) as client:
            assert client.read() == "41"
        with BareClient(server.url) as client:
            seen = client.call("wait_for", 4)
            assert [each[0] for each in seen].count("disconnect") == 1  # the refused one was never there


def test_the_handshake_says_what_the_options_say() -> None:
    options = {"ping_interval": [7, 2], "ping_timeout": 3.5, "max_http_buffer_size": 4321, "allow_upgrades": False}
    options["cookie"] = {"name": "node", "path": "/x", "HttpOnly": True, "SameSite": "Strict"}
    import requests

    program = (
        "import json, sys\n"
        "from chatterlink import socketio\n"
        "options = json.loads(sys.argv[1])\n"
        "options['ping_interval'] = tuple(options['ping_interval'])\n"
        "sio = socketio.Server(port=0, socketio_path='/other/path/', **options)\n"
        "sio.start()\n"
        "print(f'listening on 127.0.0.1:{sio.port}')\n"
        "sio.run()\n"
    )
    with SocketIOProcess("-c", program, json.dumps(options)) as server:
        got = requests.get(f"{server.url}other/path/?EIO=4&transport=polling", timeout=15)
        said = json.loads(got.text[1:])
        assert (said["pingInterval"], said["pingTimeout"]) == (9000, 3500)
        assert (said["maxPayload"], said["upgrades"]) == (4321, [])
        assert got.headers["Set-Cookie"] == f"node={said['sid']}; Path=/x; HttpOnly; SameSite=Strict"
        assert requests.get(f"{server.url}socket.io/?EIO=4&transport=polling", timeout=15).status_code == 404


def test_long_messages_are_compressed_for_clients_that_offer_it() -> None:
    import websocket

    sio = socketio.Server(port=0, per_message_deflate=True, compression_threshold=1000)
    sio.on("get", lambda sid, size: "x" * size)
    with sio:
        socket: Any = websocket.create_connection(
            f"ws://127.0.0.1:{sio.port}/socket.io/?EIO=4&transport=websocket",
            timeout=20,
            header=["Sec-WebSocket-Extensions: permessage-deflate"],
        )
        assert "permessage-deflate" in socket.getheaders()["sec-websocket-extensions"]
        socket.recv()
        socket.send("40")
        socket.recv()
        for size, first_byte in ((50, 0x81), (5000, 0xC1)):  # final text frame; with RSV1: compressed
            socket.send(f'420["get",{size}]')
            head, length = socket.sock.recv(2, MSG_WAITALL)
            assert head == first_byte
            assert length < 126
            socket.sock.recv(length, MSG_WAITALL)
        socket.close()


@pytest.mark.parametrize(
    ("allowed", "origin", "status", "header"),
    [
        (None, "http://evil.example", 403, None),
        ("http://good.example", "http://good.example", 200, "http://good.example"),
        (["http://good.example", "http://fine.example"], "http://evil.example", 403, None),
        ("*", "http://any.example", 200, "*"),
        ([], "http://any.example", 200, None),
    ],
)
def test_cross_origin_pages_are_told_what_the_option_says(
    allowed: Any, origin: str, status: int, header: str | None
) -> None:
    import requests

    sio = socketio.Server(port=0, cors_allowed_origins=allowed)
    with sio:
        url = f"http://127.0.0.1:{sio.port}/socket.io/?EIO=4&transport=polling"
        got = requests.get(url, headers={"Origin": origin}, timeout=15)
        assert (got.status_code, got.headers.get("Access-Control-Allow-Origin")) == (status, header)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"serializer": "pickle"}, ValueError),
        ({"transports": ["carrier pigeon"]}, ValueError),
        ({"client_manager": object()}, ValueError),
        ({"ping_interval": -1}, ChatterLinkError),
        ({"ping_timeout": float("nan")}, ChatterLinkError),
        ({"port": 65536}, ChatterLinkError),
        ({"max_http_buffer_size": "1"}, TypeError),
        ({"cors_allowed_origins": lambda origin: True}, TypeError),
        ({"no_such_option": 1}, TypeError),
    ],
)
def test_an_option_that_cannot_be_is_refused(options: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        socketio.Server(**options)


def test_a_port_that_is_taken_is_an_error_and_nothing_is_left_running(server: SocketIOProcess) -> None:
    sio = socketio.Server(port=server.port)
    with pytest.raises(ChatterLinkError) as failed:
        sio.start()
    assert failed.value.code == "address_in_use"
    assert not sio.running
    sio.start(port=0)
    assert sio.port != server.port
    sio.stop()


# Recovery


def test_a_client_that_comes_back_in_time_goes_on_where_it_was() -> None:
    with start_program(connection_state_recovery=30) as server, BareClient(server.url) as other:
        first = BareClient(server.url, auth={"name": "ann"})
        assert first.pid
        assert first.call("join", "kitchen") == ["kitchen"]
        first.call("repeat", "seen")
        other.call("tell", {"to": "kitchen"}, "before")
        packet = ""
        while "before" not in packet:
            packet = first.read()
        *_, offset = json.loads(packet[2:])
        other.call("forget")
        first.drop()
        while not any(each[0] == "disconnect" for each in other.call("wait_for", 1)):
            pass
        other.call("tell", {"to": "kitchen"}, "missed")
        second = BareClient(server.url, auth={"pid": first.pid, "offset": offset})
        assert second.sid == first.sid
        assert second.read_event()[:2] == ["told", "missed"]
        assert second.call("leave", "not in it") == ["kitchen"]
        assert second.call("session") == {"name": "ann"}
        assert second.call("recovered") is True
        assert other.call("recovered") is False
        second.close()


# Data that cannot be sent


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (float("nan"), ValueError, "nan"),
        ([float("inf")], ValueError, "infinity"),
        (2**64, ValueError, "64 bits"),
        (-(2**63) - 1, ValueError, "64 bits"),
        ({"a": {1, 2}}, TypeError, "type set"),
        (object(), TypeError, "type object"),
        ({(1, 2): 3}, TypeError, "keys must be"),
        ("lone \ud800", ValueError, "surrogates"),
        ({"\udfff": 1}, ValueError, "surrogates"),
    ],
    # The same in every process: an object's own text holds its address.
    ids=["nan", "infinity", "2^64", "-2^63-1", "set", "object", "tuple as key", "surrogate", "surrogate in key"],
)
def test_data_that_cannot_be_sent_raises(data: Any, error: type[Exception], words: str) -> None:
    with socketio.Server(port=0) as sio:
        with pytest.raises(error, match=words):
            sio.emit("event", data)
        with pytest.raises(error, match=words):
            sio.emit("event", ("fine", data), callback=print)
        assert sio._callbacks == {}


def test_data_that_holds_itself_or_is_too_deep_raises() -> None:
    endless: list[Any] = []
    endless.append(endless)
    deep: Any = "bottom"
    for _ in range(31):
        deep = [deep]
    with socketio.Server(port=0) as sio:
        for each in (endless, [deep], {"a": deep}):
            with pytest.raises(ValueError, match="nested deeper"):
                sio.emit("event", each)
        sio.emit("event", deep)


def test_every_kind_of_bytes_is_binary_and_every_64_bit_int_comes_back() -> None:
    sio = socketio.Server(port=0)
    values = [bytearray(b"a"), memoryview(b"abcdef")[::2], -(2**63), 2**64 - 1, True, 0.1]
    sio.on("get", lambda sid: tuple(values))
    with sio, Talker(f"http://127.0.0.1:{sio.port}") as talker:
        assert talker.call("get") == (b"a", b"ace", -(2**63), 2**64 - 1, True, 0.1)


def test_a_json_module_of_the_applications_own_sees_all_data() -> None:
    class Json:
        @staticmethod
        def dumps(value: Any, **options: Any) -> str:
            return json.dumps(value, default=str, **options)

        @staticmethod
        def loads(text: str) -> Any:
            return json.loads(text, parse_int=lambda digits: -int(digits))

    codec = JsonCodec(cast(Any, Json))
    assert codec.encode((Path("/x"), {"b": [b"bytes", 1]})) == ("/x", {"b": [b"bytes", 1]})
    assert codec.decode([1, {"b": b"bytes"}]) == [-1, {"b": b"bytes"}]
    sio = socketio.Server(port=0, json=cast(Any, Json))
    sio.on("get", lambda sid, number, data: (Path("/x"), number, data))
    with sio, Talker(f"http://127.0.0.1:{sio.port}") as talker:
        assert talker.call("get", 5, b"bytes") == ("/x", -5, b"bytes")


def test_clients_with_the_msgpack_parser_talk_to_a_msgpack_server() -> None:
    import websocket

    sio = socketio.Server(port=0, serializer="msgpack")
    sio.on("echo", lambda sid, *arguments: arguments)
    with sio:
        socket = websocket.create_connection(
            f"ws://127.0.0.1:{sio.port}/socket.io/?EIO=4&transport=websocket", timeout=20
        )
        socket.recv()
        socket.send_binary(b"\x82\xa4type\x00\xa3nsp\xa1/")  # {"type": 0, "nsp": "/"}
        assert b"\xa3sid" in cast(bytes, socket.recv())
        # {"type": 2, "id": 7, "nsp": "/", "data": ["echo", bytes]}
        socket.send_binary(b"\x84\xa4type\x02\xa2id\x07\xa3nsp\xa1/\xa4data\x92\xa4echo\xc4\x02\x00\xff")
        answer = cast(bytes, socket.recv())
        assert b"\xa2id\x07" in answer
        assert b"\xc4\x02\x00\xff" in answer
        socket.close()


# The package


def test_the_package_alone_does_not_load_the_server() -> None:
    program = (
        "import sys, chatterlink\n"
        "print([name for name in ('asyncio', 'chatterlink.socketio', 'chatterlink._dispatch') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_every_public_name_is_documented() -> None:
    for name in socketio.__all__:
        thing = getattr(socketio, name)
        assert thing.__doc__, name
    for owner in (socketio.Server, socketio.Namespace):
        for name in dir(owner):
            if not name.startswith("_"):
                assert getattr(owner, name).__doc__, f"{owner.__name__}.{name}"


def test_the_example_of_the_documentation_runs(tmp_path: Path) -> None:
    text = (paths.ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(from chatterlink import socketio\n.*?)```", text, re.DOTALL)
    assert len(example.splitlines()) <= 20
    program = tmp_path / "example.py"
    wanted = 'sio.run("127.0.0.1", 5000)'
    assert wanted in example
    runs = "sio.start(port=0)\nprint(f'listening on 127.0.0.1:{sio.port}')\nsio.run()"
    program.write_text(example.replace(wanted, runs), encoding="utf-8")
    with SocketIOProcess(program) as server:
        with Talker(server.url, auth={"name": "ann"}) as ann, Talker(server.url, auth={"name": "bob"}) as bob:
            assert ann.call("say", "hello") == "said"
            assert bob.wait_for("/", "said") == ["/", "said", {"name": "ann", "text": "hello"}]
        refused = Talker(server.url, wait=False)
        assert refused.wait_for_refusal() == ["/", {"message": "tell your name"}]
        refused.close()
        assert server.end() == 0
