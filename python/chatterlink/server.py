"""The server of the line chat, for use from code; as a script (`python server.py`) the same as `chatterlink server`."""

from __future__ import annotations

if __name__ == "__main__":  # started as `python server.py`; this ends the process
    import os
    import runpy

    runpy.run_path(os.path.join(os.path.dirname(__file__), "_script.py"))["run"]("server", __file__)

from chatterlink import _core
from chatterlink._service import Service


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
    ) -> None:
        """Only takes the options; nothing is bound before start().

        host: the address to listen on; "0.0.0.0" for every IPv4 address of this machine.
        port: 0 lets the system choose a free one; `port` tells which.
        echo: whether the sender gets its own message back, as everybody else does.
        threads: how many serve connections; 0: one for each core, at most 8.
        rate_limit: whether one client's messages are limited.
        log_level: trace, debug, info, warning, error, critical or off; the log goes to standard error.

        Raises ChatterLinkError: config_invalid (a number out of range; the rest is checked by start()).
        """
        super().__init__(
            _core.LineServer(
                host=host, port=port, echo=echo, threads=threads, rate_limit=rate_limit, log_level=log_level
            )
        )
        self._host = host

    @property
    def url(self) -> str:
        """The address as a URL, for example "tcp://127.0.0.1:5555"."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"tcp://{host}:{self.port}"
