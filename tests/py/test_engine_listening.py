"""chatterlink.socketio.Server and chatterlink.engineio.Server over TLS and at a Unix socket."""

from __future__ import annotations

import contextlib
import socket
import ssl
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Union

import aiohttp
import pytest
import requests
import socketio as python_socketio  # type: ignore[import-untyped]
import websocket

from chatterlink import ChatterLinkError, engineio, socketio
from support import aio
from support.certificates import Certificate, make_certificate
from support.chat_client import TRANSPORTS
from support.node_client import NodeClient
from support.program import PATIENCE

AnyServer = Union[socketio.Server, engineio.Server]

both = pytest.mark.parametrize("kind", [socketio.Server, engineio.Server], ids=["socketio", "engineio"])


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name: a Unix socket's path has at most 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="engine-") as name:
        yield Path(name)


def talking(**options: Any) -> socketio.Server:
    """Answers "echo" with its arguments and "scheme" with how the client came."""
    sio = socketio.Server(port=0, threads=2, **options)

    @sio.event
    def echo(sid: str, *arguments: Any) -> Any:
        return arguments

    @sio.event
    def scheme(sid: str) -> Any:
        environ = sio.get_environ(sid)
        assert environ is not None
        return environ["wsgi.url_scheme"]

    return sio


def echoing(**options: Any) -> engineio.Server:
    """Sends every message back, behind the scheme of its client's request."""
    eio = engineio.Server(port=0, threads=2, **options)
    schemes: dict[str, str] = {}

    @eio.on("connect")
    def connect(sid: str, environ: dict[str, Any]) -> None:
        schemes[sid] = environ["wsgi.url_scheme"]

    @eio.on("message")
    def message(sid: str, data: str) -> None:
        eio.send(sid, f"{schemes[sid]} {data}")

    return eio


