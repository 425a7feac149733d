"""TLS on both ports, with OpenSSL's own clients: what is spoken, what is refused, renewal, and an orderly end."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest
import requests
import socketio  # type: ignore[import-untyped]
import websocket

from conftest import StartApp, StartLine
from support import aio, paths
from support.certificates import Certificate, make_certificate
from support.chat_client import TRANSPORTS
from support.clients import Connections
from support.driven_client import DrivenClient
from support.java_client import JavaClient
from support.node_client import NodeClient
from support.pictures import png
from support.program import PATIENCE, Program, clean_environment
from support.scale import SANITIZER
from support.servers import AppServer, LineServer, Server
from support.web import multipart


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(params=[1, 2], ids=["one-shard", "two-shards"])
def app(request: pytest.FixtureRequest, start_app: StartApp, certificate: Certificate) -> AppServer:
    return start_app("--threads", str(request.param), "--store", "memory", *certificate.options)


@contextlib.contextmanager
def secured(server: Server, context: ssl.SSLContext, host: str = "localhost") -> Iterator[ssl.SSLSocket]:
    """A TLS connection that takes an end without goodbye for an error."""
    with (
        socket.create_connection((server.host, server.port), timeout=PATIENCE) as plain,
        context.wrap_socket(plain, server_hostname=host, suppress_ragged_eofs=False) as connection,
    ):
        yield connection


def get(connection: ssl.SSLSocket, target: str, *fields: str) -> http.client.HTTPResponse:
    """One request; the answer, read whole."""
    lines = [f"GET {target} HTTP/1.1", "Host: localhost", *fields, "", ""]
    connection.sendall("\r\n".join(lines).encode())
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    answer.body = answer.read()  # type: ignore[attr-defined]
    return answer


def believing(certificate: Certificate) -> requests.Session:
    """What python-socketio and uploads use."""
    session = requests.Session()
    session.trust_env = False  # a variable may name other certificates
    session.verify = str(certificate.cert)
    return session


def say_goodbye(connection: ssl.SSLSocket) -> None:
    """TLS's own end (close_notify) from this side; what the server has yet to say does not matter."""
    with contextlib.suppress(ssl.SSLError):
        connection.unwrap()


def read_line(connection: ssl.SSLSocket) -> str:
    text = b""
    while not text.endswith(b"\n"):
        piece = connection.recv(1)
        assert piece, f"the connection ended after {text!r}"
        text += piece
    return text.decode().rstrip("\n")


def wss(server: Server, certificate: Certificate, query: str = "") -> websocket.WebSocket:
    return websocket.create_connection(
        f"wss://localhost:{server.port}/socket.io/?EIO=4&transport=websocket{query}",
        timeout=PATIENCE,
        suppress_origin=True,
        sslopt={"ca_certs": str(certificate.cert)},
    )


def heard(connection: websocket.WebSocket) -> str:
    """The next text message."""
    text = connection.recv()
    assert isinstance(text, str)
    return text


# ---- The web chat ----


def test_the_page_comes_over_tls_on_one_connection(app: AppServer, certificate: Certificate) -> None:
    assert app.url.startswith("https://")
    with secured(app, certificate.context()) as connection:
        assert connection.selected_alpn_protocol() == "http/1.1"
        for _ in range(20):
            page = get(connection, "/")
            assert page.status == 200
            assert b"<html" in page.body.lower()  # type: ignore[attr-defined]
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 50)  # pipelined
        answers = b""
        while answers.count(b'{"ok":true}') < 50:
            answers += connection.recv(65536)
        assert answers.count(b"HTTP/1.1 200 OK") == 50
        get(connection, "/", "Connection: close")
        assert connection.recv(1) == b""  # a goodbye, or this would raise


TEXTS = [f"message {number} " + "x" * 5000 for number in range(30)]


