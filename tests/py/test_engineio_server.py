"""chatterlink.engineio.Server as applications and clients meet it; python-engineio's own client is one of them."""

from __future__ import annotations

import json
import logging
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from queue import Empty, Queue
from typing import Any

import engineio as python_engineio  # type: ignore[import-untyped]
import pytest

from chatterlink import ChatterLinkError, engineio
from support.engineio import Http, Polling, open_websocket, refused, url, wait_for_close
from support.program import PATIENCE
from support.scale import scaled
from support.servers import Server, server_at


class Scene:
    """A server in this process, what its handlers saw, and where it is."""

    def __init__(self, **options: Any) -> None:
        self.seen: Queue[tuple[Any, ...]] = Queue()
        self.eio = engineio.Server(port=0, threads=2, **options)
        self.eio.on("connect", self.connect)
        self.eio.on("message", self.message)
        self.eio.on("disconnect", self.disconnect)
        #: What the connect and message handlers do; a test may say otherwise.
        self.on_connect: Callable[[str, dict[str, Any]], Any] = lambda _sid, _environ: None
        self.on_message: Callable[[str, Any], Any] = lambda _sid, _data: None

    def connect(self, sid: str, environ: dict[str, Any]) -> Any:
        self.seen.put(("connect", sid))
        return self.on_connect(sid, environ)

    def message(self, sid: str, data: Any) -> None:
        self.seen.put(("message", sid, data))
        self.on_message(sid, data)

    def disconnect(self, sid: str, reason: str) -> None:
        self.seen.put(("disconnect", sid, reason))

    def next(self) -> tuple[Any, ...]:
        return self.seen.get(timeout=PATIENCE)

    def nothing_more(self) -> bool:
        try:
            self.seen.get(timeout=0.1)
        except Empty:
            return True
        return False

    @property
    def place(self) -> Server:
        """Its address, as the clients of support/engineio.py take it."""
        return server_at(self.eio.port)

    def websocket(self, query: str = "") -> Any:
        return open_websocket(self.place, url(transport="websocket") + query)


@pytest.fixture
def make() -> Iterator[Callable[..., Scene]]:
    scenes: list[Scene] = []

    def made(**options: Any) -> Scene:
        scene = Scene(**options)
        scenes.append(scene)
        scene.eio.start()
        return scene

    yield made
    for scene in scenes:
        scene.eio.stop()


@pytest.fixture
def scene(make: Callable[..., Scene]) -> Scene:
    return make()


# ---- Events ----


def test_handlers_see_a_client_come_speak_and_go(scene: Scene) -> None:
    client = Polling(scene.place)
    assert scene.next() == ("connect", client.sid)
    assert client.post("4hello").text == "ok"
    assert scene.next() == ("message", client.sid, "hello")
    assert client.post("1").text == "ok"
    assert scene.next() == ("disconnect", client.sid, engineio.Server.reason.CLIENT_DISCONNECT)
    assert scene.nothing_more()


@pytest.mark.parametrize(
    ("sent", "got"),
    [
        ("hello", "hello"),
        ("", ""),
        ('{"a":[1,2.5,null,"ü"]}', {"a": [1, 2.5, None, "ü"]}),
        ("[1]", [1]),
        ("true", True),
        ('"text"', "text"),
        ("123", "123"),  # a number stays text
        ("-1", -1),
        ('{"a":', '{"a":'),
        ("[" * 100_000, "[" * 100_000),
        ("NaN", "NaN"),
    ],
)
def test_text_that_is_json_comes_as_what_it_stands_for(scene: Scene, sent: str, got: Any) -> None:
    connection = scene.websocket()
    scene.next()
    connection.send("4" + sent)
    seen = scene.next()[2]
    if sent == "NaN":
        assert math.isnan(seen)  # the standard library takes it
    else:
        assert seen == got
    connection.close()


def test_binary_comes_as_bytes_on_both_transports(scene: Scene) -> None:
    connection = scene.websocket()
    scene.next()
    connection.send_binary(b"\x00\xff")
    assert scene.next()[2] == b"\x00\xff"
    client = Polling(scene.place)
    scene.next()
    client.post("bAP8=")
    assert scene.next()[2] == b"\x00\xff"
    connection.close()


