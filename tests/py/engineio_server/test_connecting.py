"""chatterlink.engineio.Server: who is let in, and what the connect handler learns of them."""

from __future__ import annotations

import json
import sys
import threading
import time
from queue import Queue
from typing import Any

import pytest

from engineio_server.scene import MakeScene, Scene
from support.engineio import Http, Polling, refused, url
from support.program import PATIENCE


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


def test_a_connect_handler_that_takes_too_long_is_not_waited_for(make: MakeScene) -> None:
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