@pytest.mark.parametrize("client", [NodeClient, JavaClient])
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_the_chat_works_over_tls_with_libraries(
    app: AppServer, certificate: Certificate, connections: Connections, client: type[DrivenClient], transport: str
) -> None:
    trust = certificate.cert.read_text(encoding="ascii")
    ada = connections.add(client(app, transport, ca=trust))
    bob = connections.add(client(app, transport, ca=trust))
    ada.join("ada")
    bob.join("bob")
    for text in TEXTS:
        ada.say(text)
    assert [message["message"] for message in bob.wait_for_all("message", len(TEXTS))] == TEXTS


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_the_chat_works_over_tls_with_python_socketio(app: AppServer, certificate: Certificate, transport: str) -> None:
    # The asyncio client: the other one uses one TLS connection in two threads, which Python before 3.13 does not guard;
    # on a busy machine it then sees an end (SSLEOFError) while the TCP connection is open and nothing came.
    transports = {"polling": ["polling"], "websocket": ["websocket"], "upgrade": ["polling", "websocket"]}[transport]

    async def talk() -> list[str]:
        trust = ssl.create_default_context(cafile=str(certificate.cert))
        heard: asyncio.Queue[str] = asyncio.Queue()
        async with AsyncExitStack() as stack:
            members = []
            for name in ("ada", "bob"):
                connector = aiohttp.TCPConnector(ssl=trust)
                session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
                member = socketio.AsyncClient(http_session=session, reconnection=False)
                if name == "bob":
                    member.on("message", lambda message: heard.put_nowait(message["message"]))
                await member.connect(app.url, transports=transports, wait_timeout=PATIENCE)
                stack.push_async_callback(member.disconnect)
                joined = await member.call("join", {"username": name, "room": "lobby"}, timeout=PATIENCE)
                assert joined["ok"], joined
                members.append(member)
            for text in TEXTS:
                said = await members[0].call("message", {"room": "lobby", "message": text}, timeout=PATIENCE)
                assert said["ok"], said
            return [await asyncio.wait_for(heard.get(), PATIENCE) for _ in TEXTS]

    assert aio.run(talk()) == TEXTS


@pytest.mark.skipif(SANITIZER == "tsan", reason="ThreadSanitizer cannot follow libvips' locks")
def test_an_image_goes_up_and_comes_back_over_tls(app: AppServer, certificate: Certificate) -> None:
    body, form = multipart(png(64, 64, padding=2_000_000))
    with believing(certificate) as session:
        answer = session.post(f"{app.url}upload", data=body, headers=form, timeout=PATIENCE)
        assert answer.status_code == 200, answer.text
        back = session.get(app.url.rstrip("/") + answer.json()["url"], timeout=PATIENCE)
        assert back.status_code == 200
        assert back.content.startswith(b"\x89PNG")


def test_a_websocket_that_reads_slowly_gets_everything(app: AppServer, certificate: Certificate) -> None:
    slow = wss(app, certificate)
    assert heard(slow).startswith("0")
    slow.send("40")
    assert heard(slow).startswith("40")
    slow.send('420["join",{"username":"slow","room":"big"}]')
    with contextlib.closing(wss(app, certificate)) as fast:
        heard(fast)
        fast.send("40")
        heard(fast)
        fast.send('420["join",{"username":"fast","room":"big"}]')
        while not heard(fast).startswith("430"):
            pass
        for number in range(60):
            fast.send(f'42["message",{{"room":"big","message":"{number} {"y" * 8000}"}}]')
        time.sleep(0.5)
        got = 0
        while got < 60:
            text = heard(slow)
            if text == "2":
                slow.send("3")
            if text.startswith('42["message"'):
                assert f'"{got} yyy' in text
                got += 1
    slow.close()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_1_2_and_1_3_are_spoken(app: AppServer, certificate: Certificate, version: ssl.TLSVersion) -> None:
    context = certificate.context()
    context.minimum_version = context.maximum_version = version
    with secured(app, context) as connection:
        assert connection.version() == {771: "TLSv1.2", 772: "TLSv1.3"}[version]
        assert get(connection, "/healthz").status == 200
        cipher = connection.cipher()
        assert cipher is not None
        assert "GCM" in cipher[0] or "CHACHA20" in cipher[0]


