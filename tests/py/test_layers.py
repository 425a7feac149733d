"""Who may include whom, read from the #include lines (docs/architecture.md)."""

from __future__ import annotations

import re
from collections import defaultdict
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from support.paths import BIN, CPP

#: layer -> the layers it stands on, beside base. It may include these and what they stand on in turn.
STANDS_ON: dict[str, set[str]] = {
    "base": set(),
    "page": set(),
    "net": set(),
    "engineio": {"net"},
    "hub": set(),
    "socketio": {"engineio", "hub"},
    "chat": {"hub"},
    "media": set(),
    "store": {"chat"},
    "cluster": {"hub"},
    "gateways": {"chat", "socketio", "hub", "net", "media"},
    "apps": {"gateways", "store", "cluster", "page"},
    "bindings": {"apps"},
}


def may_include(layer: str) -> set[str]:
    """The layers that a layer may include, itself among them."""
    return {layer, "base"}.union(*map(may_include, STANDS_ON[layer]))


#: Files (without ending) that turn bytes or events into actions: tested and fuzzed without a socket.
SANS_IO = {
    "base/utf8",
    "engineio/packet",
    "engineio/session",
    "socketio/packet",
    "socketio/session",
    "chat/line_protocol",
    "net/deflate",
    "net/request_info",
    "net/websocket_decoder",
    "net/websocket_extensions",
    "net/websocket_handshake",
}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)


def sources() -> list[Path]:
    return sorted(path for path in CPP.rglob("*") if path.suffix in {".cpp", ".hpp", ".h"})


def includes(path: Path) -> list[tuple[str, bool]]:
    """Every included name and whether it is one of ours (in quotes)."""
    return [(ours or theirs, bool(ours)) for ours, theirs in INCLUDE.findall(path.read_text(encoding="utf-8"))]


def name_of(path: Path) -> str:
    return path.relative_to(CPP).as_posix()


def reached_from(path: Path) -> dict[str, str]:
    """Every header, ours or a library's, that a file includes directly or not -> the file that names it."""
    found: dict[str, str] = {}
    waiting = [path]
    while waiting:
        source = waiting.pop()
        for name, ours in includes(source):
            if name not in found:
                found[name] = name_of(source)
                if ours:
                    waiting.append(CPP / name)
    return found


def test_there_are_files_in_every_layer_but_the_planned_one() -> None:
    found = {name_of(path).split("/")[0] for path in sources()}
    assert found | {"cluster"} == set(STANDS_ON)


def test_every_include_in_quotes_is_a_path_from_the_include_root() -> None:
    wrong = [
        f"{name_of(path)}: {name}"
        for path in sources()
        for name, ours in includes(path)
        if ours and not (CPP / name).is_file()
    ]
    assert not wrong, "\n".join(wrong)


def test_a_layer_includes_only_the_layers_it_may() -> None:
    wrong = [
        f"{name_of(path)} includes {name}"
        for path in sources()
        for name, ours in includes(path)
        if ours
        for layer, other in [(name_of(path).split("/")[0], name.split("/")[0])]
        if other not in may_include(layer)
    ]
    assert not wrong, "\n".join(wrong)


def test_the_page_is_known_to_the_composition_root_alone() -> None:
    users = {
        name_of(path).split("/")[0] for path in sources() for name, _ in includes(path) if name.startswith("page/")
    }
    assert users - {"page", "apps"} == set()


def test_nothing_outside_the_bindings_knows_them_or_python() -> None:
    python = re.compile(r"^(Python\.h|pybind11/|bindings/)")
    wrong = [
        f"{name_of(path)} includes {name}"
        for path in sources()
        for name, _ in includes(path)
        if python.match(name) and not name_of(path).startswith("bindings/")
    ]
    assert not wrong, "\n".join(wrong)


def test_a_program_holds_only_what_it_uses() -> None:
    schema = b"CREATE TABLE messages"
    upgrade = b"Sec-WebSocket-Accept"
    program = {name: (BIN / f"chatterlink-{name}").read_bytes() for name in ("app", "server", "client")}
    assert schema in program["app"]
    assert upgrade in program["app"]
    for smaller in ("server", "client"):
        assert schema not in program[smaller]
        assert upgrade not in program[smaller]
    assert len(program["client"]) < len(program["server"]) < len(program["app"])


def test_the_load_generator_stands_alone() -> None:
    """What measures the servers shares no code with them, and nobody uses it."""
    load = sorted((CPP.parent / "bench" / "load").glob("*.?pp"))
    assert load
    wrong = [
        f"{path.name} includes {name}"
        for path in load
        for name, ours in includes(path)
        if (not name.startswith("load/") if ours else name.startswith("boost/"))
    ]
    wrong += [
        f"{name_of(path)} includes {name}"
        for path in sources()
        for name, _ in includes(path)
        if name.startswith("load/")
    ]
    assert not wrong, "\n".join(wrong)


def test_the_layers_form_no_cycle() -> None:
    graph: dict[str, set[str]] = defaultdict(set)
    for path in sources():
        layer = name_of(path).split("/")[0]
        graph[layer] |= {name.split("/")[0] for name, ours in includes(path) if ours} - {layer}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"layers include each other: {error.args[1]}")


def test_no_header_includes_itself_over_others() -> None:
    graph = {name_of(path): {name for name, ours in includes(path) if ours} for path in sources()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"files include each other: {error.args[1]}")


@pytest.mark.parametrize("stem", sorted(SANS_IO))
def test_protocol_files_reach_no_socket_library(stem: str) -> None:
    files = [path for path in (CPP / f"{stem}.hpp", CPP / f"{stem}.cpp") if path.exists()]
    assert files, f"{stem} is not there"
    sockets = re.compile(r"^(boost/(asio|beast)|sys/socket\.h|netinet/|net/)")
    wrong = [
        f"{name_of(path)} reaches {name} through {over}"
        for path in files
        for name, over in reached_from(path).items()
        if sockets.match(name) and Path(name).with_suffix("").as_posix() not in SANS_IO
    ]
    assert not wrong, "\n".join(wrong)