def shown_certificate(port: int, certificate: Certificate) -> bytes | None:
    """What a new connection is shown."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as plain,
        certificate.context().wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        return connection.getpeercert(binary_form=True)


# TLS


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_npms_client_over_tls(certificate: Certificate, transport: str) -> None:
    with talking(tls_cert=certificate.cert, tls_key=certificate.key) as sio:
        place = SimpleNamespace(url=f"https://localhost:{sio.port}/")
        with NodeClient(place, transport, ca=certificate.cert.read_text(encoding="ascii")) as client:
            assert client.call("echo", {"deep": [b"\x00\xff" * 50_000, "ü"]}) == {"deep": [b"\x00\xff" * 50_000, "ü"]}
            assert client.ask("scheme") == ["https"]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_python_socketios_client_over_tls(certificate: Certificate, transport: str) -> None:
    transports = {"polling": ["polling"], "websocket": ["websocket"], "upgrade": ["polling", "websocket"]}[transport]

    async def talk(port: int) -> list[Any]:
        async with AsyncExitStack() as stack:
            connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=str(certificate.cert)))
            session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
            client = python_socketio.AsyncClient(http_session=session, reconnection=False)
            await client.connect(f"https://localhost:{port}/", transports=transports, wait_timeout=PATIENCE)
            stack.push_async_callback(client.disconnect)
            echoes = [await client.call("echo", number, timeout=PATIENCE) for number in range(30)]
            return [*echoes, await client.call("scheme", timeout=PATIENCE)]

    with talking(tls_cert=certificate.cert, tls_key=certificate.key) as sio:
        assert aio.run(talk(sio.port)) == [*range(30), "https"]


def test_an_engine_io_client_over_tls_with_the_pair_given_to_start(certificate: Certificate) -> None:
    eio = echoing()
    eio.start(tls=(str(certificate.cert), certificate.key))
    try:
        connection = websocket.create_connection(
            f"wss://localhost:{eio.port}/engine.io/?EIO=4&transport=websocket",
            timeout=PATIENCE,
            suppress_origin=True,
            sslopt={"ca_certs": str(certificate.cert)},
        )
        assert str(connection.recv()).startswith("0{")
        connection.send("4hello")
        assert connection.recv() == "4https hello"
        connection.close()
        with requests.Session() as session:
            session.trust_env = False
            session.verify = str(certificate.cert)
            page = f"https://localhost:{eio.port}"
            answer = session.get(
                f"{page}/engine.io/?EIO=4&transport=polling", headers={"Origin": page}, timeout=PATIENCE
            )
            assert answer.status_code == 200, "a page of its own origin"
            answer = session.get(
                f"{page}/engine.io/?EIO=4&transport=polling", headers={"Origin": page[:4] + page[5:]}, timeout=PATIENCE
            )
            assert answer.status_code == 403, "http is another origin"
    finally:
        eio.stop()


@both
def test_without_tls_a_request_is_not_answered_by_a_server_that_has_it(
    kind: Callable[..., AnyServer], certificate: Certificate
) -> None:
    with kind(port=0, tls_cert=certificate.cert, tls_key=certificate.key) as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as plain:
            plain.sendall(b"GET /engine.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n\r\n")
            said = b""
            with contextlib.suppress(ConnectionError):
                while piece := plain.recv(1000):
                    said += piece
        assert b"HTTP/1.1 200" not in said
        assert b'"sid"' not in said


@both
def test_certificates_are_read_again_and_bad_ones_change_nothing(
    kind: Callable[..., AnyServer], tmp_path: Path
) -> None:
    used, other = make_certificate(tmp_path, "used"), make_certificate(tmp_path, "other", key_type="rsa")
    before = Certificate(tmp_path / "before.pem", used.key)
    before.cert.write_bytes(used.cert.read_bytes())
    with kind(port=0, tls_cert=used.cert, tls_key=used.key) as server:
        assert shown_certificate(server.port, before) == before.der
        used.replace_by(other)
        assert shown_certificate(server.port, before) == before.der, "not by itself"
        assert server.reload_tls() is True
        assert shown_certificate(server.port, other) == other.der
        used.key.write_text("no key")
        with pytest.raises(ChatterLinkError) as failed:
            server.reload_tls()
        assert failed.value.code == "config_invalid"
        used.cert.unlink()
        with pytest.raises(ChatterLinkError) as failed:
            server.reload_tls()
        assert failed.value.code == "io_failed"
        assert shown_certificate(server.port, other) == other.der
    assert server.reload_tls() is False, "it does not run"
    with kind(port=0) as plain:
        assert plain.reload_tls() is False


@both
def test_what_cannot_be_is_said_before_anything_listens(
    kind: Callable[..., AnyServer], certificate: Certificate, tmp_path: Path, folder: Path
) -> None:
    for only, needed in (({"tls_cert": certificate.cert}, "tls_key"), ({"tls_key": certificate.key}, "tls_cert")):
        with pytest.raises(ChatterLinkError, match=f"needs {needed} as well") as failed:
            kind(**only)
        assert failed.value.code == "config_invalid"
    other = make_certificate(tmp_path, "other")
    text = tmp_path / "text"
    text.write_text("nothing of the kind")
    missing = tmp_path / "missing"
    for pair, code, words in (
        ((certificate.cert, other.key), "config_invalid", "other.key"),
        ((text, certificate.key), "config_invalid", "text"),
        ((certificate.cert, text), "config_invalid", "text"),
        ((missing, certificate.key), "io_failed", "missing"),
        ((certificate.cert, missing), "io_failed", "missing"),
        (("", ""), "config_invalid", "tls names no certificate"),
        ((certificate.cert,), "config_invalid", "a pair"),
        (str(certificate.cert), "config_invalid", "a pair"),
    ):
        server = kind(port=0)
        with pytest.raises(ChatterLinkError, match=words) as failed:
            server.start(tls=pair)  # type: ignore[arg-type]
        assert failed.value.code == code
        assert not server.running
    server = kind(unix_socket=folder / ("x" * 200))
    with pytest.raises(ChatterLinkError, match="1 to 107 bytes") as failed:
        server.start()
    assert failed.value.code == "config_invalid"
    assert not server.running


# Unix sockets


def connect(path: Path) -> socket.socket:
    made = socket.socket(socket.AF_UNIX)
    made.settimeout(PATIENCE)
    made.connect(str(path))
    return made


def test_an_engine_at_a_unix_socket_answers_there_and_takes_its_file_along(folder: Path) -> None:
    path = folder / "eio.sock"
    with echoing(unix_socket=path) as eio:
        info = path.stat()
        assert stat.S_ISSOCK(info.st_mode)
        assert stat.S_IMODE(info.st_mode) == 0o660
        assert eio.port == 0
        assert f"running at {path}" in repr(eio)
        with connect(path) as raw:
            raw.sendall(b"GET /engine.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            said = b"".join(iter(lambda: raw.recv(4096), b""))
            assert said.startswith(b"HTTP/1.1 200")
            assert b'0{"sid":"' in said
        with pytest.raises(ChatterLinkError) as taken:
            echoing(unix_socket=path).start()
        assert taken.value.code == "address_in_use"
    assert not path.exists()
    with echoing(unix_socket=path):  # again
        assert path.exists()
    assert not path.exists()


def test_socket_io_at_a_unix_socket(folder: Path) -> None:
    path = folder / "sio.sock"
    with talking(unix_socket=str(path)) as sio, connect(path) as raw:
        client = websocket.create_connection(
            "ws://localhost/socket.io/?EIO=4&transport=websocket", socket=raw, timeout=PATIENCE, suppress_origin=True
        )
        assert str(client.recv()).startswith("0{")
        client.send("40")
        assert str(client.recv()).startswith('40{"sid":"')
        client.send('420["echo","over a file"]')
        assert client.recv() == '430["over a file"]'
        client.send('421["scheme"]')
        assert client.recv() == '431["http"]'
        assert sio.running


def test_tls_at_a_unix_socket(folder: Path, certificate: Certificate) -> None:
    path = folder / "tls.sock"
    with echoing(unix_socket=path, tls_cert=certificate.cert, tls_key=certificate.key), connect(path) as plain:
        raw = certificate.context().wrap_socket(plain, server_hostname="localhost")
        raw.sendall(b"GET /engine.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert raw.recv(4096).startswith(b"HTTP/1.1 200")
        raw.close()