def test_older_versions_and_weak_ciphers_are_refused(app: AppServer, certificate: Certificate) -> None:
    old = certificate.context()
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    weak = certificate.context()
    weak.maximum_version = ssl.TLSVersion.TLSv1_2
    weak.set_ciphers("ECDHE-ECDSA-AES128-SHA")
    for context in (old, weak):
        with pytest.raises(ssl.SSLError), secured(app, context):
            pass
    with secured(app, certificate.context()) as connection:
        assert get(connection, "/healthz").status == 200


def test_alpn_takes_http_1_1_and_refuses_a_client_that_speaks_something_else(
    app: AppServer, certificate: Certificate
) -> None:
    for offered in [("h2", "http/1.1"), ("http/1.1",), ()]:
        with secured(app, certificate.context(alpn=offered)) as connection:
            assert connection.selected_alpn_protocol() == ("http/1.1" if offered else None)
            assert get(connection, "/healthz").status == 200
    with pytest.raises(ssl.SSLError, match=r"(?i)alert"), secured(app, certificate.context(alpn=("h2",))):
        pass


def test_a_session_is_resumed_by_its_ticket(app: AppServer, certificate: Certificate) -> None:
    context = certificate.context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with secured(app, context) as first:
        session = first.session
    with socket.create_connection((app.host, app.port), timeout=PATIENCE) as plain:
        again = context.wrap_socket(plain, server_hostname="localhost", session=session)
        assert again.session_reused
        assert get(again, "/healthz").status == 200


def test_what_is_no_tls_is_turned_away_and_a_silent_client_after_ten_seconds(
    app: AppServer, certificate: Certificate
) -> None:
    with socket.create_connection((app.host, app.port), timeout=30) as silent:
        began = time.monotonic()
        with socket.create_connection((app.host, app.port), timeout=PATIENCE) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = b""
            with contextlib.suppress(ConnectionResetError):
                while piece := plain.recv(4096):
                    answer += piece
            assert not answer.startswith(b"HTTP")
        with secured(app, certificate.context()) as connection:
            assert get(connection, "/healthz").status == 200
        assert silent.recv(1) == b""
        assert 5 < time.monotonic() - began < 25


def test_sigterm_says_goodbye_to_every_tls_connection(
    start_app: StartApp, certificate: Certificate, tmp_path: Path
) -> None:
    server = start_app("--threads", "2", "--store", "memory", *certificate.options)
    with contextlib.ExitStack() as stack:
        idle = stack.enter_context(secured(server, certificate.context()))
        assert get(idle, "/healthz").status == 200
        fresh = stack.enter_context(secured(server, certificate.context()))
        halfway = stack.enter_context(socket.create_connection((server.host, server.port), timeout=PATIENCE))
        halfway.sendall(b"\x16\x03\x01")
        talking = wss(server, certificate)
        stack.callback(talking.close)
        assert heard(talking).startswith("0")
        server.process.send_signal(signal.SIGTERM)
        assert idle.recv(1) == b""  # raises without a goodbye
        assert fresh.recv(1) == b""
        with contextlib.suppress(ConnectionResetError):
            assert halfway.recv(1) == b""
        with contextlib.suppress(websocket.WebSocketException, OSError):
            while talking.recv():
                pass
        assert server.exit_code(PATIENCE) == 0


# ---- Renewal ----


def shown(server: Server, context: ssl.SSLContext) -> bytes:
    """The certificate that a new connection is shown."""
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with secured(server, context) as connection:
        der = connection.getpeercert(binary_form=True)
        assert der is not None
        return der


