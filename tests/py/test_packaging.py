"""What is handed out: the source distribution, the wheel, and the scripts in a clone.

The wheel is built from the source distribution, in a folder that is deleted before the wheel is used, with a `node`
that fails: so what is installed works with no source tree and no Node.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
import requests

from support.paths import ROOT
from support.program import PATIENCE, Program, clean_environment

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

VERSION = (ROOT / "VERSION").read_text(encoding="utf-8").strip()
BENCH = sys.platform == "linux"  # elsewhere there is no chatterlink-bench

#: The smallest PNG: one pixel.
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c49444154789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)


def run(*command: str | Path, folder: Path, environment: Mapping[str, str] | None = None) -> str:
    """Run a command that must succeed; return what it printed."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=clean_environment(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command} ended with code {done.returncode}:\n{done.stdout}"
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("packaging")


@pytest.fixture(scope="module")
def without_node(folder: Path) -> dict[str, str]:
    """An environment in which `node` and `npm` are programs that fail."""
    programs = folder / "no-node"
    programs.mkdir()
    for name in ("node", "npm", "npx"):
        (programs / name).write_text("#!/bin/sh\necho 'no Node here' >&2\nexit 127\n", encoding="utf-8")
        (programs / name).chmod(0o755)
    return {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}


@pytest.fixture(scope="module")
def sdist(folder: Path) -> Path:
    run(sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", folder, folder=ROOT)
    return folder / f"chatterlink-{VERSION}.tar.gz"


@pytest.fixture(scope="module")
def wheel(folder: Path, sdist: Path, without_node: Mapping[str, str]) -> Path:
    with tarfile.open(sdist) as archive:
        archive.extractall(folder)
    source = folder / f"chatterlink-{VERSION}"
    # The compiler cache, where there is one, may answer for files that were compiled in the clone: for that, paths
    # count as relative to the folder (as in scripts/build), and the compiler has the name that CMake uses there.
    compiler = {"CC": os.environ.get("CC", "cc"), "CXX": os.environ.get("CXX", "c++")}
    environment = {**without_node, **compiler, "CCACHE_BASEDIR": str(source)}
    run(
        *(sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder),
        *("-C", "build-dir=build", source),
        folder=folder,
        environment=environment,
    )
    shutil.rmtree(source)
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(folder: Path, wheel: Path) -> Path:
    """The bin folder of a fresh virtual environment that has the wheel and nothing else."""
    environment = folder / "venv"
    run(sys.executable, "-m", "venv", environment, folder=folder)
    run(environment / "bin" / "pip", "install", "--no-index", "--no-deps", wheel, folder=folder)
    return environment / "bin"


def test_the_source_distribution_brings_the_page_built_and_no_rubbish(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "VERSION", "LICENSE", "CMakeLists.txt", "packaging/build_backend.py"} <= names
    assert {"web/dist/index.html", "python/chatterlink/_core.pyi", "python/chatterlink/py.typed"} <= names
    rubbish = re.compile(r"node_modules|\.venv|__pycache__|^build/|^dist/|^tests/output|^\.git/")
    assert not list(filter(rubbish.search, names))


def test_the_wheel_has_the_package_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.split("/")[0] for name in names}
    programs = {f"chatterlink-{VERSION}.data"} if BENCH else set()
    assert tops == {"chatterlink", f"chatterlink-{VERSION}.dist-info", *programs}
    for each in programs:
        assert [name for name in names if name.startswith(each)] == [f"{each}/scripts/chatterlink-bench"]
    assert {"chatterlink/py.typed", "chatterlink/_core.pyi", "chatterlink/server.py"} <= set(names)
    assert {"chatterlink/socketio/__init__.py", "chatterlink/socketio/server.py"} <= set(names)
    assert any(re.fullmatch(r"chatterlink/_core\..*\.so", name) for name in names)
    assert "chatterlink/libchatterlink_images_vips.so" in names
    assert wheel.name.startswith(f"chatterlink-{VERSION}-cp")


def test_the_installed_commands_answer(installed: Path, tmp_path: Path, without_node: Mapping[str, str]) -> None:
    def answer(*command: str) -> str:
        return run(installed / command[0], *command[1:], folder=tmp_path, environment=without_node)

    assert answer("chatterlink", "--version") == f"chatterlink {VERSION}\n"
    assert "chatterlink <command>" in answer("chatterlink", "--help")
    if BENCH:
        assert answer("chatterlink-bench", "--version") == f"chatterlink-bench {VERSION}\n"
    for program in ("app", "server", "client"):
        assert "--port" in answer(f"chatterlink-{program}", "--help")
        assert "--port" in answer("chatterlink", program, "--help")
        assert "--port" in answer("python", "-m", "chatterlink", program, "--help")
        script = installed.parent / next(installed.parent.glob("lib/python*/site-packages/chatterlink")) / program
        assert "--port" in answer("python", f"{script}.py", "--help")


