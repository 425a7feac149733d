"""A Socket.IO server with handlers of every kind, on either library: the same code, but for the import.

    python socketio_program.py chatterlink|python-socketio [options as JSON]

Prints "listening on HOST:PORT". python-socketio's is served by wsgiref, so by polling only.
"""

# mypy: disable-error-code="misc,untyped-decorator,no-untyped-call"
from __future__ import annotations

import importlib
import json
import sys
import threading
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

LIBRARY = sys.argv[1]
OPTIONS: dict[str, Any] = json.loads(sys.argv[2]) if len(sys.argv) > 2 else {}

socketio: Any = importlib.import_module("chatterlink.socketio" if LIBRARY == "chatterlink" else "socketio")
sio: Any = socketio.Server(namespaces=["/", "/plain"], **OPTIONS)

#: What happened on the server, for the tests to read by the event `history`.
history: list[Any] = []
reached = threading.Condition()


def note(*what: Any) -> None:
    with reached:
        history.append(list(what))
        reached.notify_all()


@sio.event
def connect(sid: str, environ: dict[str, Any], auth: Any) -> Any:
    note("connect", auth, environ["REQUEST_METHOD"], environ["PATH_INFO"], environ.get("HTTP_X_TEST"))
    kind = auth.get("refuse") if isinstance(auth, dict) else None
    if kind == "false":
        return False
    if kind == "plain":
        raise socketio.exceptions.ConnectionRefusedError
    if kind == "message":
        raise socketio.exceptions.ConnectionRefusedError("not you")
    if kind == "data":
        raise socketio.exceptions.ConnectionRefusedError("not you", {"code": 7, "why": ["a", None]})
    if kind == "many":
        raise socketio.exceptions.ConnectionRefusedError("not you", 1, "two")
    if kind == "builtin":
        raise ConnectionRefusedError
    if kind == "broken":
        raise RuntimeError("a mistake")
    if kind == "early":
        sio.enter_room(sid, "early")
        sio.emit("welcome", {"rooms": len(sio.rooms(sid))}, to=sid)
    if not environ.get("chatterlink.recovered"):
        sio.save_session(sid, {"name": auth.get("name") if isinstance(auth, dict) else None})
    return None


@sio.on("disconnect")
def gone(sid: str, reason: str) -> None:
    note("disconnect", reason, [room for room in sio.rooms(sid) if room != sid], sio.get_session(sid).get("name"))


@sio.event
def echo(sid: str, *arguments: Any) -> Any:
    """Answers with the arguments as they are."""
    return arguments


@sio.event
def repeat(sid: str, *arguments: Any) -> None:
    """Emits the arguments to the sender."""
    sio.emit("repeated", arguments, to=sid)


@sio.event
def answer(sid: str, kind: str) -> Any:
    answers = {
        "none": None,
        "text": "text",
        "tuple": ("a", 2),
        "list": ["a", 2],
        "empty": (),
        "dict": {"a": [1, 2.5, None, True]},
        "bytes": b"\x00\xff",
        "false": False,
        "zero": 0,
        "keys": {1: "one", None: "none", False: "false", 2.5: "half"},
    }
    return answers[kind]


@sio.event
def types(sid: str, *arguments: Any) -> Any:
    """Answers with what the arguments are in Python."""

    def kind(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: kind(item) for key, item in value.items()}
        return [kind(item) for item in value] if isinstance(value, list) else type(value).__name__

    return [kind(value) for value in arguments]


@sio.event
def fail(sid: str) -> None:
    raise RuntimeError("as wanted")


@sio.event
def exit_thread(sid: str) -> None:
    raise SystemExit(3)


@sio.event
def unsendable(sid: str) -> Any:
    return {1, 2}


@sio.event
def join(sid: str, room: Any) -> Any:
    sio.enter_room(sid, room)
    return sorted(str(each) for each in sio.rooms(sid) if each != sid)


@sio.event
def leave(sid: str, room: Any) -> Any:
    sio.leave_room(sid, room)
    return sorted(str(each) for each in sio.rooms(sid) if each != sid)


@sio.event
def close_room(sid: str, room: Any) -> None:
    sio.close_room(room)


