"""The two servers as processes, on ports of their own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from urllib.parse import urlsplit

from support import paths
from support.program import Program


class Server(Program):
    """A server that accepts connections at `host`:`port` once this is made."""

    host: str
    port: int


def server_at(port: int) -> Server:
    """One that this process runs, or that is no Server here, as the clients of support/ take it."""
    return cast(Server, SimpleNamespace(host="127.0.0.1", port=port))


class AppServer(Server):
    """`chatterlink app`, with a data folder of its own."""

    def __init__(
        self,
        data: Path,
        *,
        face: str = "binary",
        options: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start it on a free port (unless the options name one) and wait until it serves.

        data: its data folder; a server made with the folder of an ended one has that one's history.
        """
        self.data = data
        port = () if "--port" in options else ("--port", "0")
        super().__init__([*paths.command(face, "app"), *port, "--data", str(data), *options], environment=environment)
        self.url = _address_or_kill(self, r"https?://\S+?:\d+/").group()
        place = urlsplit(self.url)
        assert place.hostname is not None
        assert place.port is not None
        self.host, self.port = place.hostname, place.port


class LineServer(Server):
    """`chatterlink server`."""

    def __init__(
        self, *, face: str = "binary", options: Sequence[str] = (), environment: Mapping[str, str] | None = None
    ) -> None:
        """Start it on a free port (unless the options name one) and wait until it serves."""
        port = () if "--port" in options else ("--port", "0")
        super().__init__([*paths.command(face, "server"), *port, *options], environment=environment)
        found = _address_or_kill(self, r"listening on (\S+):(\d+)")
        self.host, self.port = found[1].strip("[]"), int(found[2])


def _address_or_kill(server: Server, pattern: str) -> re.Match[str]:
    try:
        return server.wait_for(pattern)
    except AssertionError:
        server.kill()
        raise
