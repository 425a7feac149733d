"""The commands `chatterlink`, `chatterlink-app`, `chatterlink-server` and `chatterlink-client`.

Options are read by the C++ programs themselves; here only the program is chosen.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from chatterlink import __version__, _core

_PROGRAMS = {
    "app": _core.run_app,
    "server": _core.run_server,
    "client": _core.run_client,
}

_USAGE = """\
usage: chatterlink <command> [options]

  app       the web chat, in the browser at http://127.0.0.1:5000/
  server    the chat over plain TCP, port 5555 (for `chatterlink client`, nc, or ten lines of Python)
  client    talk to such a server from a terminal

`chatterlink <command> --help` lists the options of a command, `chatterlink --version` prints the version.
"""


def run(program: str, shown_name: str, arguments: Sequence[str]) -> int:
    """Run one of the programs until it ends; return its exit code (0 done, 1 could not run, 2 bad usage).

    `shown_name` is what its messages and --help call it.
    """
    # C++ writes to the same descriptors: what Python still has in its buffers comes first.
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # it is when its descriptor was closed at the start
            stream.flush()
    return _PROGRAMS[program](os.fsencode(shown_name), [os.fsencode(argument) for argument in arguments])


def main(arguments: Sequence[str] | None = None) -> int:
    """`chatterlink ...` and `python -m chatterlink ...`; return the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    command = given[0] if given else None
    if command in _PROGRAMS:
        return run(command, f"chatterlink {command}", given[1:])
    if command in ("-h", "--help", "help"):
        print(_USAGE, end="")
        return 0
    if command in ("-V", "--version"):
        print(f"chatterlink {__version__}")
        return 0
    if command is not None:
        print(f"chatterlink: there is no command '{command}'\n", file=sys.stderr)
    print(_USAGE, end="", file=sys.stderr)
    return 2


def app() -> int:
    """`chatterlink-app ...`; return the exit code."""
    return run("app", "chatterlink-app", sys.argv[1:])


def server() -> int:
    """`chatterlink-server ...`; return the exit code."""
    return run("server", "chatterlink-server", sys.argv[1:])


def client() -> int:
    """`chatterlink-client ...`; return the exit code."""
    return run("client", "chatterlink-client", sys.argv[1:])
