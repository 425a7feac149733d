"""Answers to polls are compressed for clients that take gzip, and the page's client library understands them."""

from __future__ import annotations

import json
import sys

import requests

from conftest import StartApp
from support.program import PATIENCE, Program

TEXT = "much of the same " * 200


class Poller:
    """One polling session, request by request."""

    def __init__(self, url: str, accepts: str) -> None:
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Accept-Encoding"] = accepts
        self.url = f"{url}socket.io/?EIO=4&transport=polling"
        opened = self.poll()
        assert opened.headers.get("Content-Encoding") is None, "too short to be worth it"
        self.url += "&sid=" + json.loads(opened.text[1:])["sid"]

    def poll(self) -> requests.Response:
        answer = self.session.get(self.url, timeout=PATIENCE)
        assert answer.status_code == 200, answer.text
        return answer

    def post(self, packet: str) -> None:
        assert self.session.post(self.url, data=packet, timeout=PATIENCE).text == "ok"

    def hear_own_words(self) -> requests.Response:
        """Joins a room, says something long, and returns the answer that brings it back."""
        self.post("40")
        self.poll()
        self.post('42["join",{"username":"ada","room":"lobby"}]')
        self.post(f'42["message",{{"room":"lobby","message":"{TEXT}"}}]')
        while TEXT not in (answer := self.poll()).text:
            pass
        return answer


def test_a_long_answer_to_a_poll_is_compressed_for_a_client_that_takes_gzip(start_app: StartApp) -> None:
    server = start_app("--store", "memory", "--threads", "2")
    zipped = Poller(server.url, "gzip, deflate").hear_own_words()
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert zipped.headers["Vary"] == "Accept-Encoding"
    assert int(zipped.headers["Content-Length"]) < len(TEXT) // 4


def test_it_is_not_for_one_that_takes_none(start_app: StartApp) -> None:
    server = start_app("--store", "memory")
    plain = Poller(server.url, "identity").hear_own_words()
    assert plain.headers.get("Content-Encoding") is None
    assert plain.headers["Vary"] == "Accept-Encoding"


SERVER = """
import sys
from chatterlink.socketio import Server

sio = Server(port=0, http_compression=sys.argv[1] == "on", compression_threshold=int(sys.argv[2]))

@sio.event
def connect(sid, environ, auth):
    sio.emit("text", "x" * 600, to=sid)

sio.start()
print("port", sio.port, flush=True)
sio.wait()
"""


def coding_of_a_poll(switch: str, threshold: int) -> str | None:
    """How a server made in Python with these options codes an answer of 600 bytes."""
    with Program([sys.executable, "-u", "-c", SERVER, switch, str(threshold)]) as server:
        port = server.wait_for(r"port (\d+)")[1]
        poller = Poller(f"http://127.0.0.1:{port}/", "gzip")
        poller.post("40")
        while "x" * 600 not in (answer := poller.poll()).text:
            pass
        return answer.headers.get("Content-Encoding")


def test_a_server_in_python_says_from_how_many_bytes_on() -> None:
    assert coding_of_a_poll("on", 500) == "gzip"
    assert coding_of_a_poll("on", 1024) is None
    assert coding_of_a_poll("off", 1) is None
