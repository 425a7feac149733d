"""The one exception of this package."""

from __future__ import annotations


class ChatterLinkError(Exception):
    """Something could not be done.

    `code` is for programs: one of the codes of docs/protocol.md, for example "address_in_use" (the port is taken),
    "config_invalid" (a bad option), "io_failed" (a folder or a connection cannot be used), "message_too_long".
    `message` is a sentence for people, and what str() gives.
    """

    code: str
    message: str

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return self.message