def test_a_missing_or_unknown_command_is_bad_usage(installed: Path, tmp_path: Path) -> None:
    for arguments in ([], ["papp"]):
        done = subprocess.run(
            [installed / "chatterlink", *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 2
        assert done.stdout == ""
        assert "usage: chatterlink <command>" in done.stderr


def test_the_installed_app_serves_the_page_and_takes_an_image(
    installed: Path, tmp_path: Path, without_node: Mapping[str, str]
) -> None:
    command: list[str | Path] = [installed / "chatterlink", "app", "--port", "0", "--data", tmp_path / "data"]
    with Program(command, environment=without_node, folder=tmp_path) as app:
        url = app.wait_for(r"http://\S+?:\d+/").group()
        page = requests.get(url, timeout=PATIENCE)
        assert page.status_code == 200
        assert page.headers["Content-Type"].startswith("text/html")
        parts = re.findall(r'(?:src|href)="(/[^"]+\.(?:js|css))"', page.text)
        assert any(part.endswith(".js") for part in parts)
        for part in parts:
            assert requests.get(url.rstrip("/") + part, timeout=PATIENCE).status_code == 200, part
        sent = requests.post(f"{url}upload", files={"file": ("pixel.png", PIXEL, "image/png")}, timeout=PATIENCE)
        assert sent.status_code == 200, sent.text
        assert (sent.json()["width"], sent.json()["height"]) == (1, 1)
        assert app.end() == 0


def test_the_installed_servers_classes_work(installed: Path, tmp_path: Path) -> None:
    program = (
        "from chatterlink import LineClient, LineServer\n"
        "with LineServer(port=0, log_level='off') as server, LineClient(port=server.port) as client:\n"
        "    client.send('hello')\n"
        "    print(next(line for line in client if line == 'hello'))\n"
    )
    assert run(installed / "python", "-c", program, folder=tmp_path).endswith("hello\n")


# The scripts in the clone: `python server.py`, as in the old days


@pytest.mark.parametrize("program", ["app", "server", "client"])
def test_a_script_of_the_clone_finds_the_python_it_was_built_for(program: str, tmp_path: Path) -> None:
    """Any Python will do to start it: it goes on with the one of .venv."""
    scripts = ROOT / "python" / "chatterlink"
    outside = Path(sys.base_prefix) / "bin" / "python3"
    for folder, script in ((scripts, f"{program}.py"), (tmp_path, str(scripts / f"{program}.py"))):
        printed = run(outside, script, "--help", folder=folder)
        assert f"{program}.py" in printed
        assert "--port" in printed


def test_a_script_of_a_clone_that_is_not_built_says_what_to_do(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "python", tmp_path / "python", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "pyproject.toml").touch()
    outside = Path(sys.base_prefix) / "bin" / "python3"
    done = subprocess.run(
        [outside, tmp_path / "python" / "chatterlink" / "server.py"],
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert f"make -C {tmp_path} build" in done.stderr


def test_a_script_hides_no_other_module_behind_its_neighbours(tmp_path: Path) -> None:
    """The folder of server.py also holds client.py, app.py ...: `import client` must not find those."""
    program = tmp_path / "look.py"
    script = ROOT / "python" / "chatterlink" / "_script.py"
    program.write_text(
        "import runpy, sys\n"
        f"sys.path.insert(0, {str(script.parent)!r})\n"
        f"run = runpy.run_path({str(script)!r})['run']\n"
        "import chatterlink.cli\n"
        "chatterlink.cli.run = lambda *given: print(given) or 5\n"
        f"sys.argv[1:] = ['--port', '7']\n"
        "try:\n"
        f"    run('server', {str(script.parent / 'server.py')!r})\n"
        "except SystemExit as end:\n"
        "    assert end.code == 5, end.code\n"
        "try:\n"
        "    import client\n"
        "except ImportError:\n"
        "    print('hidden nothing')\n",
        encoding="utf-8",
    )
    printed = run(sys.executable, program, folder=tmp_path)
    assert printed == "('server', 'server.py', ['--port', '7'])\nhidden nothing\n"
