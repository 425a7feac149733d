"""A page of one origin that talks to a chatterlink.socketio.Server of another, in Chromium."""

from __future__ import annotations

import functools
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from support import paths
from support.program import PATIENCE
from support.socketio_process import SocketIOProcess

PROGRAM = paths.ROOT / "tests" / "py" / "programs" / "meeting_point.py"
LIBRARY = paths.ROOT / "tests" / "py" / "node" / "node_modules" / "socket.io-client" / "dist" / "socket.io.min.js"

#: Runs in the page: connects, asks for an echo, tells how that went.
_TALK = """([url, options]) => new Promise((done) => {
  const socket = io(url, {reconnection: false, forceNew: true, ...options});
  const end = (result) => { socket.disconnect(); done(result); };
  socket.on('connect_error', (error) => end({refused: error.message}));
  socket.on('connect', async () => {
    if (options.upgrade !== false && socket.io.engine.transport.name === 'polling' && !options.transports)
      await new Promise((go) => socket.io.engine.once('upgrade', go));
    const blob = new Uint8Array([0, 1, 254, 255]);
    socket.emit('echo', {deep: [blob.buffer]}, 'text', (first, second) => end({
      bytes: Array.from(new Uint8Array(first.deep[0])), text: second,
      transport: socket.io.engine.transport.name,
    }));
  });
})"""


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
        pass


@pytest.fixture(scope="module")
def page_origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the page comes from: a web server of its own, with npm's client."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "client.js").write_bytes(Path(LIBRARY).read_bytes())
    (folder / "index.html").write_text('<!doctype html><title>elsewhere</title><script src="client.js"></script>')
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def talk(chromium: Browser, page_origin: str, server: SocketIOProcess, **options: Any) -> dict[str, Any]:
    """What became of a page's connection."""
    context = chromium.new_context()
    try:
        page = context.new_page()
        page.set_default_timeout(PATIENCE * 1000)
        page.goto(page_origin)
        result: dict[str, Any] = page.evaluate(_TALK, [server.url, options])
        return result
    finally:
        context.close()


WAYS: list[dict[str, Any]] = [{"transports": ["polling"]}, {"transports": ["websocket"]}, {}]
IDS = ["polling", "websocket", "upgrade"]


@pytest.mark.parametrize("credentials", [False, True], ids=["plain", "credentials"])
@pytest.mark.parametrize("way", WAYS, ids=IDS)
def test_an_origin_that_is_allowed_talks(
    chromium: Browser, page_origin: str, way: dict[str, Any], credentials: bool
) -> None:
    options = {"cors_allowed_origins": [page_origin], "cookie": "place"}
    with SocketIOProcess(PROGRAM, json.dumps(options)) as server:
        said = talk(chromium, page_origin, server, withCredentials=credentials, **way)
    wanted = "polling" if way.get("transports") == ["polling"] else "websocket"
    assert said == {"bytes": [0, 1, 254, 255], "text": "text", "transport": wanted}


@pytest.mark.parametrize("allowed", ["http://example.com", None], ids=["another", "none"])
@pytest.mark.parametrize("way", WAYS, ids=IDS)
def test_an_origin_that_is_not_allowed_is_refused(
    chromium: Browser, page_origin: str, way: dict[str, Any], allowed: str | None
) -> None:
    options = {"cors_allowed_origins": allowed and [allowed]}
    with SocketIOProcess(PROGRAM, json.dumps(options)) as server:
        said = talk(chromium, page_origin, server, **way)
    wanted = "websocket error" if way.get("transports") == ["websocket"] else "xhr poll error"
    assert said == {"refused": wanted}
