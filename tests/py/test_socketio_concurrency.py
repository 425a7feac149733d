"""chatterlink.socketio: which handlers run when, with many clients and many threads."""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from typing import Any

import pytest

from support import paths
from support.bare_socketio import BareClient
from support.engineio import Polling
from support.program import PATIENCE, Program
from support.scale import forks, scaled
from support.socketio_process import SocketIOProcess, Talker

PROGRAM = paths.ROOT / "tests" / "py" / "programs" / "socketio_concurrency.py"


def start(**options: object) -> SocketIOProcess:
    return SocketIOProcess(PROGRAM, json.dumps(options))


@pytest.fixture(scope="module")
def server() -> Iterator[SocketIOProcess]:
    with start() as process:
        yield process
        assert process.end() == 0, process.output


@pytest.fixture(scope="module")
def strict_server() -> Iterator[SocketIOProcess]:
    with start(async_handlers=False) as process:
        yield process
        assert process.end() == 0, process.output


def test_two_hundred_clients_at_once_get_their_own_answers(server: SocketIOProcess) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(BareClient(server.url)) for _ in range(200)]
        assert len({client.sid for client in clients}) == 200
        for round_ in range(10):
            wanted = [client.ask("echo", round_, client.sid) for client in clients]
            for client, begins in zip(clients, wanted):
                assert client.read() == f'{begins}{round_},"{client.sid}"]'


def test_handlers_of_different_clients_run_at_the_same_time(server: SocketIOProcess) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(BareClient(server.url)) for _ in range(40)]
        wanted = [client.ask("meet", 40) for client in clients]
        assert [client.read() for client in clients] == [f"{begins}true]" for begins in wanted]
        assert clients[0].call("facts")["most_threads"] >= 40


def test_events_of_one_client_are_handled_in_order_one_at_a_time(server: SocketIOProcess) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(BareClient(server.url)) for _ in range(5)]
        for number in range(300):
            for client in clients:
                client.emit("count", number)
        for client in clients:
            assert client.call("counted") == list(range(300))


def test_a_handler_that_blocks_does_not_hold_back_its_client_for_ever(server: SocketIOProcess) -> None:
    with BareClient(server.url) as client:
        begins = client.ask("wait", "overtaken")
        client.emit("reach", "overtaken")
        assert client.read() == f'{begins}"set"]'


def test_a_handler_that_blocks_does_not_hold_back_other_clients(server: SocketIOProcess) -> None:
    with BareClient(server.url) as blocked, BareClient(server.url) as other:
        begins = blocked.ask("wait", "held")
        assert other.call("echo", 1) == 1
        other.emit("reach", "held")
        assert blocked.read() == f'{begins}"set"]'


def test_what_a_thread_emits_arrives_in_its_order(server: SocketIOProcess) -> None:
    with BareClient(server.url) as client:
        client.emit("flood", 8, 250)
        seen: dict[int, list[int]] = {thread: [] for thread in range(8)}
        for _ in range(8 * 250):
            name, thread, number = client.read_event()
            assert name == "flooded"
            seen[thread].append(number)
        assert all(numbers == list(range(250)) for numbers in seen.values())


def test_without_async_handlers_a_clients_events_wait_however_long_one_takes(strict_server: SocketIOProcess) -> None:
    with BareClient(strict_server.url) as client, BareClient(strict_server.url) as other:
        first = client.ask("wait", "strictly")
        second = client.ask("echo", 2)
        time.sleep(1.5)  # longer than the patience that async handlers would have
        assert other.call("echo", "others go on") == "others go on"
        assert other.call("facts")["overtaken"] == 0
        other.emit("reach", "strictly")
        assert client.read() == f'{first}"set"]'
        assert client.read() == f"{second}2]"


def test_without_async_handlers_call_is_refused(strict_server: SocketIOProcess) -> None:
    with BareClient(strict_server.url) as client:
        assert client.call("try_call") == "Cannot use call() when async_handlers is False."


def websocket_flood(client: BareClient, packets: Iterator[str]) -> None:
    """Many packets in few writes."""
    frames = (each.encode() for each in packets)
    assert client.socket.sock is not None
    client.socket.sock.sendall(
        b"".join(bytes([0x81, 0x80 | len(each)]) + bytes(4) + each for each in frames if len(each) < 126)
    )