def test_messages_of_one_client_are_handled_in_order_and_clients_do_not_wait_for_each_other(scene: Scene) -> None:
    gate = threading.Event()
    scene.on_message = lambda _sid, data: gate.wait(PATIENCE) if data == "wait" else None
    slow, quick = scene.websocket(), scene.websocket()
    scene.next(), scene.next()
    slow.send("4wait")
    assert scene.next()[2] == "wait"
    for i in range(100):
        quick.send(f"4m{i}")
    assert [scene.next()[2] for _ in range(100)] == [f"m{i}" for i in range(100)]
    gate.set()
    slow.close()
    quick.close()


@pytest.mark.parametrize("transport", ["polling", "websocket"])
def test_a_client_faster_than_its_handlers_is_slowed_and_loses_nothing(
    make: Callable[..., Scene], transport: str
) -> None:
    """More messages than may wait (10,000): the server reads no more until there is room again."""
    scene = make(async_handlers=False)
    count = scaled(30_000, 15_000)
    got: list[int] = []
    gate = threading.Event()

    def slow(_sid: str, data: str) -> None:
        gate.wait(PATIENCE)
        got.append(int(data))

    scene.eio.on("message", slow)
    if transport == "websocket":
        connection = scene.websocket()
        frames = b"".join(
            bytes([0x81, 0x80 | len(text)]) + bytes(4) + text for text in (b"4%d" % i for i in range(count))
        )
        sender = threading.Thread(target=connection.sock.sendall, args=(frames,))
    else:
        client = Polling(scene.place)

        def post_all() -> None:
            for first in range(0, count, 500):
                assert client.post("\x1e".join(f"4{i}" for i in range(first, first + 500))).text == "ok"

        sender = threading.Thread(target=post_all)
    sender.start()
    until = time.monotonic() + PATIENCE
    while scene.eio.counters["waiting"] < 4900 and time.monotonic() < until:
        time.sleep(0.02)
    time.sleep(0.3)
    assert 4900 <= scene.eio.counters["waiting"] <= 10_000  # half: no more is read
    gate.set()
    sender.join(3 * PATIENCE)
    until = time.monotonic() + 3 * PATIENCE
    while len(got) < count and time.monotonic() < until:
        time.sleep(0.02)
    assert got == list(range(count))
    assert scene.eio.counters["refused"] == 0


