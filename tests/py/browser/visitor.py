"""Other people in a room, without a browser: python-socketio against the same server."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any

import requests
import socketio  # type: ignore[import-untyped]

from support.program import PATIENCE
from support.servers import AppServer


class Visitor:
    """Somebody in rooms of a server. `with` disconnects at the end. Every refusal is an AssertionError."""

    def __init__(self, server: AppServer, name: str, *rooms: str) -> None:
        self.name = name
        self._address = server.url
        self._socket = socketio.Client(reconnection=False)
        self._socket.connect(server.url, transports=["websocket"], wait_timeout=PATIENCE)
        for room in rooms or ("general",):
            self.join(room)

    def request(self, event: str, **payload: Any) -> dict[str, Any]:
        """Ask the server, and return its answer, which must be a good one."""
        answer = self._socket.call(event, payload, timeout=PATIENCE)
        assert isinstance(answer, dict)
        assert answer.get("ok") is True, f"{event} {payload!r:.200} was answered with {answer}"
        return answer

    def join(self, room: str) -> dict[str, Any]:
        return self.request("join", username=self.name, room=room)

    def leave(self, room: str) -> None:
        self.request("leave", room=room)

    def say(self, text: str, room: str = "general", *images: dict[str, Any]) -> int:
        """Say something, with uploaded images if there are any; returns its place in the room."""
        attachments = [{"url": image["url"]} for image in images]
        answer = self.request("message", room=room, message=text, attachments=attachments)
        return int(answer["seq"])

    def write(self, room: str = "general", typing: bool = True) -> None:
        """Be seen to type, or to have stopped."""
        self._socket.emit("typing", {"room": room, "typing": typing})

    def history(self, room: str = "general") -> list[dict[str, Any]]:
        """The newest messages of a room."""
        return list(self.request("history", room=room, limit=100)["messages"])

    def upload(self, image: bytes, name: str, kind: str = "image/png") -> dict[str, Any]:
        """Upload an image and return what the server says of it."""
        answer = requests.post(
            self._address + "upload", files={"file": (Path(name).name, image, kind)}, timeout=PATIENCE
        ).json()
        assert answer["ok"] is True, answer
        return dict(answer)

    def __enter__(self) -> Visitor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.disconnect()
