"""The web chat, for use from code; as a script (`python app.py`) the same as `chatterlink app`."""

from __future__ import annotations

if __name__ == "__main__":  # started as `python app.py`; this ends the process
    import os
    import runpy

    runpy.run_path(os.path.join(os.path.dirname(__file__), "_script.py"))["run"]("app", __file__)

import os

from chatterlink import _core
from chatterlink._service import Service, path_text


class ChatApp(Service):
    """The web chat: page, Socket.IO, uploads and history, on threads of its own.

    >>> app = ChatApp(port=0, store="memory")
    >>> app.start()
    >>> app.url
    'http://127.0.0.1:41234/'
    >>> app.stop()

    or `with ChatApp() as app: ...`, or `ChatApp().run()` to serve until Ctrl-C.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 5000,
        data: str | os.PathLike[str] | None = None,
        store: str = "sqlite",
        threads: int = 0,
        rate_limit: bool = True,
        max_upload: int = 10 * 1024 * 1024,
        log_level: str = "info",
        unix_socket: str | os.PathLike[str] | None = None,
        tls_cert: str | os.PathLike[str] | None = None,
        tls_key: str | os.PathLike[str] | None = None,
        trusted_proxies: str = "",
        ws_deflate: bool = False,
    ) -> None:
        """Only takes the options; nothing is opened or bound before start().

        host: the address to listen on; "0.0.0.0" for every IPv4 address of this machine.
        port: 0 lets the system choose a free one; `port` tells which.
        data: the folder for history and uploads; None: $XDG_DATA_HOME/chatterlink.
        store: where the history is kept: "sqlite" (in the data folder) or "memory" (gone after stop()).
        threads: how many serve connections; 0: one for each core, at most 8.
        rate_limit: whether one client's messages, joins and uploads are limited.
        max_upload: bytes of one image.
        log_level: trace, debug, info, warning, error, critical or off; the log goes to standard error.
        unix_socket: a path to listen at instead of host and port; its owner and group may connect.
        tls_cert, tls_key: speak TLS with this certificate (PEM, with its chain) and its key (PEM, no pass phrase).
        trusted_proxies: whose X-Forwarded-For, -Proto and -Host to believe: addresses, networks ("10.0.0.0/8") and
            "unix", with commas between.
        ws_deflate: whether long messages are compressed for browsers that can (permessage-deflate, RFC 7692).

        Raises ChatterLinkError: config_invalid (a number out of range; the rest is checked by start()).
        """
        core = _core.ChatApp(
            host=host,
            port=port,
            data=path_text(data),
            store=store,
            threads=threads,
            rate_limit=rate_limit,
            max_upload=max_upload,
            log_level=log_level,
            unix_socket=path_text(unix_socket),
            tls_cert=path_text(tls_cert),
            tls_key=path_text(tls_key),
            trusted_proxies=trusted_proxies,
            ws_deflate=ws_deflate,
        )
        super().__init__(core)
        self._app = core

    @property
    def url(self) -> str:
        """Where a browser finds it, "http://127.0.0.1:5000/"; or "http+unix:/run/chat.sock" at a Unix socket."""
        with self._change:
            return self._app.url

    @property
    def store_description(self) -> str:
        """Where the history is kept, in words."""
        with self._change:
            return self._app.store_description
