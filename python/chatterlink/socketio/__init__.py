"""A Socket.IO server with the names and semantics of python-socketio, on the C++ engine.

>>> from chatterlink import socketio
>>> sio = socketio.Server()
>>> @sio.event
... def hello(sid, name):
...     return f"Hello {name}"
>>> sio.run("127.0.0.1", 5000)

See docs/python.md.
"""

from chatterlink.socketio import exceptions
from chatterlink.socketio.exceptions import (
    BadNamespaceError,
    ConnectionError,  # noqa: A004  # python-socketio's names
    ConnectionRefusedError,  # noqa: A004
    DisconnectedError,
    SocketIOError,
    TimeoutError,  # noqa: A004
)
from chatterlink.socketio.namespace import Namespace
from chatterlink.socketio.server import Server

__all__ = [
    "BadNamespaceError",
    "ConnectionError",
    "ConnectionRefusedError",
    "DisconnectedError",
    "Namespace",
    "Server",
    "SocketIOError",
    "TimeoutError",
    "exceptions",
]
