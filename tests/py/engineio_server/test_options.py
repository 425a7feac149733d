"""chatterlink.engineio.Server: every option does what python-engineio's does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chatterlink import ChatterLinkError, engineio
from engineio_server.scene import MakeScene, Scene
from support.engineio import Http, Polling, url, wait_for_close


def test_the_handshake_says_what_the_options_say(make: MakeScene) -> None:
    opened = Polling(
        make(ping_interval=(7, 3), ping_timeout=2.5, max_http_buffer_size=5000, allow_upgrades=False).place
    ).opened
    assert (opened["pingInterval"], opened["pingTimeout"]) == (10_000, 2500)
    assert (opened["maxPayload"], opened["upgrades"]) == (5000, [])


def test_max_http_buffer_size_bounds_a_post_and_a_message(make: MakeScene) -> None:
    scene = make(max_http_buffer_size=1000)
    client = Polling(scene.place)
    assert client.post("4" + "x" * 999).status == 200
    assert client.post("4" + "x" * 1000).status == 413
    connection = scene.websocket()
    connection.recv()
    connection.send("4" + "x" * 1000)
    assert wait_for_close(connection) == 1009


def test_transports_can_be_switched_off(make: MakeScene) -> None:
    scene = make(transports="websocket")
    with Http(scene.place) as http:
        assert http.ask("GET", url()).json()["code"] == 0
    scene.websocket().close()
    with pytest.raises(ValueError, match="No valid transports"):
        engineio.Server(transports=["pigeon"])


def test_cookies_by_name_and_by_attributes(make: MakeScene) -> None:
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


def test_cors_options_mean_what_they_mean_in_python_engineio(make: MakeScene) -> None:
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


def test_another_path(make: MakeScene) -> None:
    scene = make(engineio_path="/real/time")
    with Http(scene.place) as http:
        assert http.ask("GET", url()).status == 404
        assert http.ask("GET", url(path="/real/time/")).status == 200


def test_a_json_module_of_ones_own(make: MakeScene) -> None:
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


def test_monitor_clients_off_keeps_who_does_not_answer(make: MakeScene) -> None:
    scene = make(ping_interval=0.1, ping_timeout=0.1, monitor_clients=False)
    connection = scene.websocket()
    connection.recv()
    for _ in range(5):
        assert connection.recv() == "2"
    connection.send("4still here")
    scene.next()
    assert scene.next()[2] == "still here"
    connection.close()
