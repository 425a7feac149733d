"""The chat of port 5555 as it is usually written first: one thread for each client, `recv` and `sendall`.

python line_server.py --port N

Every line goes to every client, the sender included, byte for byte.
"""

from __future__ import annotations

import argparse
import socket
import threading

clients: set[socket.socket] = set()
lock = threading.Lock()


def broadcast(lines: bytes) -> None:
    """Send to everybody; one lock, so that all clients see one order."""
    with lock:
        for client in list(clients):
            try:
                client.sendall(lines)
            except OSError:
                clients.discard(client)


def serve(client: socket.socket) -> None:
    """Read a client's lines until it goes."""
    rest = b""
    with client:
        while True:
            try:
                received = client.recv(64 * 1024)
            except OSError:
                received = b""
            if not received:
                break
            lines, newline, rest = (rest + received).rpartition(b"\n")
            if newline:
                broadcast(lines + newline)
        with lock:
            clients.discard(client)


def main() -> None:
    """Accept for ever."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    listener = socket.create_server(("127.0.0.1", parser.parse_args().port), backlog=4096)
    threading.stack_size(256 * 1024)
    while True:
        client, _ = listener.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with lock:
            clients.add(client)
        threading.Thread(target=serve, args=(client,), daemon=True).start()


if __name__ == "__main__":
    main()
