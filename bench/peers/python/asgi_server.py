"""The chat on python-socketio's AsyncServer, served by uvicorn with uvloop and httptools.

python asgi_server.py --port N
"""

from __future__ import annotations

import argparse
from typing import Any

import socketio  # type: ignore[import-untyped]
import uvicorn
from chat import Answer, Chat

chat = Chat()
server = socketio.AsyncServer(async_mode="asgi")


@server.event
async def join(sid: str, data: Any) -> Answer:
    """Enter a room."""
    answer = chat.join(sid, data)
    if answer["ok"]:
        await server.enter_room(sid, answer["room"])
    return answer


@server.event
async def message(sid: str, data: Any) -> Answer:
    """Say something in a room."""
    answer, said = chat.say(sid, data)
    if said:
        await server.emit("message", said, to=said["room"])
    return answer


@server.event
async def disconnect(sid: str, *_reason: str) -> None:
    """Leave every room."""
    chat.leave_all(sid)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    uvicorn.run(
        socketio.ASGIApp(server),
        host="127.0.0.1",
        port=parser.parse_args().port,
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        backlog=4096,
        log_level="warning",
        access_log=False,
    )
