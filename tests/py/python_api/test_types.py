"""What a type checker says of the package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from support.program import clean_environment

USER_PROGRAM = """
from __future__ import annotations
from pathlib import Path
from chatterlink import ChatApp, ChatterLinkError, LineClient, LineServer

def main() -> int:
    try:
        with ChatApp(port=0, data=Path("/tmp"), store="memory", threads=2, rate_limit=False) as app:
            address: str = app.url
            port: int = app.port
            print(address, port, app.running)
        with LineServer(port=0, echo=False) as server, LineClient(port=server.port, name="ada") as client:
            client.send("hello")
            line: str | None = client.receive(timeout=1.5)
            for each in client:
                print(each.upper(), line)
    except ChatterLinkError as error:
        print(error.code.upper(), error.message)
    finished: bool = server.wait(2)
    return int(finished)
"""


def type_check(folder: Path, program: str) -> subprocess.CompletedProcess[str]:
    (folder / "user_program.py").write_text(program, encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "user_program.py"],
        cwd=folder,
        env=clean_environment({"MYPYPATH": ""}),
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_users_program_type_checks_strictly(tmp_path: Path) -> None:
    checked = type_check(tmp_path, USER_PROGRAM)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_users_mistake_is_found_by_the_type_checker(tmp_path: Path) -> None:
    checked = type_check(tmp_path, "from chatterlink import ChatApp\nChatApp(port='5000').url.lower(1)\n")
    assert checked.returncode == 1
    assert 'Argument "port" to "ChatApp" has incompatible type "str"' in checked.stdout


def test_the_stub_says_what_the_compiled_module_has(tmp_path: Path) -> None:
    # pybind11's classes have a metaclass of its own, which is nobody's business; members are compared all the same.
    allowed = tmp_path / "allowed"
    # Some are made by C++ alone: they have no __init__ to speak of.
    made_elsewhere = "Answer|ConnectDecision|EngineDecision|PendingCall"
    lines = [r"chatterlink\._core\.[A-Z]\w+", rf"chatterlink\._core\.({made_elsewhere})\.__init__"]
    allowed.write_text("\n".join(lines), encoding="utf-8")
    stubtest = [sys.executable, "-m", "mypy.stubtest", "chatterlink._core", "--ignore-disjoint-bases"]
    checked = subprocess.run(
        [*stubtest, "--allowlist", str(allowed)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