@sio.event
def tell(sid: str, where: Any, what: Any) -> None:
    """Emits to whom the client says: {to, room, skip} with "me" for itself."""

    def real(name: Any) -> Any:
        return [real(each) for each in name] if isinstance(name, list) else sid if name == "me" else name

    sio.emit(
        "told", what, to=real(where.get("to")), room=real(where.get("room")), skip_sid=real(where.get("skip")),
        namespace=where.get("namespace"),
    )  # fmt: skip


@sio.event
def say(sid: str, what: Any) -> None:
    sio.send(what, to=sid)


@sio.event
def ask(sid: str, what: Any, timeout: float) -> Any:
    """Calls the sender and answers with what it said."""
    try:
        said = sio.call("question", what, to=sid, timeout=timeout)
    except socketio.exceptions.TimeoutError:
        return "timeout"
    return {"said": list(said) if isinstance(said, tuple) else said, "several": isinstance(said, tuple)}


@sio.event
def ask_by_callback(sid: str, what: Any) -> None:
    sio.emit("question", what, to=sid, callback=lambda *said: note("callback", *said))


@sio.event
def session(sid: str, change: Any = None) -> Any:
    if change is not None:
        with sio.session(sid) as kept:
            kept.update(change)
    return sio.get_session(sid)


@sio.event
def facts(sid: str) -> Any:
    environ = sio.get_environ(sid)
    return {
        "transport": sio.transport(sid),
        "own room first": sio.rooms(sid)[0] == sid,
        "environ": {name: environ[name] for name in ("REQUEST_METHOD", "SERVER_PROTOCOL", "wsgi.url_scheme")},
        "unknown": [sio.get_environ("nobody"), sio.rooms("nobody")],
    }


@sio.event
def recovered(sid: str) -> Any:
    return sio.recovered(sid)


@sio.event
def mistakes(sid: str, other: str) -> Any:
    """What misuse raises."""
    made: list[str] = []
    for attempt in (
        lambda: sio.enter_room(sid, other),
        lambda: sio.close_room(other),
        lambda: sio.call("question"),
        lambda: sio.get_session("nobody"),
        lambda: sio.register_namespace("no object"),
    ):
        try:
            attempt()
            made.append("nothing")
        except Exception as error:
            made.append(type(error).__name__)
    return made


@sio.event
def end_me(sid: str) -> None:
    sio.emit("last", to=sid)
    sio.disconnect(sid)


@sio.event
def wait_for(sid: str, count: int) -> Any:
    """The history once it is so long (or after 15 s)."""
    with reached:
        reached.wait_for(lambda: len(history) >= count, 15)
        return list(history)


@sio.event
def forget(sid: str) -> None:
    with reached:
        history.clear()


@sio.on("*")
def other(event: str, sid: str, *arguments: Any) -> Any:
    return ["any", event, *arguments]


@sio.on("connect", namespace="/old")
def old_connect(sid: str, environ: dict[str, Any]) -> None:
    note("old connect", environ["REQUEST_METHOD"])


@sio.on("disconnect", namespace="/old")
def old_disconnect(sid: str) -> None:
    note("old disconnect")


class Chat(socketio.Namespace):
    def on_connect(self, sid: str, environ: dict[str, Any]) -> None:
        self.enter_room(sid, "lobby")

    def on_disconnect(self, sid: str) -> None:
        note("chat disconnect", self.rooms(sid)[1:])

    def on_say(self, sid: str, text: str) -> Any:
        self.emit("said", text, room="lobby")
        return ["said", self.rooms(sid)[1:]]

    def on_ask(self, sid: str, what: str) -> Any:
        return self.call("question", what, to=sid, timeout=15)


sio.register_namespace(Chat("/chat"))


@sio.on("where", namespace="*")
def where(namespace: str, sid: str, *arguments: Any) -> Any:
    return ["where", namespace, *arguments]


class Threads(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 128


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


if LIBRARY == "chatterlink":
    sio.start("127.0.0.1", 0)
    print(f"listening on 127.0.0.1:{sio.port}", flush=True)
    try:
        sio.run()
    finally:
        print("ended", flush=True)
else:
    http = make_server("127.0.0.1", 0, socketio.WSGIApp(sio), server_class=Threads, handler_class=Quiet)
    print(f"listening on 127.0.0.1:{http.server_port}", flush=True)
    http.serve_forever()
