"""Servers for chatterlink-bench that are not ours: one that may be told to misbehave, and python-socketio's."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import defaultdict
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, TypeVar

import socketio  # type: ignore[import-untyped]
from aiohttp import WSMsgType, web

from support.program import PATIENCE

_Self = TypeVar("_Self", bound="ThreadServer")

#: Takes a text, the number of its member in the room (0, 1, 2 …), and how many texts came before it; returns what that
#: member gets instead, in order. None: the server closes the connection.
Fault = Callable[[str, int, int], "list[str] | None"]


def faultless(text: str, member: int, number: int) -> list[str]:
    return [text]


class ThreadServer:
    """An aiohttp application on a free port, in a thread of its own, from entering `with` to leaving it."""

    port: int

    def __init__(self, application: web.Application, **runner_options: Any) -> None:
        self._application = application
        self._options = runner_options
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        runner = web.AppRunner(self._application, shutdown_timeout=0.1, **self._options)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
        await site.start()
        self.port = runner.addresses[0][1]
        self._started.set()
        await self._stop.wait()
        await runner.cleanup()

    def __enter__(self: _Self) -> _Self:
        self._thread.start()
        assert self._started.wait(PATIENCE)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE)


class BareServer(ThreadServer):
    """A text frame sent to /?room=NAME goes to every member of that room, the sender included, but for `fault`."""

    def __init__(self, fault: Fault = faultless, *, heartbeat: float | None = None) -> None:
        """`heartbeat`: seconds between pings; who does not answer in half of them is closed."""
        application = web.Application()
        application.router.add_get("/", self._member)
        super().__init__(application)
        self._fault = fault
        self._heartbeat = heartbeat
        self._rooms: dict[str, list[web.WebSocketResponse]] = defaultdict(list)
        self._texts = 0

    async def _member(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False, heartbeat=self._heartbeat)
        members = self._rooms[request.query["room"]]
        await socket.prepare(request)
        members.append(socket)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await self._deliver(message.data, members)
        members.remove(socket)
        return socket

    async def _deliver(self, text: str, members: list[web.WebSocketResponse]) -> None:
        number, self._texts = self._texts, self._texts + 1
        sent: list[Awaitable[Any]] = []
        for place, member in enumerate(members):
            changed = self._fault(text, place, number)
            sent += [member.close()] if changed is None else map(member.send_str, changed)
        with contextlib.suppress(ConnectionError):
            for each in sent:
                await each


class PythonSocketioServer(ThreadServer):
    """The contract of the chat's `join` and `message`, on python-socketio's server.

    chunked: its answers are; keepalive: seconds after which it closes an idle connection; ping: seconds between its
    pings, and as many for the answer.
    """

    def __init__(self, *, chunked: bool = False, keepalive: float = 75, ping: float = 20) -> None:
        application = web.Application(middlewares=[_in_two_chunks] if chunked else [])
        engine = socketio.AsyncServer(
            async_mode="aiohttp", http_compression=False, ping_interval=ping, ping_timeout=ping
        )
        engine.attach(application)

        @engine.event  # type: ignore[untyped-decorator]
        async def join(sid: str, who: dict[str, Any]) -> dict[str, Any]:
            if who["room"] == "closed":
                return {"ok": False, "error": {"code": "forbidden", "message": "this room is closed"}}
            await engine.enter_room(sid, who["room"])
            return {"ok": True}

        @engine.event  # type: ignore[untyped-decorator]
        async def message(sid: str, what: dict[str, Any]) -> dict[str, Any]:
            await engine.emit("message", {"room": what["room"], "message": what["message"]}, to=what["room"])
            return {"ok": True}

        super().__init__(application, keepalive_timeout=keepalive)


@web.middleware
async def _in_two_chunks(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    answer = await handler(request)
    if not isinstance(answer, web.Response) or not isinstance(answer.body, bytes):
        return answer
    headers = {name: value for name, value in answer.headers.items() if name != "Content-Length"}
    stream = web.StreamResponse(status=answer.status, headers=headers)
    stream.enable_chunked_encoding()
    await stream.prepare(request)
    half = len(answer.body) // 2
    for part in (answer.body[:half], answer.body[half:]):
        await stream.write(part)
    await stream.write_eof()
    return stream