@pytest.mark.parametrize("program", ["app", "server"])
def test_sighup_renews_the_certificate_and_leaves_open_connections_alone(
    start_app: StartApp, start_line_server: StartLine, tmp_path: Path, program: str
) -> None:
    first = make_certificate(tmp_path / "live")
    renewed = make_certificate(tmp_path / "new", key_type="rsa")
    old = first.der
    server: Server = (
        start_app("--threads", "2", "--store", "memory", *first.options)
        if program == "app"
        else start_line_server(*first.options)
    )
    alpn = ("http/1.1",) if program == "app" else ()

    def works(connection: ssl.SSLSocket) -> None:
        if program == "app":
            assert get(connection, "/healthz").status == 200
        else:
            connection.sendall(b"/who\n")
            assert "in lobby" in read_line(connection)

    with secured(server, first.context(alpn=alpn)) as before:
        works(before)
        first.replace_by(renewed)
        server.process.send_signal(signal.SIGHUP)
        server.wait_for("read anew")
        assert shown(server, first.context(alpn=alpn)) == renewed.der != old
        works(before)
        first.key.write_text("broken", encoding="ascii")
        server.process.send_signal(signal.SIGHUP)
        server.wait_for("stays as it is: .*holds no private key")
        assert shown(server, first.context(alpn=alpn)) == renewed.der
        first.cert.unlink()
        server.process.send_signal(signal.SIGHUP)
        server.wait_for("stays as it is: cannot read the certificate")
        works(before)
    assert server.process.poll() is None


# ---- What is refused at the start ----


