"""The line chat as its clients see it: ours, nc, and the classic one that knows connect, send and recv only."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from conftest import StartLine
from support import memory, paths
from support.lines import PAUSE, LineClient, named, wait_for_members
from support.program import PATIENCE, Program
from support.servers import LineServer

#: The client that every tutorial begins with: no newline, no framing, one send() is one message.
CLASSIC = """
    import socket
    import sys
    import threading

    client = socket.create_connection((sys.argv[1], int(sys.argv[2])))

    def receive():
        while data := client.recv(1024):
            print("got", repr(data), flush=True)
        print("gone", flush=True)

    threading.Thread(target=receive, daemon=True).start()
    for text in sys.stdin:
        client.send(text.rstrip("\\n").encode())
"""


@pytest.fixture
def server(start_line_server: StartLine) -> LineServer:
    return start_line_server()


@pytest.fixture
def programs() -> Iterator[ExitStack]:
    """Ends the programs of a test before its server is told to end."""
    with ExitStack() as stack:
        yield stack


def our_client(server: LineServer, name: str, face: str = "binary") -> Program:
    """Our client, piped, as soon as it is in the room."""
    arguments = [*paths.command(face, "client"), "--host", server.host, "--port", str(server.port), "--name", name]
    client = Program(arguments, input_pipe=True)
    client.wait_for(rf"\* you are now {name}\n")
    return client


def netcat(server: LineServer) -> Program:
    program = shutil.which("nc")
    assert program, "nc is needed (packaging/system-packages.txt)"
    return Program([program, server.host, str(server.port)], input_pipe=True)


def classic_client(server: LineServer, folder: Path) -> Program:
    script = folder / "classic.py"
    script.write_text(textwrap.dedent(CLASSIC), encoding="utf-8")
    return Program([sys.executable, script, server.host, str(server.port)], input_pipe=True)


# All together


def test_our_clients_netcat_and_a_classic_client_talk(
    line_server: LineServer, face: str, programs: ExitStack, tmp_path: Path
) -> None:
    anna = programs.enter_context(our_client(line_server, "Anna", face))
    ben = programs.enter_context(our_client(line_server, "Ben", face))
    nc = programs.enter_context(netcat(line_server))
    classic = programs.enter_context(classic_client(line_server, tmp_path))
    nc.send_line("/name Net")
    nc.wait_for(r"\* you are now Net\n")
    with LineClient(line_server) as watcher:
        wait_for_members(watcher, 5)

    classic.send_line("hello from the classic client")
    for each in (anna, ben, nc):
        each.wait_for("(?m)^hello from the classic client$")
    classic.wait_for(r"got b'hello from the classic client'\n")  # its own, as it sent it: no newline

    anna.send_line("Grüße von Anna 😀")
    for each in (anna, ben, nc):
        each.wait_for("(?m)^Grüße von Anna 😀$")
    encoded = repr("Grüße von Anna 😀".encode())
    classic.wait_for(f"got {encoded}\n".replace("\\", r"\\"))

    nc.send_line("nc was here")
    for each in (anna, ben, nc):
        each.wait_for("(?m)^nc was here$")
    classic.wait_for(r"got b'nc was here'\n")

    for each in (anna, ben):
        each.send_line("quit")
        assert each.exit_code() == 0
    nc.send_line("/quit")
    with LineClient(line_server) as watcher:
        wait_for_members(watcher, 2)
    nc.close_input()  # nc goes on while it may have something to send
    assert nc.exit_code() == 0
    assert nc.output == "* you are now Net\nhello from the classic client\nGrüße von Anna 😀\nnc was here\n"


def test_messages_are_passed_on_byte_for_byte(line_server: LineServer) -> None:
    lines = [
        b"plain",
        b"",
        b"  spaces  \t",
        "Zoë 李 أحمد 😀 e\u0301 \u202e \ufeff".encode(),
        b"\x01\x02\x07\x1b[31mred\x1b[0m\x7f",
        b"a\rb",
        b"* looks like a notice",
        b"! looks like a refusal",
        b'{"json": [1]}',
        b"x" * 8192,
    ]
    with named(line_server, "Anna") as anna, named(line_server, "Ben") as ben:
        for line in lines:
            anna.send(line + b"\n")
            ben.exactly(line + b"\n")
            anna.exactly(line + b"\n")


def test_carriage_returns_before_newlines_are_dropped(server: LineServer) -> None:
    with named(server, "Anna") as anna, named(server, "Ben") as ben:
        anna.send("from Windows\r\n\r\ntwo\r\r\n")
        ben.exactly(b"from Windows\n\ntwo\r\n")


def test_lines_may_arrive_in_any_pieces(server: LineServer) -> None:
    with named(server, "Anna") as anna, named(server, "Ben") as ben:
        anna.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in "grün 😀\r\n".encode():
            anna.send(bytes([byte]))
            time.sleep(0.04)  # longer than a classic client's silence: this one is known to send newlines
        ben.exactly("grün 😀\n".encode())
        anna.send("one\ntwo\nthr")
        anna.send("ee\n")
        ben.exactly(b"one\ntwo\nthree\n")
        anna.send("the last without a newline")
        ben.exactly(b"the last without a newline\n")


# The classic client


def test_a_classic_client_is_answered_without_newlines(server: LineServer) -> None:
    with named(server, "Anna") as anna, LineClient(server) as classic:
        for text in ("hello", "wie geht's?", "x" * 8000, "😀"):
            classic.send(text)
            anna.exactly(text.encode() + b"\n")
            classic.exactly(text.encode())
        anna.send("a line\n")
        classic.exactly(b"a line")
        classic.send("/who")
        assert classic.socket.recv(1024).startswith(b"* 2 in lobby: ")
        classic.send("//slash")
        classic.exactly(b"/slash")
        # From its first newline on it is a client like any other.
        classic.send("newline\n")
        classic.exactly(b"newline\n")


def test_silence_never_splits_a_character(server: LineServer) -> None:
    smile = "😀".encode()
    with named(server, "Anna") as anna:
        for _ in range(50):
            with LineClient(server) as classic:
                classic.send(b"hi " + smile[:2])
                time.sleep(0.035)
                classic.send(smile[2:])
                said = classic.socket.recv(1024)
            if not said.startswith(b"! "):  # else we slept for more than twice the 30 ms: half a character, refused
                break
        assert said == b"hi " + smile
        anna.exactly(b"hi " + smile + b"\n")


# Commands


def test_commands_answer_only_who_asked(server: LineServer) -> None:
    with named(server, "Anna") as anna, named(server, "Ben") as ben:
        assert anna.ask("/who") in ("* 2 in lobby: Anna, Ben", "* 2 in lobby: Ben, Anna")
        anna.send("/help\n")
        text = "\n".join(anna.lines(7))
        for word in ("/name", "/who", "/join", "/quit", "//text"):
            assert word in text
        assert anna.ask("/NAME  Anna B. ") == "* you are now Anna B."
        assert "Anna B." in anna.ask("/who")
        refusal = anna.ask("/dance now")
        assert refusal.startswith("! ")
        assert "/dance" in refusal
        assert "/help" in refusal
        anna.send("//join is a command\n")
        ben.exactly(b"/join is a command\n")
        anna.exactly(b"/join is a command\n")
        ben.silent()


@pytest.mark.parametrize("name", ["Ben", "ben", "B\u0435n", "x" * 33, "", "a\u200bb", "server"])
def test_a_name_that_cannot_be_had_is_refused(server: LineServer, name: str) -> None:
    with named(server, "Anna") as anna, named(server, "Ben"):
        assert anna.ask(f"/name {name}").startswith("! ")
        assert "Anna" in anna.ask("/who")


def test_nobody_can_take_the_names_of_those_who_come_next(start_line_server: StartLine) -> None:
    server = start_line_server()
    with ExitStack() as stack:
        squatters = [stack.enter_context(LineClient(server)) for _ in range(60)]
        for number, each in enumerate(squatters, 61):
            assert each.ask(f"/name guest-{number}") == f"* you are now guest-{number}"
        newcomer = stack.enter_context(LineClient(server))
        newcomer.send("I am in\n")
        newcomer.exactly(b"I am in\n")


def test_rooms_are_separate(server: LineServer) -> None:
    with named(server, "Anna") as anna, named(server, "Ben") as ben, named(server, "Eva") as eva:
        assert anna.ask("/join kitchen") == "* you are in kitchen, 1 here"
        assert ben.ask("/join #kitchen") == "* you are in kitchen, 2 here"
        anna.send("only in the kitchen\n")
        ben.exactly(b"only in the kitchen\n")
        anna.exactly(b"only in the kitchen\n")
        eva.send("only in the lobby\n")
        eva.exactly(b"only in the lobby\n")
        for each in (anna, ben, eva):
            each.silent()
        assert eva.ask("/who") == "* 1 in lobby: Eva"
        assert anna.ask("/join a/b").startswith("! ")
        assert anna.ask("/join").startswith("! ")
        assert anna.ask("/join lobby") == "* you are in lobby, 2 here"
        assert ben.ask("/who") == "* 1 in kitchen: Ben"


def test_a_name_taken_in_the_other_room_keeps_one_where_one_is(server: LineServer) -> None:
    with named(server, "Anna") as anna, LineClient(server) as other:
        assert anna.ask("/join kitchen").startswith("* ")
        assert other.ask("/name Anna") == "* you are now Anna"
        assert anna.ask("/join lobby").startswith("! ")
        assert anna.ask("/who") == "* 1 in kitchen: Anna"


def test_quit_closes_after_what_was_said(server: LineServer) -> None:
    with named(server, "Anna") as anna, named(server, "Ben") as ben:
        anna.send("last words\n/quit\nnever read\n")
        ben.exactly(b"last words\n")
        assert anna.rest() in (b"last words\n", b""), "what comes after /quit is not said"
        wait_for_members(ben, 1)


def test_quit_alone_is_a_message_to_the_server(server: LineServer) -> None:
    with named(server, "Anna") as anna:
        anna.send("quit\n")
        anna.exactly(b"quit\n")


# Echo


def test_without_echo_the_sender_is_left_out(start_line_server: StartLine) -> None:
    server = start_line_server("--no-echo")
    with named(server, "Anna") as anna, named(server, "Ben") as ben:
        anna.send("for the others\n")
        ben.exactly(b"for the others\n")
        ben.send("and back\n")
        anna.exactly(b"and back\n")
        anna.silent()
        ben.silent()
        assert anna.ask("/who").startswith("* 2 in lobby")


# Limits


def test_a_line_of_8192_bytes_passes_and_a_longer_one_closes(server: LineServer) -> None:
    with named(server, "Anna") as anna, named(server, "Ben") as ben:
        anna.send(b"a" * 8192 + b"\n")
        ben.exactly(b"a" * 8192 + b"\n")
        anna.exactly(b"a" * 8192 + b"\n")
        anna.send(b"a" * 8192 + b"\r\n")
        ben.exactly(b"a" * 8192 + b"\n")
        anna.exactly(b"a" * 8192 + b"\n")
        anna.send(b"a" * 8193 + b"\nnext\n")
        last = anna.rest()
        assert last.startswith(b"! ")
        assert b"8192" in last
        assert last.count(b"\n") == 1
        ben.silent()
        wait_for_members(ben, 1)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads memory from /proc")
def test_ten_megabytes_without_a_newline_are_closed_and_cost_no_memory(server: LineServer) -> None:
    with named(server, "Ben") as ben:
        before = memory.resident(server.pid)
        for _ in range(5):
            with LineClient(server) as flood:
                with contextlib.suppress(ConnectionError):  # closed while this still sends
                    for _ in range(160):
                        flood.send(b"x" * 65536)
                last = flood.rest()  # until it is closed; the refusal may be lost in a reset
                assert last == b"" or last.startswith(b"! ")
        wait_for_members(ben, 1)
        assert memory.resident(server.pid) - before < memory.growth(2 << 20)
        ben.send("undisturbed\n")
        ben.exactly(b"undisturbed\n")


def test_newlines_alone_cost_no_more_memory_than_their_bytes(start_line_server: StartLine) -> None:
    server = start_line_server()
    with named(server, "Anna") as anna, ExitStack() as stack:
        before = memory.resident(server.pid)
        for _ in range(20):  # within the rate for a moment, then they wait
            stack.enter_context(LineClient(server)).send(b"\n" * 65_536)
        anna.send("still here\n")
        while anna.line() != "still here":
            pass
        assert memory.resident(server.pid) - before < memory.growth(20 << 20)


@pytest.mark.parametrize(
    "line",
    [b"\xff", b"caf\xe9", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\x80 tail", b"ok \xf0\x9f"],
)
def test_invalid_utf8_is_refused_and_the_connection_stays(server: LineServer, line: bytes) -> None:
    with named(server, "Anna") as anna, named(server, "Ben") as ben:
        anna.send(line + b"\n")
        refusal = anna.line()
        assert refusal.startswith("! ")
        assert "UTF-8" in refusal
        anna.send("fine again\n")
        ben.exactly(b"fine again\n")
        anna.exactly(b"fine again\n")


def test_nul_is_refused_and_the_connection_stays(server: LineServer) -> None:
    with named(server, "Anna") as anna, named(server, "Ben") as ben:
        anna.send(b"a\0b\n\0\n/name a\0b\nfine\n")
        assert [anna.line()[:2] for _ in range(3)] == ["! "] * 3
        anna.exactly(b"fine\n")
        ben.exactly(b"fine\n")


def test_a_flood_is_slowed_down_and_not_lost(server: LineServer) -> None:
    """With the default limits: 150 at once, 25 a second from then on."""
    sent = [f"line {number}" for number in range(200)]
    with named(server, "Anna") as anna, named(server, "Ben") as ben:
        began = time.monotonic()
        anna.send("".join(line + "\n" for line in sent))
        assert ben.lines(len(sent)) == sent
        assert anna.lines(len(sent)) == sent
        assert 1.0 < time.monotonic() - began < 10
        anna.silent()
        # Others are not slowed.
        ben.send("quick\n")
        anna.exactly(b"quick\n")


def test_a_refusal_for_haste_says_the_wait_once(server: LineServer) -> None:
    with LineClient(server) as anna:
        anna.send("".join(f"/name n{number}\n" for number in range(60)))
        refusal = next(line for line in (anna.line() for _ in range(60)) if line.startswith("! "))
        assert refusal.startswith("! too many joins, slow down (try again in ")
        assert refusal.count("try again") == 1


def test_without_rate_limit_a_flood_goes_through(start_line_server: StartLine) -> None:
    server = start_line_server("--rate-limit", "off", "--threads", "2")
    sent = [f"line {number}" for number in range(20_000)]
    with named(server, "Anna") as anna, named(server, "Ben") as ben:
        writing = threading.Thread(target=anna.send, args=("".join(line + "\n" for line in sent),))
        reading = threading.Thread(target=lambda: anna.lines(len(sent)))
        for thread in (writing, reading):
            thread.start()
        assert ben.lines(len(sent)) == sent
        for thread in (writing, reading):
            thread.join(PATIENCE)
            assert not thread.is_alive()


# The end of input


def test_who_half_closes_gets_the_echo_of_everything_said(server: LineServer) -> None:
    """`printf 'one\\ntwo' | nc host port`: nc sends FIN at once and waits for what comes."""
    with named(server, "Ben") as ben:
        for _ in range(20):
            with LineClient(server) as client:
                client.send("one\ntwo\nthree")
                client.half_close()
                assert client.rest() == b"one\ntwo\nthree\n"
            ben.exactly(b"one\ntwo\nthree\n")
        wait_for_members(ben, 1)


def test_netcat_with_piped_input_prints_the_echo(server: LineServer) -> None:
    program = shutil.which("nc")
    assert program, "nc is needed (packaging/system-packages.txt)"
    done = subprocess.run(
        [program, "-N", server.host, str(server.port)],
        input=b"hello\n/nothing\nlast",
        capture_output=True,
        timeout=PATIENCE,
        check=True,
    )
    said = done.stdout.splitlines()
    assert (said[0], said[2:]) == (b"hello", [b"last"])
    assert said[1].startswith(b"! there is no command /nothing")


def test_our_client_prints_what_comes_back_and_ends_with_its_input(server: LineServer, face: str) -> None:
    done = subprocess.run(
        [*paths.command(face, "client"), "--host", server.host, "--port", str(server.port)],
        input=b"hello\nand goodbye\n",
        capture_output=True,
        timeout=PATIENCE,
        check=True,
    )
    assert done.stdout == b"hello\nand goodbye\n"


def test_a_client_that_vanishes_is_gone(server: LineServer) -> None:
    with named(server, "Ben") as ben:
        lost = named(server, "Anna")
        lost.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # RST
        lost.close()
        wait_for_members(ben, 1)
        with LineClient(server) as again:
            assert again.ask("/name Anna") == "* you are now Anna"


# Many


@pytest.mark.parametrize("threads", ["1", "2"])
def test_two_hundred_clients_hear_each_other(start_line_server: StartLine, threads: str) -> None:
    server = start_line_server("--threads", threads, "--rate-limit", "off")
    with ExitStack() as stack:
        clients = [stack.enter_context(LineClient(server)) for _ in range(200)]
        wait_for_members(clients[0], 200)
        for number, client in enumerate(clients):
            client.send(f"from {number}\n")
        expected = {f"from {number}" for number in range(200)}
        first = clients[0].lines(200)
        assert set(first) == expected
        for client in clients[1:]:
            assert client.lines(200) == first, "everybody sees one order"


def test_a_reader_that_never_reads_does_not_hold_up_the_others(start_line_server: StartLine) -> None:
    server = start_line_server("--rate-limit", "off")
    with named(server, "Anna") as anna, named(server, "Ben") as ben, LineClient(server) as deaf:
        deaf.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        wait_for_members(anna, 3)
        line = "y" * 8000
        for _ in range(1500):  # 12 MB: more than the kernel takes for the deaf one, and 1 MiB on top
            anna.send(line + "\n")
            assert ben.line() == line
            assert anna.line() == line
        wait_for_members(ben, 2)


def test_addresses_of_all_kinds(start_line_server: StartLine) -> None:
    for host in ("127.0.0.1", "localhost", "0.0.0.0"):
        server = start_line_server("--host", host)
        with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as client:
            client.sendall(b"hello\n")
            assert client.recv(100) == b"hello\n"


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_ipv6(start_line_server: StartLine) -> None:
    server = start_line_server("--host", "::1")
    assert server.host == "::1"
    assert "listening on [::1]:" in server.output
    with LineClient(server) as client:
        client.send("hello\n")
        client.exactly(b"hello\n")


def test_an_orderly_end_closes_every_connection(line_server: LineServer) -> None:
    with named(line_server, "Anna") as anna, LineClient(line_server) as idle:
        wait_for_members(anna, 2)
        began = time.monotonic()
        assert line_server.end() == 0
        assert time.monotonic() - began < 5 * PATIENCE / 20
        assert anna.rest() == b""
        assert idle.rest() == b""


def test_silence_is_no_message(server: LineServer) -> None:
    with named(server, "Anna") as anna, LineClient(server):
        time.sleep(2 * PAUSE)
        anna.silent()
