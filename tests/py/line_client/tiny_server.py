"""The server that the client talks to."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

from line_client.program import wait_until


class TinyServer:
    """Notes every line, sends it back to its sender when `echo`, and says what the test tells it to say."""

    def __init__(self, port: int = 0, echo: bool = True, delay: float = 0) -> None:
        self.echo = echo
        self.delay = delay
        self.lines: list[str] = []
        self.peers: list[socket.socket] = []
        self.connections = 0
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            self.peers.append(peer)
            self.connections += 1
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        with contextlib.suppress(OSError), peer.makefile("rb") as stream:
            for line in stream:
                self.lines.append(line.decode().rstrip("\n"))
                time.sleep(self.delay)
                if self.echo and not line.startswith(b"/"):
                    peer.sendall(line)
        with contextlib.suppress(OSError):
            peer.close()

    def say(self, text: str | bytes) -> None:
        """To everybody who is there; who leaves at that moment misses it."""
        for peer in self.peers:
            with contextlib.suppress(OSError):
                peer.sendall(text if isinstance(text, bytes) else text.encode())

    def await_lines(self, *lines: str) -> None:
        wait_until(lambda: self.lines == list(lines), f"{lines} arrive; so far {self.lines}")

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for peer in self.peers:
            with contextlib.suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)
        self.peers.clear()
