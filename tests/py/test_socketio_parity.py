"""chatterlink.socketio against python-socketio's own server: one program, one client, the same transcript."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
import socketio as python_socketio  # type: ignore[import-untyped]

from chatterlink import socketio
from support.socketio_process import SocketIOProcess, Talker, start_program

TRANSPORT = "polling"  # what wsgiref can carry

LIBRARIES = ("chatterlink", "python-socketio")


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, SocketIOProcess]]:
    with start_program("chatterlink") as ours, start_program("python-socketio") as theirs:
        yield dict(zip(LIBRARIES, (ours, theirs)))


def open_talker(server: SocketIOProcess, **options: Any) -> Talker:
    return Talker(server.url, transport=TRANSPORT, **options)


def refusals(server: SocketIOProcess) -> Any:
    seen = []
    for kind in ("false", "plain", "message", "data", "many", "builtin"):
        talker = open_talker(server, auth={"refuse": kind}, wait=False)
        seen.append([kind, talker.wait_for_refusal()])
        talker.close()
    return seen


def answers(server: SocketIOProcess) -> Any:
    kinds = ("none", "text", "tuple", "list", "empty", "dict", "bytes", "false", "zero", "keys")
    with open_talker(server) as talker:
        return [[kind, talker.call("answer", kind)] for kind in kinds]


ARGUMENTS: list[tuple[Any, ...]] = [
    (),
    (None,),
    ("", "text", "grüße 🎈", "\x00"),
    (0, -1, 2**53, -(2**63), 2**63 - 1, 1.5, -0.25, 1e300),
    (True, False, [], {}, [[]], {"": {}}),
    (b"", b"\x00\xff" * 100, [b"a", {"deep": [b"b", {"er": b"c"}]}], "text"),
    ({"a": [1, {"b": None}], "é": "é"}, [1, [2, [3, [4]]]]),
]


def arguments_come_back(server: SocketIOProcess) -> Any:
    seen = []
    with open_talker(server) as talker:
        for each in ARGUMENTS:
            said = talker.call("echo", *each)
            seen.append(said)
            assert (list(said) if isinstance(said, tuple) else said) == (
                list(each) if len(each) > 1 else each[0] if each else None
            )
            seen.append(talker.call("types", *each))
            talker.emit("repeat", *each)
            talker.wait_until(lambda: [e for e in talker.events if e[1] == "repeated"])
            seen.append(talker.events.pop())
    return seen


def rooms(server: SocketIOProcess) -> Any:
    seen: list[Any] = []
    with open_talker(server) as a, open_talker(server) as b, open_talker(server) as c:
        seen.append([a.call("join", "red"), a.call("join", "blue"), b.call("join", "blue"), c.call("join", 5)])
        orders: list[tuple[Any, Any]] = [
            ({"to": "red"}, 1),
            ({"room": "blue"}, 2),
            ({"to": ["red", "blue"]}, 3),
            ({"to": ["red", "blue"], "skip": "me"}, 4),
            ({"skip": ["me", b.sid()]}, 5),
            ({"skip": "me"}, 6),
            ({"to": c.sid()}, 7),
            ({"to": 5}, 8),
            ({"to": "nobody there"}, 9),
            ({"to": "red", "namespace": "/plain"}, 10),
            ({}, {"several": b"bytes"}),
        ]
        for where, what in orders:
            a.call("tell", where, what)
        for talker in (a, b, c):
            talker.wait_for("/", "told", {"several": b"bytes"})
            seen.append([event for event in talker.events if event[1] == "told"])
        seen.append([a.call("leave", "blue"), a.call("leave", "not in it")])
        a.call("close_room", "blue")
        a.call("close_room", "never was")
        a.call("tell", {"to": "blue"}, "nobody")
        a.call("tell", {"to": "red"}, "end")
        a.wait_for("/", "told", "end")
        seen.append([b.call("leave", "x"), len([e for e in b.events if e[-1] == "nobody"])])
        seen.append(a.call("mistakes", b.sid()))
        a.call("say", "a message")
        seen.append(a.wait_for("/", "message"))
    return seen


def questions(server: SocketIOProcess) -> Any:
    seen = []
    replies: dict[str, Any] = {"none": None, "one": 1, "two": ("a", b"b"), "list": [1, 2], "dict": {"k": b"v"}}
    with open_talker(server, answer=lambda what: replies[what]) as talker:
        talker.call("forget")
        for what in replies:
            seen.append(talker.call("ask", what, 15))
        for what in replies:
            talker.call("ask_by_callback", what)
        seen.append(sorted(talker.call("wait_for", len(replies)), key=repr))
        seen.append(talker.call("echo", "still there"))
    return seen


def no_answer(server: SocketIOProcess) -> Any:
    with open_talker(server, answer=lambda what: __import__("time").sleep(3)) as talker:
        return talker.call("ask", "slow", 0.2)


def namespaces(server: SocketIOProcess) -> Any:
    seen: list[Any] = []
    with open_talker(server) as watch:
        watch.call("forget")
        options: Any = {"namespaces": ("/chat", "/old", "/plain"), "answer": lambda what: ["re", what]}
        with open_talker(server, **options) as talker:
            seen.append(talker.call("say", "hello", namespace="/chat"))
            seen.append(talker.wait_for("/chat", "said"))
            seen.append(talker.call("ask", "who", namespace="/chat"))
            seen.append(talker.call("where", 1, b"2", namespace="/plain"))
            seen.append(talker.call("where", 3, namespace="/old"))
            seen.append(watch.call("unheard of", 5, 6))
            talker.leave("/chat")
            talker.leave("/old")
            seen.append(sorted(watch.call("wait_for", 3)))
    return seen


def sessions(server: SocketIOProcess) -> Any:
    with open_talker(server, auth={"name": "ann"}) as talker:
        return [
            talker.call("session"),
            talker.call("session", {"count": 1}),
            talker.call("session", {"count": 2, "more": [b"bytes"]}),
            talker.call("facts"),
        ]


def connects_and_ends(server: SocketIOProcess) -> Any:
    seen = []
    with open_talker(server) as watch:
        watch.call("forget")
        with open_talker(server, auth={"name": "bob"}, headers={"X-Test": "x, y"}) as talker:
            talker.call("join", "kitchen")
            talker.leave()
            seen.append(watch.call("wait_for", 2))
        watch.call("forget")
        with open_talker(server) as talker:
            talker.call("join", "cellar")
            talker.emit("end_me")
            talker.wait_for("/", "last")
            talker.wait_until(lambda: talker.ends)
        seen.append(watch.call("wait_for", 2))
    return seen


@pytest.mark.parametrize(
    "scenario",
    [refusals, answers, arguments_come_back, rooms, questions, no_answer, namespaces, sessions, connects_and_ends],
    ids=lambda scenario: str(scenario.__name__),
)
def test_both_servers_do_the_same(servers: dict[str, SocketIOProcess], scenario: Any) -> None:
    ours, theirs = (scenario(servers[library]) for library in LIBRARIES)
    assert ours == theirs


def test_both_servers_choose_the_same_handler() -> None:
    """Every combination of: event and "*" in the namespace and in "*", class-based namespaces of that name and "*"."""
    places = [(event, namespace) for namespace in ("/x", "*") for event in ("say", "connect", "disconnect", "*")]
    made = 0
    for chosen in itertools.product((False, True), repeat=len(places)):
        for objects in ((), ("/x",), ("*",), ("/x", "*")):
            results = []
            for library in (socketio, python_socketio):
                server = library.Server()
                for (event, namespace), wanted in zip(places, chosen):
                    if wanted:
                        server.on(event, lambda *args, at=(event, namespace): [at, args], namespace=namespace)
                for name in objects:
                    server.register_namespace(_Recorder(library, name))
                trigger = server._handlers.trigger if library is socketio else server._trigger_event
                said = [trigger(event, "/x", "sid", 1) for event in ("say", "connect", "disconnect", "other")]
                results.append([each if isinstance(each, list) else "not handled" for each in said])
            assert results[0] == results[1]
            made += 1
    assert made == 4 * 2 ** len(places)


def _Recorder(library: Any, name: str) -> Any:  # noqa: N802
    class Recorder(library.Namespace):  # type: ignore[misc]
        def trigger_event(self, event: str, *args: Any) -> Any:
            return [("object", self.namespace, event), args]

    return Recorder(name)
