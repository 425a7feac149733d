"""What a test does with a Socket.IO client of the web chat, whichever library is behind it."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar

from support.program import PATIENCE

_Self = TypeVar("_Self", bound="ChatClient")

#: What the payload of an event or an answer is: an object of the wire contract.
Payload = dict[str, Any]

#: How a client gets to the server.
TRANSPORTS = ("polling", "websocket", "upgrade")


class ChatClient(ABC):
    """A connected client. What arrives is kept, in order, by the library's own thread."""

    def __init__(self) -> None:
        self._arrived: list[tuple[str, Any]] = []
        self._news = threading.Condition()
        self._gone: str | None = None

    # For the implementations: called from any thread.

    def _take_event(self, name: str, payload: Any) -> None:
        with self._news:
            self._arrived.append((name, payload))
            self._news.notify_all()

    def _take_return(self) -> None:
        """A library that reconnects by itself is back."""
        with self._news:
            self._gone = None

    def _take_end(self, reason: str) -> None:
        with self._news:
            if self._gone is None:
                self._gone = reason
            self._news.notify_all()

    @abstractmethod
    def emit(self, event: str, *arguments: Any) -> None:
        """Send an event and ask for no ack."""

    @abstractmethod
    def call(self, event: str, *arguments: Any) -> Payload:
        """Send an event, wait for its ack, return the ack's argument."""

    @abstractmethod
    def transport(self) -> str:
        """What it talks over now: "polling" or "websocket"."""

    @abstractmethod
    def close(self) -> None:
        """Leave as the library leaves, and wait until that is done."""

    # What tests use.

    def received(self, name: str) -> list[Any]:
        """The payloads of all events of that name up to now."""
        with self._news:
            return [payload for event, payload in self._arrived if event == name]

    def wait_for(
        self, name: str, where: Callable[[Any], bool] = lambda payload: True, timeout: float = PATIENCE
    ) -> Any:
        """The payload of the first event of that name (also one that came before) that `where` accepts."""
        return self.wait_for_all(name, 1, where, timeout)[0]

    def wait_for_all(
        self, name: str, count: int, where: Callable[[Any], bool] = lambda payload: True, timeout: float = PATIENCE
    ) -> list[Any]:
        """The payloads of all such events once there are at least `count`."""
        deadline = time.monotonic() + timeout
        with self._news:
            while True:
                found = [payload for event, payload in self._arrived if event == name and where(payload)]
                if len(found) >= count:
                    return found
                left = deadline - time.monotonic()
                if left <= 0 or self._gone is not None:
                    break
                self._news.wait(left)
            state = f"ended ({self._gone})" if self._gone is not None else f"waited {timeout:g} s"
            raise AssertionError(f"{self} {state} with {len(found)} of {count} '{name}'; got {self._arrived[-20:]}")

    def wait_for_end(self, timeout: float = PATIENCE) -> str:
        """Wait until the connection is over; how the library calls the reason."""
        with self._news:
            assert self._news.wait_for(lambda: self._gone is not None, timeout), f"{self} is still connected"
            assert self._gone is not None
            return self._gone

    def join(self, username: str, room: str = "lobby", **more: Any) -> Payload:
        """Join and expect to be let in."""
        answer = self.call("join", {"username": username, "room": room, **more})
        assert answer["ok"], answer
        return answer

    def say(self, message: str, room: str = "lobby", **more: Any) -> Payload:
        """Say something and expect that it is taken."""
        answer = self.call("message", {"room": room, "message": message, **more})
        assert answer["ok"], answer
        return answer

    def refused(self, event: str, *arguments: Any) -> Payload:
        """Send an event that has to be refused; the error of its ack."""
        answer = self.call(event, *arguments)
        assert set(answer) == {"ok", "error"}, answer
        assert answer["ok"] is False
        error = answer["error"]
        assert isinstance(error, dict)
        assert set(error) - {"retry_after_ms"} == {"code", "message"}, error
        assert error["message"], error
        return error

    def wait_for_text(self, text: str) -> Payload:
        """The message with that text, once it is here."""
        message = self.wait_for("message", lambda m: m["message"] == text)
        assert isinstance(message, dict)
        return message

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __str__(self) -> str:
        return type(self).__name__
