"""The servers that are measured: how each is started, and why one may be missing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from bench.paths import BINARIES, OUT, PEERS

PYTHON = OUT / "venv" / "bin" / "python"


@dataclass(frozen=True)
class Server:
    """A server to measure. In `command`, `{port}` and `{data}` (an empty folder) are filled in at the start."""

    name: str
    label: str
    command: tuple[str, ...]
    protocol: str = "socketio"
    installed_as: str | None = None
    """The name under which scripts/prepare-bench says that it could not be installed; None: it is ours."""
    load: tuple[str, ...] = ()
    """What the load generator is told besides, for this server alone."""
    chats: bool = True
    """It keeps the contract of bench/peers/README.md, and is checked for it."""
    noise: tuple[str, ...] = ()
    """The load that another generator puts on it meanwhile, which is not measured."""

    def missing(self) -> str | None:
        """Why it cannot be started; None if it can."""
        if self.installed_as is not None:
            reason = OUT / "missing" / self.installed_as
            if reason.exists():
                return reason.read_text(encoding="utf-8").strip() or "its installation failed"
        program = self.command[0]
        if "/" in program and not Path(program).exists():
            return f"{program} is not there: run `make bench` (or scripts/build and scripts/prepare-bench)"
        return None


UNLIMITED = ("--rate-limit", "off", "--log-level", "warning")


def chatterlink(
    *options: str, name: str = "chatterlink", label: str = "ChatterLink", threads: int = 1, store: str = "memory"
) -> Server:
    """The whole chat, as it is measured everywhere: nothing left out but the limits on how fast one client may be."""
    command = (
        *(str(BINARIES / "chatterlink-app"), "--port", "{port}", "--data", "{data}", "--store", store),
        *("--threads", str(threads), *UNLIMITED, *options),
    )
    return Server(name, label, command)


def over_polling(server: Server) -> Server:
    """The same server, spoken to by long polling."""
    return replace(server, protocol="polling")


CHATTERLINK = chatterlink()
CHATTERLINK_LINES = Server(
    "chatterlink",
    "ChatterLink, lines",
    (str(BINARIES / "chatterlink-server"), "--port", "{port}", "--threads", "1", *UNLIMITED),
    protocol="lines",
)

UWEBSOCKETS = Server(
    "uwebsockets",
    "uWebSockets pub/sub, bare",
    (str(OUT / "bin" / "peer-uwebsockets"), "--port", "{port}"),
    protocol="websocket",
    installed_as="uwebsockets",
)
UWEBSOCKETS_JOINS = Server(
    "uwebsockets-joins",
    "uWebSockets, joins answered with fixed texts",
    (*UWEBSOCKETS.command, "--joins"),
    installed_as="uwebsockets",
    chats=False,
)
"""What a Socket.IO client's three exchanges cost a server that does nothing for them."""
NODE = Server(
    "node",
    "Node socket.io, ws",
    ("node", str(PEERS / "node" / "server.js"), "--port", "{port}"),
    installed_as="node",
)
NODE_UWS = Server(
    "node-uws",
    "Node socket.io, uWebSockets.js",
    ("node", str(PEERS / "node" / "server.js"), "--port", "{port}", "--engine", "uws"),
    installed_as="node-uws",
)
SOCKETIOXIDE = Server(
    "socketioxide",
    "socketioxide (Rust)",
    (str(OUT / "rust" / "release" / "peer-socketioxide"), "--port", "{port}"),
    installed_as="socketioxide",
)
GO = Server("go", "zishang520/socket.io (Go)", (str(OUT / "bin" / "peer-go"), "--port", "{port}"), installed_as="go")
ASGI = Server(
    "asgi",
    "python-socketio, uvicorn",
    (str(PYTHON), str(PEERS / "python" / "asgi_server.py"), "--port", "{port}"),
    installed_as="asgi",
)
FLASK = Server(
    "flask",
    "Flask-SocketIO, gevent",
    (str(PYTHON), str(PEERS / "python" / "flask_server.py"), "--port", "{port}"),
    installed_as="flask",
)
PYTHON_THREADS = Server(
    "python-threads",
    "Python, a thread per client",
    (str(PYTHON), str(PEERS / "python" / "line_server.py"), "--port", "{port}"),
    protocol="lines",
)
NGINX = Server(
    "nginx",
    "nginx",
    (str(PEERS / "nginx" / "serve"), "{port}", "{data}"),
    protocol="http",
    installed_as="nginx",
)

SOCKETIO_PEERS = (NODE, NODE_UWS, SOCKETIOXIDE, GO, ASGI, FLASK)
PEERS_OF_THE_CHAT = (UWEBSOCKETS, *SOCKETIO_PEERS)
