"""ChatApp and LineServer as a Python program uses them."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from chatterlink import ChatApp, ChatterLinkError, LineClient, LineServer, __version__
from python_api.program import fetch, memory_app
from support.paths import ROOT
from support.program import PATIENCE
from support.websocket_wire import WireClient


def test_the_version_is_the_one_of_the_file() -> None:
    assert __version__ == (ROOT / "VERSION").read_text(encoding="utf-8").strip()


def test_an_app_serves_the_page_between_start_and_stop() -> None:
    app = memory_app()
    assert not app.running
    app.start()
    assert app.running
    assert app.port != 0
    assert app.url == f"http://127.0.0.1:{app.port}/"
    assert b"<html" in fetch(app.url).lower()
    port = app.port
    app.stop()
    assert not app.running
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)


@pytest.mark.parametrize("ws_deflate", [True, False])
def test_an_app_agrees_on_compression_only_when_told_to(data_folder: Path, ws_deflate: bool) -> None:
    with ChatApp(port=0, store="memory", data=data_folder, ws_deflate=ws_deflate) as app:
        client = WireClient(
            "127.0.0.1", app.port, "/socket.io/?EIO=4&transport=websocket", extensions="permessage-deflate"
        )
        assert ("permessage-deflate" in client.extensions) == ws_deflate


def test_with_starts_and_stops() -> None:
    with memory_app() as app, LineServer(port=0) as server:
        assert app.running
        assert server.running
        assert server.url == f"tcp://127.0.0.1:{server.port}"
    assert not app.running
    assert not server.running


@pytest.mark.parametrize("make", [memory_app, lambda: LineServer(port=0)])
def test_starting_and_stopping_twice_is_starting_and_stopping(make: Callable[[], ChatApp | LineServer]) -> None:
    service = make()
    service.stop()
    service.start()
    port = service.port
    service.start()
    assert service.port == port
    service.stop()
    service.stop()
    assert not service.running
    service.start()
    socket.create_connection(("127.0.0.1", service.port), timeout=PATIENCE).close()
    service.stop()


def test_the_history_is_in_the_data_folder_given(data_folder: Path) -> None:
    assert not data_folder.exists()
    with ChatApp(port=0, data=data_folder) as app:
        assert "sqlite" in app.store_description.lower()
    assert any(data_folder.iterdir())


def test_stop_ends_an_app_that_has_open_connections() -> None:
    app = memory_app()
    app.start()
    with socket.create_connection(("127.0.0.1", app.port), timeout=PATIENCE) as idle:
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert idle.recv(65536).startswith(b"HTTP/1.1 200")
        began = time.monotonic()
        app.stop()
        assert time.monotonic() - began < 6
        while idle.recv(65536):
            pass  # what it still says, then the orderly end


def test_many_starts_and_stops_leave_no_descriptor_and_no_thread() -> None:
    def held() -> tuple[int, int]:
        return len(list(Path("/proc/self/fd").iterdir())), len(list(Path("/proc/self/task").iterdir()))

    def once() -> None:
        with memory_app() as app, LineServer(port=0) as server, LineClient(port=server.port) as client:
            fetch(app.url)
            client.send("hello")

    once()
    before = held()
    for _ in range(5):
        once()
    until = time.monotonic() + PATIENCE  # the system lists a thread a little longer than it can be joined
    while held() > before and time.monotonic() < until:
        time.sleep(0.01)
    assert held() <= before


# Errors


@pytest.mark.parametrize("make", [memory_app, lambda port: LineServer(port=port)])
def test_a_taken_port_is_an_error_with_a_code(make: Callable[[int], ChatApp | LineServer]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        service = make(port)
        with pytest.raises(ChatterLinkError) as caught:
            service.start()
        assert caught.value.code == "address_in_use"
        assert str(port) in caught.value.message
        assert str(caught.value) == caught.value.message
        assert not service.running
    service.start()  # once it is free
    assert service.port == port
    service.stop()


def test_an_unusable_data_folder_is_an_error_with_a_code(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(ChatterLinkError) as caught:
        ChatApp(port=0, data=file / "folder").start()
    assert caught.value.code == "io_failed"
    assert str(file) in caught.value.message


def test_bad_options_are_errors_with_a_code() -> None:
    bad: list[Callable[[], object]] = [
        lambda: ChatApp(port=65536),
        lambda: ChatApp(port=-1),
        lambda: ChatApp(threads=-1),
        lambda: ChatApp(max_upload=-1),
        lambda: ChatApp(max_upload=0),
        lambda: ChatApp(max_upload=(1 << 30) + 1),
        lambda: ChatApp(threads=1025),
        lambda: LineServer(threads=1025),
        lambda: LineServer(port=1 << 40),
        lambda: LineClient(port=-5),
        lambda: ChatApp(port=0, store="papyrus").start(),
        lambda: ChatApp(port=0, store="memory", log_level="loud").start(),
        lambda: LineServer(port=0, log_level="loud").start(),
    ]
    for attempt in bad:
        with pytest.raises(ChatterLinkError) as caught:
            attempt()
        assert caught.value.code == "config_invalid"


def test_options_are_given_by_name() -> None:
    with pytest.raises(TypeError):
        ChatApp("127.0.0.1")  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        ChatApp(prot=5000)  # type: ignore[call-arg]