@pytest.mark.parametrize("program", ["app", "server"])
def test_files_that_do_not_do_are_told_in_one_line(program: str, certificate: Certificate, tmp_path: Path) -> None:
    other = make_certificate(tmp_path, "other")
    missing = tmp_path / "missing.pem"
    for options, code, words in [
        (["--tls-cert", certificate.cert], 2, "--tls-cert needs --tls-key"),
        (["--tls-key", certificate.key], 2, "--tls-key needs --tls-cert"),
        (["--tls-cert", missing, "--tls-key", certificate.key], 1, "cannot read the certificate"),
        (["--tls-cert", certificate.cert, "--tls-key", missing], 1, "cannot read the key"),
        (["--tls-cert", certificate.cert, "--tls-key", other.key], 2, "does not belong to the certificate"),
        (["--tls-cert", certificate.key, "--tls-key", certificate.key], 2, "holds no certificate"),
    ]:
        data = ["--data", tmp_path / "data", "--store", "memory"] if program == "app" else []
        done = subprocess.run(
            [*paths.command("binary", program), "--port", "0", *map(str, [*data, *options])],
            env=clean_environment(),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == code, (options, done)
        assert words in done.stderr, (options, done)
        assert done.stderr.count("\n") == 1, (options, done)


def test_certificate_and_key_may_come_from_the_environment_and_a_file(
    start_line_server: StartLine, certificate: Certificate, tmp_path: Path
) -> None:
    file = tmp_path / "chat.toml"
    file.write_text(f'tls-cert = "{certificate.cert}"\n', encoding="utf-8")
    server = start_line_server("--config", str(file), environment={"CHATTERLINK_TLS_KEY": str(certificate.key)})
    with secured(server, certificate.context(alpn=())) as connection:
        connection.sendall(b"hello\n")
        assert read_line(connection) == "hello"


# ---- The line port ----


@pytest.fixture
def lines(start_line_server: StartLine, certificate: Certificate) -> LineServer:
    return start_line_server("--threads", "2", *certificate.options)


def test_lines_go_to_everybody_over_tls(lines: LineServer, certificate: Certificate) -> None:
    with secured(lines, certificate.context(alpn=())) as ada, secured(lines, certificate.context(alpn=())) as bob:
        for connection, name in ((ada, "ada"), (bob, "bob")):
            connection.sendall(f"/name {name}\n".encode())
            assert read_line(connection) == f"* you are now {name}"
        ada.sendall(b"one\ntwo\n")
        assert [read_line(bob), read_line(bob)] == ["one", "two"]
        big = "x" * 8000
        bob.sendall(f"{big}\n".encode())
        assert [read_line(ada) for _ in range(3)] == ["one", "two", big]
        say_goodbye(bob)
        ada.sendall(b"/who\n")
        assert read_line(ada).startswith("* ")


def test_text_cut_short_by_somebody_in_between_is_not_said(lines: LineServer, certificate: Certificate) -> None:
    with secured(lines, certificate.context(alpn=())) as witness:
        witness.sendall(b"/name witness\n")
        read_line(witness)
        with secured(lines, certificate.context(alpn=())) as whole:
            whole.sendall(b"first\nwhole")
            say_goodbye(whole)
        with secured(lines, certificate.context(alpn=())) as cut:
            cut.sendall(b"second\ncut")
            cut.shutdown(socket.SHUT_RDWR)  # of TCP, without a goodbye
        witness.sendall(b"end\n")
        heard = [read_line(witness) for _ in range(4)]
        assert set(heard) == {"first", "whole", "second", "end"}


def client(server: LineServer, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*paths.command("binary", "client"), "--port", str(server.port), *options],
        env=clean_environment(),
        input="hello from the client\n",
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_the_line_client_speaks_tls_and_believes_only_what_it_was_told(
    lines: LineServer, certificate: Certificate, tmp_path: Path
) -> None:
    done = client(lines, "--tls-ca", str(certificate.cert))
    assert (done.returncode, done.stdout) == (0, "hello from the client\n"), done
    other = make_certificate(tmp_path, "other")
    for options in (["--tls"], ["--tls-ca", str(other.cert)]):
        done = client(lines, *options)
        assert done.returncode == 1, done
        assert "no TLS connection" in done.stderr, done
        assert done.stderr.count("\n") == 1, done
    done = client(lines, "--tls-ca", str(certificate.key))
    assert done.returncode == 1, done
    assert "holds no certificate" in done.stderr, done


def test_the_line_client_says_so_when_there_is_no_tls(start_line_server: StartLine) -> None:
    done = client(start_line_server(), "--tls")
    assert done.returncode == 1, done
    assert "no TLS connection" in done.stderr, done


def test_a_line_that_a_tls_server_cannot_have_understood_is_no_success(lines: LineServer) -> None:
    done = client(lines)
    assert (done.returncode, done.stdout) == (1, ""), done
    assert "does it want --tls?" in done.stderr, done


def test_openssl_s_client_talks_to_the_line_port(lines: LineServer, certificate: Certificate) -> None:
    arguments = ["openssl", "s_client", "-quiet", "-CAfile", str(certificate.cert), "-verify_return_error"]
    with Program([*arguments, "-connect", f"{lines.host}:{lines.port}"], input_pipe=True) as program:
        program.send_line("hello from openssl")
        program.wait_for("(?m)^hello from openssl$")
        program.kill()


# ---- From Python ----


def test_python_serves_and_talks_tls(certificate: Certificate, tmp_path: Path) -> None:
    from chatterlink import ChatApp, ChatterLinkError, LineClient, LineServer

    cert, key = certificate.cert, certificate.key
    with LineServer(port=0, tls_cert=cert, tls_key=key) as server, LineClient(port=server.port, tls_ca=cert) as talker:
        assert server.url == f"tls://127.0.0.1:{server.port}"
        talker.send("hello")
        assert talker.receive(timeout=PATIENCE) == "hello"
        assert server.reload_tls()
        with pytest.raises(ChatterLinkError, match="no TLS connection") as refusal:
            LineClient(port=server.port, tls=True).start()
        assert refusal.value.code == "io_failed"
    with ChatApp(port=0, store="memory", data=tmp_path, log_level="warning", tls_cert=cert, tls_key=key) as app:
        assert app.url == f"https://127.0.0.1:{app.port}/"
        with believing(certificate) as session:
            assert session.get(app.url, timeout=PATIENCE).status_code == 200
    with LineServer(port=0) as plain:
        assert not plain.reload_tls()
    with pytest.raises(ChatterLinkError) as missing:
        LineServer(port=0, tls_cert=cert).start()
    assert missing.value.code == "config_invalid"
