"""A client of the line chat, for use from code; as a script (`python client.py`) the same as `chatterlink client`."""

from __future__ import annotations

if __name__ == "__main__":  # started as `python client.py`; this ends the process
    import os
    import runpy

    runpy.run_path(os.path.join(os.path.dirname(__file__), "_script.py"))["run"]("client", __file__)

import os
import weakref
from collections.abc import Iterator
from types import TracebackType
from typing import TypeVar

from chatterlink import _core
from chatterlink._service import path_text

_Self = TypeVar("_Self", bound="LineClient")


class LineClient:
    """One connection to a line chat, read by a thread of its own.

    All methods may be called from any thread; none holds the GIL while it blocks. A connection that is still open
    when the object is collected, or when Python ends, is closed then. It does not reconnect by itself: when `ended`
    turns true, start() connects anew.

    >>> with LineClient(port=5555, name="ada") as client:
    ...     client.send("hello")
    ...     for line in client:
    ...         print(line)
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 5555,
        name: str = "",
        tls: bool = False,
        tls_ca: str | os.PathLike[str] | None = None,
    ) -> None:
        """Only takes the options; start() connects.

        name: the name to have in the chat; empty: whatever the server gives.
        tls: speak TLS; the server's certificate has to be good for `host`.
        tls_ca: the certificates (PEM) to believe instead of the system's; means tls.

        Raises ChatterLinkError: config_invalid (the port is out of range).
        """
        self._core = _core.LineClient(
            host=host, port=port, name=name, tls=tls or tls_ca is not None, tls_ca=path_text(tls_ca)
        )
        self._address = f"{host}:{port}"
        weakref.finalize(self, self._core.stop)  # must not refer to self

    def start(self) -> None:
        """Connect, for at most 10 s. Connected already: nothing happens.

        Raises ChatterLinkError: io_failed (refused, unknown host, no answer, a certificate that is not to be
        believed), name_invalid, config_invalid (tls_ca holds no certificate).
        """
        self._core.start()

    def stop(self) -> None:
        """Close the connection. What was received stays receivable; a waiting receive() returns."""
        self._core.stop()

    def send(self, line: str) -> None:
        r"""Send one line; the \n is added.

        Blocks while the server takes nothing, for at most 10 s. Who sends much should receive in another thread.

        Raises ChatterLinkError: message_invalid (holds a newline), message_too_long (over 8,192 bytes),
        io_failed (not connected); UnicodeEncodeError: holds lone surrogates.
        """
        if not isinstance(line, str):
            raise TypeError(f"line must be a str, not {type(line).__name__}")
        self._core.send(line.encode())

    def receive(self, timeout: float | None = None) -> str | None:
        """Return the next line without its newline, waiting `timeout` seconds for it (None: for ever).

        None when none came in that time, or none will ever come: `ended` tells. Ctrl-C raises KeyboardInterrupt.
        """
        return self._core.receive(timeout)

    def __iter__(self) -> Iterator[str]:
        """Every line until the connection is over."""
        while True:
            line = self.receive()
            if line is None:
                return
            yield line

    @property
    def connected(self) -> bool:
        """True from start() until the connection is over, for whatever reason."""
        return self._core.connected

    @property
    def ended(self) -> bool:
        """True once the connection is over and nothing is left to receive."""
        return self._core.ended

    def __enter__(self: _Self) -> _Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<chatterlink.LineClient {'connected to' if self.connected else 'for'} {self._address}>"
