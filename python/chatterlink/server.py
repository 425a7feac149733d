"""The server of the line chat, for use from code; as a script (`python server.py`) the same as `chatterlink server`."""

from __future__ import annotations

if __name__ == "__main__":  # started as `python server.py`; this ends the process
    import os
    import runpy

    runpy.run_path(os.path.join(os.path.dirname(__file__), "_script.py"))["run"]("server", __file__)

import os

from chatterlink import _core
from chatterlink._service import Service, path_text


class LineServer(Service):
    r"""The chat over plain TCP: lines of UTF-8 that end in \n, passed on to everybody.

    >>> with LineServer(port=0) as server, LineClient(port=server.port) as client:
    ...     client.send("hello")
    ...     client.receive(timeout=5)
    'hello'
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 5555,
        echo: bool = True,
        threads: int = 1,
        rate_limit: bool = True,
        log_level: str = "info",
        unix_socket: str | os.PathLike[str] | None = None,
        tls_cert: str | os.PathLike[str] | None = None,
        tls_key: str | os.PathLike[str] | None = None,
    ) -> None:
        """Only takes the options; nothing is bound before start().

        host: the address to listen on; "0.0.0.0" for every IPv4 address of this machine.
        port: 0 lets the system choose a free one; `port` tells which.
        echo: whether the sender gets its own message back, as everybody else does.
        threads: how many serve connections; 0: one for each core, at most 8.
        rate_limit: whether one client's messages are limited.
        log_level: trace, debug, info, warning, error, critical or off; the log goes to standard error.
        unix_socket: a path to listen at instead of host and port; its owner and group may connect.
        tls_cert, tls_key: speak TLS with this certificate (PEM, with its chain) and its key (PEM, no pass phrase).

        Raises ChatterLinkError: config_invalid (a number out of range; the rest is checked by start()).
        """
        super().__init__(
            _core.LineServer(
                host=host,
                port=port,
                echo=echo,
                threads=threads,
                rate_limit=rate_limit,
                log_level=log_level,
                unix_socket=path_text(unix_socket),
                tls_cert=path_text(tls_cert),
                tls_key=path_text(tls_key),
            )
        )
        self._host = host
        self._unix_socket = path_text(unix_socket)
        self._scheme = "tls" if tls_cert is not None else "tcp"

    @property
    def url(self) -> str:
        """The address as a URL: "tcp://127.0.0.1:5555", "tls://127.0.0.1:5555", "tcp+unix:/run/chat.sock"."""
        if self._unix_socket:
            return f"{self._scheme}+unix:{self._unix_socket}"
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{self._scheme}://{host}:{self.port}"
