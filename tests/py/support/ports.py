"""Ports that a test needs to know before a server has one, or that a second server takes over."""

from __future__ import annotations

import random
import socket
from contextlib import closing, suppress


def free_port() -> int:
    """Below those that the system gives to who asks for any, as other tests do meanwhile."""
    while True:
        port = random.randrange(12_000, 32_000)
        with suppress(OSError), closing(socket.create_server(("127.0.0.1", port))):
            return port