def wait_for_facts(client: BareClient, done: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    until = time.monotonic() + 3 * PATIENCE
    while True:
        facts = client.call("facts")
        assert isinstance(facts, dict)
        if done(facts) or time.monotonic() > until:
            return facts
        time.sleep(0.1)


def others_are_served_while_it_waits(other: BareClient, least: int) -> None:
    """Half of 10,000 events wait, and no more come."""
    assert wait_for_facts(other, lambda facts: facts["waiting"] >= least)["waiting"] >= least
    time.sleep(0.3)
    facts = other.call("facts")
    assert least <= facts["waiting"] <= 2 * least
    assert other.call("echo", "others go on") == "others go on"


def test_a_websocket_client_faster_than_its_handlers_is_slowed_and_loses_nothing(
    strict_server: SocketIOProcess,
) -> None:
    count = scaled(30_000, 15_000)
    with BareClient(strict_server.url) as flood, BareClient(strict_server.url) as other:
        before = other.call("facts")
        packets = (f'42["held","websocket",{number}]' for number in range(count))
        sender = threading.Thread(target=websocket_flood, args=(flood, packets))
        sender.start()
        others_are_served_while_it_waits(other, 4_990)
        other.emit("reach", "websocket")
        sender.join(3 * PATIENCE)
        assert flood.call("counted") == list(range(count))
        facts = other.call("facts")
        assert (facts["refused"], facts["closed"]) == (before["refused"], before["closed"])
        assert facts["waiting"] == 0


def test_a_polling_client_faster_than_its_handlers_is_slowed_and_loses_nothing(strict_server: SocketIOProcess) -> None:
    """Its POST is answered when there is room again; its polls go on meanwhile."""
    count = scaled(30_000, 15_000)
    with closing(Polling(strict_server, path="/socket.io/")) as flood, BareClient(strict_server.url) as other:
        assert flood.post("40").text == "ok"
        assert flood.poll().text.startswith("40")
        before = other.call("facts")

        def post_all() -> None:
            for first in range(0, count, 500):
                numbers = range(first, first + 500)
                assert flood.post("\x1e".join(f'42["held","polling",{number}]' for number in numbers)).text == "ok"

        sender = threading.Thread(target=post_all)
        sender.start()
        others_are_served_while_it_waits(other, 4_990)
        other.emit("reach", "polling")
        sender.join(3 * PATIENCE)
        assert flood.post('420["counted"]').text == "ok"
        assert json.loads(flood.poll().text.removeprefix("430")) == [list(range(count))]
        facts = other.call("facts")
        assert (facts["refused"], facts["closed"]) == (before["refused"], before["closed"])


def test_a_client_waits_while_the_events_of_any_of_its_namespaces_do() -> None:
    with start(async_handlers=False) as server, BareClient(server.url) as flood, BareClient(server.url) as other:
        flood.send("40/second,")
        assert flood.read().startswith("40/second,")
        packets = (
            f'42{namespace}["held","{flag}",{number}]'
            for number in range(12_000)
            for namespace, flag in (("", "one"), ("/second,", "two"))
        )
        sender = threading.Thread(target=websocket_flood, args=(flood, packets))
        sender.start()
        others_are_served_while_it_waits(other, 9_980)
        other.emit("reach", "one")
        facts = wait_for_facts(other, lambda facts: facts["waiting"] <= 5_010)
        time.sleep(0.3)
        assert 4_980 <= other.call("facts")["waiting"] <= 5_010, "the other namespace's still wait"
        other.emit("reach", "two")
        sender.join(3 * PATIENCE)
        assert flood.call("counted") == list(range(12_000))
        facts = wait_for_facts(other, lambda facts: facts["second"] == [11_999])
        assert facts["second"] == [11_999]
        assert (facts["refused"], facts["closed"]) == (0, 0)


def test_a_client_that_waits_is_not_given_up_and_does_not_give_up() -> None:
    """Its pongs are behind what is not read; longer than ping_interval and ping_timeout together."""
    with (
        start(async_handlers=False, ping_interval=1, ping_timeout=2) as server,
        BareClient(server.url) as flood,
        Talker(server.url) as other,
    ):
        packets = (f'42["held","heartbeat",{number}]' for number in range(12_000))
        websocket_flood(flood, packets)
        pings = 0
        while pings < 3:
            assert flood.socket.recv() == "2"
            flood.send("3")
            pings += 1
        assert other.call("facts")["waiting"] >= 4_990
        other.emit("reach", "heartbeat")
        assert flood.call("counted") == list(range(12_000))
        facts = other.call("facts")
        assert (facts["closed"], facts["ends"]) == (0, [])


def test_a_client_whose_events_are_more_than_may_wait_at_all_is_closed() -> None:
    """16 MiB: one event of more than half of it finds no room, paused or not."""
    server = start(async_handlers=False, max_http_buffer_size=16_000_000, engineio_logger=True)
    with server, BareClient(server.url) as flood, BareClient(server.url) as other:
        flood.emit("wait", "flooded")
        with suppress(ConnectionError):  # it may be closed before the last is sent
            for size in (7_000_000, 10_000_000):
                flood.emit("keep", "x" * size)
        flood.wait_closed()
        facts = other.call("facts")
        assert facts["refused"] >= 1
        assert facts["closed"] == 1
        server.wait_for("too many of its events wait")
        other.emit("reach", "flooded")
        assert other.call("echo", "still there") == "still there"
        # Its end is told all the same, after what had been taken.
        facts = wait_for_facts(other, lambda facts: facts["clients"] == 1 and facts["waiting"] == 0)
        assert (facts["clients"], facts["waiting"]) == (1, 0)
        assert facts["ends"][-1] == "server disconnect"


def test_nothing_of_two_thousand_clients_is_left(server: SocketIOProcess) -> None:
    with BareClient(server.url) as watch:

        def connect(times: int) -> None:
            for number in range(times):
                if number % 100 == 0:
                    watch.call("echo", number)  # who reads answers pings too
                with BareClient(server.url) as client:
                    client.emit("echo", "hello")
                    client.ask("echo", {"a": [1, 2, 3]})
            deadline = time.monotonic() + PATIENCE
            while watch.call("facts")["clients"] > 1 and time.monotonic() < deadline:
                time.sleep(0.05)

        connect(200)
        before = watch.call("facts")
        connect(1800)
        after = watch.call("facts")
    assert after["clients"] == 1
    assert after["environs"] <= 2
    # "ends" grows by one str each; everything else stays.
    assert after["objects"] - before["objects"] < 500


# The end


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly_and_its_clients_are_told(number: int) -> None:
    with start() as server, Talker(server.url) as client:
        assert client.call("echo", 1) == 1
        assert server.end(number) == 0
        client.wait_until(lambda: client.ends)
        assert server.output.endswith("ended\n")


def test_a_handler_may_stop_the_server() -> None:
    with start() as server, BareClient(server.url) as client:
        client.emit("stop")
        client.wait_closed()
        assert server.exit_code() == 0
        assert "stopped by a handler" in server.output
        assert "ended" in server.output


def test_two_handlers_may_stop_it_at_the_same_time_as_a_signal() -> None:
    with start() as server, BareClient(server.url) as one, BareClient(server.url) as two:
        one.emit("stop")
        two.emit("stop")
        assert server.end() == 0


def test_handlers_that_still_run_do_not_keep_it_from_ending() -> None:
    with start() as server, BareClient(server.url) as client, BareClient(server.url) as caller:
        client.emit("wait", "never")
        caller.emit("wait", "never")
        assert caller.call("echo", 1) == 1
        before = time.monotonic()
        assert server.end(timeout=2 * PATIENCE) == 0
        assert time.monotonic() - before < 2 * PATIENCE
        assert "handlers were still running" in server.output


def run_text(program: str) -> str:
    """What a Python program prints that ends with code 0."""
    with Program([sys.executable, "-u", "-c", program]) as process:
        assert process.exit_code() == 0, process.output
        return process.output


def test_an_interpreter_that_ends_takes_the_server_along() -> None:
    assert run_text(
        "from chatterlink import socketio\n"
        "sio = socketio.Server(port=0)\n"
        "sio.start()\n"
        "print('over')\n"
    ).endswith("over\n")  # fmt: skip


def test_background_tasks_that_go_on_for_ever_do_not_disturb_the_end() -> None:
    program = (
        "import threading\n"
        "from chatterlink import socketio\n"
        "sio = socketio.Server(port=0)\n"
        "sids = []\n"
        "there = threading.Event()\n"
        "sio.on('connect', lambda sid, environ: sids.append(sid))\n"
        "sio.on('go', lambda sid: there.set())\n"
        "def busy():\n"
        "    while True:\n"
        "        sio.emit('tick', {'a': [1, b'x']}, room='nobody')\n"
        "        try:\n"
        "            sio.transport(sids[0])\n"
        "            sio.call('question', to=sids[0], timeout=0.01)\n"
        "        except (KeyError, socketio.TimeoutError):\n"
        "            pass\n"
        "sio.start()\n"
        "print(f'listening on 127.0.0.1:{sio.port}')\n"
        "there.wait()\n"
        "for _ in range(8):\n"
        "    sio.start_background_task(busy)\n"
        "sio.sleep(0.3)\n"
    )
    with SocketIOProcess("-c", program) as server, BareClient(server.url) as client:
        client.emit("go")
        client.wait_closed()
        assert server.exit_code() == 0, server.output


def test_it_can_be_started_again_and_leaves_no_thread() -> None:
    assert run_text(
        "import threading\n"
        "from chatterlink import socketio\n"
        "import socketio as client\n"
        "sio = socketio.Server(port=0)\n"
        "sio.on('echo', lambda sid, what: what)\n"
        "for round in range(3):\n"
        "    with sio:\n"
        "        with client.SimpleClient() as c:\n"
        "            c.connect(f'http://127.0.0.1:{sio.port}', transports=['websocket'])\n"
        "            assert c.call('echo', round) == round\n"
        "    assert not sio.running\n"
        "    assert not [t for t in threading.enumerate() if t.name.startswith('Server-')]\n"
        "print('three times')\n"
    ).endswith("three times\n")


def test_ctrl_c_ends_a_call_that_waits() -> None:
    program = (
        "import threading\n"
        "from chatterlink import socketio\n"
        "sio = socketio.Server(port=0)\n"
        "there = threading.Event()\n"
        "sids = []\n"
        "sio.on('connect', lambda sid, environ: sids.append(sid))\n"
        "sio.on('go', lambda sid: there.set())\n"
        "with sio:\n"
        "    print(f'listening on 127.0.0.1:{sio.port}')\n"
        "    there.wait()\n"
        "    try:\n"
        "        sio.call('question', to=sids[0], timeout=None)\n"
        "    except KeyboardInterrupt:\n"
        "        print('interrupted')\n"
    )
    with SocketIOProcess("-c", program) as server, BareClient(server.url) as client:
        client.emit("go")
        assert client.read().startswith('420["question"')
        assert server.end(signal.SIGINT) == 0
        assert "interrupted" in server.output


def test_a_call_ends_when_the_client_leaves() -> None:
    program = (
        "from chatterlink import socketio\n"
        "sio = socketio.Server(port=0)\n"
        "@sio.event\n"
        "def go(sid):\n"
        "    try:\n"
        "        sio.call('question', to=sid, timeout=None)\n"
        "    except socketio.TimeoutError as error:\n"
        "        print(error)\n"
        "        sio.stop()\n"
        "sio.start()\n"
        "print(f'listening on 127.0.0.1:{sio.port}')\n"
        "sio.run()\n"
    )
    with SocketIOProcess("-c", program) as server:
        with BareClient(server.url) as client:
            client.emit("go")
            assert client.read().startswith('420["question"')
        assert server.exit_code() == 0
        assert "no answer to 'question'" in server.output


@forks
def test_after_a_fork_the_server_belongs_to_the_parent() -> None:
    printed = run_text(
        "import os, sys\n"
        "from chatterlink import ChatterLinkError, socketio\n"
        "import socketio as client\n"
        "sio = socketio.Server(port=0)\n"
        "sio.on('echo', lambda sid, what: what)\n"
        "sio.start()\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    sio.stop()\n"
        "    for what in (sio.start, lambda: sio.emit('x')):\n"
        "        try:\n"
        "            what()\n"
        "        except ChatterLinkError as error:\n"
        "            print(error)\n"
        "    del sio\n"
        "    sys.exit(0)\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
        "with client.SimpleClient() as c:\n"
        "    c.connect(f'http://127.0.0.1:{sio.port}', transports=['websocket'])\n"
        "    print(c.call('echo', 'the parent goes on'))\n"
    )
    assert printed.count("this server belongs to the process that made it") == 2
    assert printed.endswith("the parent goes on\n")


@forks
def test_a_server_that_was_not_started_can_be_started_in_a_child() -> None:
    printed = run_text(
        "import os, sys\n"
        "from chatterlink import socketio\n"
        "sio = socketio.Server(port=0)\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    with sio:\n"
        "        print('serving', sio.port > 0, flush=True)\n"
        "    sys.exit(0)\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
        "with sio:\n"
        "    print('the parent too')\n"
    )
    assert printed == "serving True\nthe parent too\n"
