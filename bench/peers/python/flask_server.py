"""The chat on Flask-SocketIO, served by gevent.

python flask_server.py --port N
"""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()

import argparse  # noqa: E402
from typing import Any  # noqa: E402

from chat import Answer, Chat  # noqa: E402
from flask import Flask, request  # noqa: E402
from flask_socketio import SocketIO, emit, join_room  # noqa: E402

app = Flask(__name__)
server = SocketIO(app, async_mode="gevent")
chat = Chat()


def sid() -> str:
    """The socket whose event is being handled."""
    return str(request.sid)


@server.on("join")
def join(data: Any) -> Answer:
    """Enter a room."""
    answer = chat.join(sid(), data)
    if answer["ok"]:
        join_room(answer["room"])
    return answer


@server.on("message")
def message(data: Any) -> Answer:
    """Say something in a room."""
    answer, said = chat.say(sid(), data)
    if said:
        emit("message", said, to=said["room"])
    return answer


@server.on("disconnect")
def disconnect(*_reason: str) -> None:
    """Leave every room."""
    chat.leave_all(sid())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    server.run(app, host="127.0.0.1", port=parser.parse_args().port, log_output=False)