def test_a_handler_that_fails_ends_nothing(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    def fail(_sid: str, data: Any) -> None:
        if data == "fail":
            raise RuntimeError("expected in this test")

    scene.on_message = fail
    connection = scene.websocket()
    scene.next()
    connection.send("4fail")
    connection.send("4fine")
    assert [scene.next()[2], scene.next()[2]] == ["fail", "fine"]
    connection.close()


def test_on_is_a_decorator_too_and_knows_three_events() -> None:
    eio = engineio.Server()

    @eio.on("message")
    def handler(sid: str, data: Any) -> None:
        """Nothing."""

    assert eio.handlers == {"message": handler}
    with pytest.raises(ValueError, match="Invalid event"):
        eio.on("ping", handler)


@pytest.mark.parametrize("with_reason", [True, False])
def test_a_disconnect_handler_takes_the_reason_or_not(scene: Scene, with_reason: bool) -> None:
    gone: Queue[tuple[Any, ...]] = Queue()
    if with_reason:
        scene.eio.on("disconnect", lambda sid, reason: gone.put((sid, reason)))
    else:
        scene.eio.on("disconnect", lambda sid: gone.put((sid,)))
    connection = scene.websocket()
    sid = scene.next()[1]
    connection.close()
    assert gone.get(timeout=PATIENCE) == ((sid, "transport close") if with_reason else (sid,))


# ---- Reasons ----


def test_every_end_has_python_engineios_reason(make: Callable[..., Scene]) -> None:
    scene = make(ping_interval=0.3, ping_timeout=0.3)
    reason = engineio.Server.reason
    connection = scene.websocket()
    scene.next()
    assert scene.next()[2] == reason.PING_TIMEOUT
    connection = scene.websocket()
    scene.next()
    connection.sock.close()
    assert scene.next()[2] in (reason.TRANSPORT_CLOSE, reason.PING_TIMEOUT)
    scene = make()
    client = Polling(scene.place)
    scene.next()
    assert client.post("malformed").status == 400
    assert scene.next()[2] == reason.TRANSPORT_ERROR
    connection = scene.websocket()
    sid = scene.next()[1]
    scene.eio.disconnect(sid)
    assert scene.next() == ("disconnect", sid, reason.SERVER_DISCONNECT)
    assert wait_for_close(connection) == 1000


# ---- Connecting ----


@pytest.mark.parametrize(
    ("says", "body"),
    [(False, "Unauthorized"), ("go away", "go away"), ({"why": ["busy"]}, {"why": ["busy"]}), ("", "Unauthorized")],
)
def test_a_connect_handler_refuses_with_401(scene: Scene, says: Any, body: Any) -> None:
    scene.on_connect = lambda _sid, _environ: says
    with Http(scene.place) as http:
        answer = http.ask("GET", url())
    assert (answer.status, answer.json()) == (401, body)
    assert answer.headers["Content-Type"] == "application/json"
    sid = scene.next()[1]
    answer = refused(scene.place, url(transport="websocket"))
    assert (answer.status, answer.json()) == (401, body)
    scene.next()
    assert scene.nothing_more(), "a refused client never disconnects"
    with pytest.raises(KeyError):
        scene.eio.get_session(sid)
    with pytest.raises(KeyError):
        scene.eio.transport(sid)


@pytest.mark.parametrize("says", [None, True])
def test_a_connect_handler_accepts(scene: Scene, says: Any) -> None:
    scene.on_connect = lambda _sid, _environ: says
    Polling(scene.place).close()
    scene.websocket().close()


def test_a_connect_handler_that_fails_refuses(scene: Scene) -> None:
    def fail(_sid: str, _environ: Any) -> None:
        raise RuntimeError("expected in this test")

    scene.on_connect = fail
    with Http(scene.place) as http:
        answer = http.ask("GET", url())
    assert (answer.status, answer.json()) == (401, "Unauthorized")


def test_a_connect_handler_that_takes_too_long_is_not_waited_for(make: Callable[..., Scene]) -> None:
    scene = make(connect_timeout=0.2)
    gate = threading.Event()
    scene.on_connect = lambda _sid, _environ: gate.wait(PATIENCE) and None
    with Http(scene.place) as http:
        assert http.ask("GET", url()).status == 503
    gate.set()
    sid = scene.next()[1]
    assert scene.next() == ("disconnect", sid, "transport error"), "its handler had accepted it"


def test_a_client_that_leaves_while_its_connect_handler_runs_is_disconnected_afterwards(scene: Scene) -> None:
    gate = threading.Event()
    scene.on_connect = lambda _sid, _environ: gate.wait(PATIENCE) and None
    http = Http(scene.place)
    http.start("GET", url())
    sid = scene.next()[1]
    http.close()
    time.sleep(1.5)  # longer than a handler holds back its client's events
    assert scene.nothing_more()
    gate.set()
    assert scene.next() == ("disconnect", sid, "transport close")
    with pytest.raises(KeyError):
        scene.eio.get_session(sid)


def test_environ_is_a_wsgi_environment(scene: Scene) -> None:
    got: Queue[dict[str, Any]] = Queue()
    scene.on_connect = lambda _sid, environ: got.put(environ)
    headers = {
        "X-Custom-Field": "ü",
        "Cookie": "a=b",
        "Content-Type": "text/x",
        "X_Custom_Field": "spoofed",
        "Host": "chat.example:8080",
    }
    with Http(scene.place) as http:
        answer = http.ask(
            "GET", url() + "&name=%C3%BC&x", headers={k: v.encode().decode("latin-1") for k, v in headers.items()}
        )
    sid = json.loads(answer.text[1:])["sid"]
    environ = got.get(timeout=PATIENCE)
    assert environ == scene.eio.get_environ(sid)
    assert environ["REQUEST_METHOD"] == "GET"
    assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == ("", "/engine.io/")
    assert environ["QUERY_STRING"] == "EIO=4&transport=polling&name=%C3%BC&x"
    assert environ["REMOTE_ADDR"] == "127.0.0.1"
    assert int(environ["REMOTE_PORT"]) > 0
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"]) == ("chat.example", str(scene.eio.port))
    assert environ["SERVER_PROTOCOL"] == "HTTP/1.1"
    assert environ["HTTP_HOST"] == "chat.example:8080"
    assert environ["HTTP_COOKIE"] == "a=b"
    assert environ["HTTP_X_CUSTOM_FIELD"] == "ü".encode().decode("latin-1"), "not the one with underscores"
    assert environ["CONTENT_TYPE"] == "text/x"
    assert environ["wsgi.url_scheme"] == "http"
    assert environ["wsgi.version"] == (1, 0)
    assert environ["wsgi.input"].read() == b""
    assert environ["wsgi.errors"] is sys.stderr
    assert (environ["wsgi.multithread"], environ["wsgi.multiprocess"], environ["wsgi.run_once"]) == (True, False, False)
    assert scene.eio.get_environ("nobody") is None


# ---- Sending ----


@pytest.mark.parametrize(
    ("data", "packet"),
    [
        ("hello", "4hello"),
        ("", "4"),
        ({"a": [1, None]}, '4{"a":[1,null]}'),
        ([1, "ü"], '4[1,"\\u00fc"]'),
        (None, "4"),
        (5, "45"),
        (b"\x00\xff", b"\x00\xff"),
        (bytearray(b"ab"), b"ab"),
    ],
)
def test_send_takes_what_python_engineios_takes(scene: Scene, data: Any, packet: str | bytes) -> None:
    connection = scene.websocket()
    connection.recv()
    scene.eio.send(scene.next()[1], data)
    assert connection.recv() == packet
    connection.close()


def test_send_raises_for_what_cannot_be_sent_and_warns_for_who_is_not_there(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(TypeError):
        scene.eio.send("x", {"a": object()})
    scene.eio.logger.setLevel(logging.WARNING)
    with caplog.at_level(logging.WARNING, "chatterlink.engineio"):
        for sid in ("nobody", "__proto__", ""):
            scene.eio.send(sid, "x")
    assert caplog.text.count("Cannot send to sid") == 3


def test_what_a_thread_sends_arrives_in_that_order_also_from_the_connect_handler(scene: Scene) -> None:
    def welcome(sid: str, _environ: Any) -> None:
        for i in range(50):
            scene.eio.send(sid, f"w{i}")

    scene.on_connect = welcome
    connection = scene.websocket()
    assert str(connection.recv())[0] == "0"
    sid = scene.next()[1]
    for i in range(50, 100):
        scene.eio.send(sid, f"w{i}")
    assert [connection.recv() for _ in range(100)] == [f"4w{i}" for i in range(100)]
    connection.close()


def test_transport_follows_an_upgrade(scene: Scene) -> None:
    client = Polling(scene.place)
    assert scene.eio.transport(client.sid) == "polling"
    connection = open_websocket(scene.place, url(client.sid, transport="websocket"))
    connection.send("2probe")
    assert connection.recv() == "3probe"
    assert scene.eio.transport(client.sid) == "polling"
    connection.send("5")
    connection.send("4there")
    assert [scene.next()[0], scene.next()[2]] == ["connect", "there"]
    assert scene.eio.transport(client.sid) == "websocket"
    connection.close()
    scene.next()
    with pytest.raises(KeyError):
        scene.eio.transport(client.sid)


def test_disconnect_sends_what_was_queued_first_and_without_a_sid_ends_all(scene: Scene) -> None:
    client = Polling(scene.place)
    scene.eio.send(client.sid, "last words")
    scene.eio.disconnect(client.sid)
    assert client.poll().text == "4last words\x1e1"
    others = [scene.websocket() for _ in range(3)]
    scene.eio.disconnect()
    for each in others:
        assert wait_for_close(each) == 1000
    scene.eio.disconnect("nobody")


# ---- Sessions ----


def test_a_session_lasts_from_the_connect_handler_to_the_disconnect_handler(scene: Scene) -> None:
    left: Queue[Any] = Queue()

    def connect(sid: str, _environ: Any) -> None:
        with scene.eio.session(sid) as session:
            session["name"] = "Ana"

    scene.on_connect = connect
    scene.eio.on("disconnect", lambda sid: left.put(scene.eio.get_session(sid)))
    connection = scene.websocket()
    sid = scene.next()[1]
    assert scene.eio.get_session(sid) == {"name": "Ana"}
    scene.eio.save_session(sid, {"name": "Bo"})
    connection.close()
    assert left.get(timeout=PATIENCE) == {"name": "Bo"}
    until = time.monotonic() + PATIENCE
    while scene.eio.get_environ(sid) is not None and time.monotonic() < until:
        time.sleep(0.01)
    with pytest.raises(KeyError, match="Session not found"):
        scene.eio.get_session(sid)
    with pytest.raises(KeyError):
        scene.eio.save_session(sid, {})
    with pytest.raises(KeyError), scene.eio.session(sid):
        pass


# ---- Options ----


def test_the_handshake_says_what_the_options_say(make: Callable[..., Scene]) -> None:
    opened = Polling(
        make(ping_interval=(7, 3), ping_timeout=2.5, max_http_buffer_size=5000, allow_upgrades=False).place
    ).opened
    assert (opened["pingInterval"], opened["pingTimeout"]) == (10_000, 2500)
    assert (opened["maxPayload"], opened["upgrades"]) == (5000, [])


def test_max_http_buffer_size_bounds_a_post_and_a_message(make: Callable[..., Scene]) -> None:
    scene = make(max_http_buffer_size=1000)
    client = Polling(scene.place)
    assert client.post("4" + "x" * 999).status == 200
    assert client.post("4" + "x" * 1000).status == 413
    connection = scene.websocket()
    connection.recv()
    connection.send("4" + "x" * 1000)
    assert wait_for_close(connection) == 1009


def test_transports_can_be_switched_off(make: Callable[..., Scene]) -> None:
    scene = make(transports="websocket")
    with Http(scene.place) as http:
        assert http.ask("GET", url()).json()["code"] == 0
    scene.websocket().close()
    with pytest.raises(ValueError, match="No valid transports"):
        engineio.Server(transports=["pigeon"])


def test_cookies_by_name_and_by_attributes(make: Callable[..., Scene]) -> None:
    def cookie_of(scene: Scene) -> str:
        with Http(scene.place) as http:
            answer = http.ask("GET", url())
        sid = json.loads(answer.text[1:])["sid"]
        return str(answer.headers["Set-Cookie"]).replace(sid, "SID")

    assert cookie_of(make(cookie="io")).startswith("io=SID; Path=/")
    attributes = {"name": "id", "path": "/x", "HttpOnly": True, "Secure": lambda: True, "SameSite": "Strict"}
    assert cookie_of(make(cookie=attributes)) == "id=SID; Path=/x; HttpOnly; Secure; SameSite=Strict"
    with pytest.raises(ChatterLinkError, match="cookie"):
        make(cookie="not a\r\nname")


def test_cors_options_mean_what_they_mean_in_python_engineio(make: Callable[..., Scene]) -> None:
    def status(scene: Scene, origin: str) -> int:
        with Http(scene.place) as http:
            return http.ask("GET", url(), headers={"Origin": origin}).status

    own = make()
    assert status(own, f"http://127.0.0.1:{own.eio.port}") == 200
    assert status(own, "http://evil.example") == 403
    listed = make(cors_allowed_origins=["https://chat.example", "https://two.example"])
    assert status(listed, "https://two.example") == 200
    assert status(listed, "http://evil.example") == 403
    assert status(make(cors_allowed_origins="*"), "null") == 200
    assert status(make(cors_allowed_origins=[]), "http://anybody") == 200


def test_another_path(make: Callable[..., Scene]) -> None:
    scene = make(engineio_path="/real/time")
    with Http(scene.place) as http:
        assert http.ask("GET", url()).status == 404
        assert http.ask("GET", url(path="/real/time/")).status == 200


def test_a_json_module_of_ones_own(make: Callable[..., Scene]) -> None:
    class Shouting:
        @staticmethod
        def dumps(obj: Any, **_options: Any) -> str:
            return json.dumps(obj).upper()

        @staticmethod
        def loads(text: str) -> Any:
            return {"loaded": text}

    scene = make(json=Shouting)
    connection = scene.websocket()
    connection.recv()
    sid = scene.next()[1]
    connection.send("4{}")
    assert scene.next()[2] == {"loaded": "{}"}
    scene.eio.send(sid, ["a"])
    assert connection.recv() == '4["A"]'
    connection.close()


def test_monitor_clients_off_keeps_who_does_not_answer(make: Callable[..., Scene]) -> None:
    scene = make(ping_interval=0.1, ping_timeout=0.1, monitor_clients=False)
    connection = scene.websocket()
    connection.recv()
    for _ in range(5):
        assert connection.recv() == "2"
    connection.send("4still here")
    scene.next()
    assert scene.next()[2] == "still here"
    connection.close()


# ---- Life ----


def test_it_starts_stops_and_starts_again_and_tells_its_clients(scene: Scene) -> None:
    first = scene.eio.port
    connection = scene.websocket()
    scene.next()
    scene.eio.stop()
    assert scene.next()[2] == "server disconnect"
    assert wait_for_close(connection) == 1000
    assert not scene.eio.running
    scene.eio.send("x", "nobody is there")
    scene.eio.disconnect()
    scene.eio.start()
    assert scene.eio.port != 0
    assert first != 0
    Polling(scene.place).close()


def test_a_taken_port_is_an_error_and_leaves_nothing_running(scene: Scene) -> None:
    other = engineio.Server(port=scene.eio.port)
    with pytest.raises(ChatterLinkError) as error:
        other.start()
    assert error.value.code == "address_in_use"
    assert not other.running


def test_background_tasks_and_sleep(scene: Scene) -> None:
    got: Queue[Any] = Queue()

    def work(a: int, b: int = 0) -> None:
        scene.eio.sleep(0.01)
        got.put((a, b))

    task = scene.eio.start_background_task(work, 1, b=2)
    task.join(PATIENCE)
    assert got.get(timeout=PATIENCE) == (1, 2)


def test_a_stop_waits_for_a_handler_thread_that_is_only_starting(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    starting = threading.Event()
    start = threading.Thread.start

    def start_slowly(thread: threading.Thread) -> None:
        if thread.name.startswith("Server-"):
            starting.set()
            time.sleep(0.2)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_slowly)
    connection = scene.websocket()
    assert starting.wait(PATIENCE)
    scene.eio.stop()
    assert scene.next()[0] == "connect"
    until = time.monotonic() + PATIENCE  # a thread is listed until the very end of its life
    while [thread for thread in threading.enumerate() if thread.name.startswith("Server-")]:
        assert time.monotonic() < until
        time.sleep(0.01)
    connection.close()


def test_run_serves_until_sigterm() -> None:
    program = (
        "from chatterlink import engineio\n"
        "eio = engineio.Server()\n"
        "eio.on('message', lambda sid, data: eio.send(sid, data))\n"
        "def tell():\n"
        "    while not eio.running: eio.sleep(0.01)\n"
        "    print(eio.port, flush=True)\n"
        "eio.start_background_task(tell)\n"
        "eio.run('127.0.0.1', 0)\n"
        "print('over')\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        client = Polling(server_at(port))
        client.post("4hello")
        assert client.poll().text == "4hello"
        os.kill(process.pid, signal.SIGTERM)
        assert process.stdout.readline() == "over\n"
        assert process.wait(PATIENCE) == 0
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


# ---- python-engineio's own client ----


@pytest.mark.parametrize("transports", [["polling"], ["websocket"], None], ids=["polling", "websocket", "upgrade"])
def test_python_engineios_client_works(scene: Scene, transports: list[str] | None) -> None:
    scene.on_message = lambda sid, data: scene.eio.send(sid, data)
    client = python_engineio.Client()
    got: Queue[Any] = Queue()
    client.on("message", got.put)
    client.connect(f"http://127.0.0.1:{scene.eio.port}", transports=transports)
    sid = scene.next()[1]
    assert client.sid == sid
    wanted = "polling" if transports == ["polling"] else "websocket"
    assert client.transport() == wanted
    until = time.monotonic() + PATIENCE
    while scene.eio.transport(sid) != wanted:  # the client does not wait for an answer to its last word
        assert time.monotonic() < until
        time.sleep(0.01)
    for data in ("hello", {"a": [1, "ü"]}, b"\x00\xff", ["list"]):
        client.send(data)
        assert got.get(timeout=PATIENCE) == data
        assert scene.next() == ("message", sid, data)
    client.queue.join()  # it leaves without a word when its last POST is still on the way
    client.disconnect()
    assert scene.next()[:2] == ("disconnect", sid)


def test_python_engineios_client_is_told_of_a_refusal(scene: Scene) -> None:
    scene.on_connect = lambda _sid, _environ: "go away"
    client = python_engineio.Client()
    with pytest.raises(python_engineio.exceptions.ConnectionError) as error:
        client.connect(f"http://127.0.0.1:{scene.eio.port}")
    assert "go away" in str(error.value.args)
