"""What the methods of chatterlink.socketio raise; the names of python-socketio."""

from __future__ import annotations

from typing import Any


class SocketIOError(Exception):
    """The base of the others."""


class ConnectionError(SocketIOError):  # noqa: A001  # python-socketio's name
    """A connection could not be made."""


class ConnectionRefusedError(ConnectionError):  # noqa: A001
    """Raised by a connect handler to refuse the client, which gets the arguments.

    The client's connect_error event has {"message": str(first argument)}, with "data": the second argument, or the
    list of all further ones. Without arguments the message is "Connection rejected by server".
    """

    error_args: dict[str, Any]

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self.error_args = refusal(*args)


class TimeoutError(SocketIOError):  # noqa: A001
    """The client did not answer in time, or left."""


class BadNamespaceError(SocketIOError):
    """The namespace is not connected."""


class DisconnectedError(SocketIOError):
    """The connection is over."""


def refusal(*args: object) -> dict[str, Any]:
    """The payload of the CONNECT_ERROR packet for an exception's arguments."""
    if not args:
        return {"message": "Connection rejected by server"}
    if len(args) == 1:
        return {"message": str(args[0])}
    return {"message": str(args[0]), "data": args[1] if len(args) == 2 else args[1:]}
