"""The folder in which the web chat keeps its database and uploads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from commands.running import config_of, refused, run, url_of
from support.program import PATIENCE, Program


def test_the_app_says_where_it_is_and_where_things_are_kept(
    started: Callable[..., Program], tmp_path: Path, face: str
) -> None:
    data = tmp_path / "my data"
    app = started("app", "--port", "0", "--data", str(data), face=face)
    app.wait_for("Ctrl-C")
    assert f" {data}\n" in app.output
    assert f"sqlite ({data}/chatterlink.db)\n" in app.output
    assert url_of(app).startswith("http://127.0.0.1:")
    assert (data / "chatterlink.db").is_file()
    assert data.stat().st_mode & 0o777 == 0o700, "for its owner only"
    memory = started("app", "--port", "0", "--data", str(data), "--store", "memory", face=face)
    memory.wait_for("Ctrl-C")
    assert "memory\n" in memory.output


def test_the_default_data_folder_follows_xdg_and_home(
    started: Callable[..., Program], tmp_path: Path, face: str
) -> None:
    share, home = tmp_path / "xdg", tmp_path / "house"
    home.mkdir()
    app = started("app", "--port", "0", face=face, XDG_DATA_HOME=str(share), HOME=str(home))
    app.wait_for("Ctrl-C")
    assert (share / "chatterlink" / "chatterlink.db").is_file()
    assert not (home / ".local").exists()
    for wrong in ("", "relative/path"):  # the XDG specification: as if it were not set
        app = started("app", "--port", "0", face=face, XDG_DATA_HOME=wrong, HOME=str(home))
        app.wait_for("Ctrl-C")
        assert f" {home}/.local/share/chatterlink\n" in app.output
    assert (home / ".local/share/chatterlink/chatterlink.db").is_file()


def test_a_data_folder_that_cannot_be_used_is_one_line_with_its_path(tmp_path: Path, face: str) -> None:
    file = tmp_path / "file"
    file.write_text("not a folder", encoding="utf-8")
    for folder in (file, file / "below", Path("/proc/nobody-writes-here")):
        refused(run("app", "--port", "0", "--data", str(folder), face=face), 1, str(folder))


def test_a_second_server_on_a_data_folder_serves_and_is_told(started: Callable[..., Program], tmp_path: Path) -> None:
    def start() -> Program:
        app = started("app", "--port", "0", "--data", str(tmp_path))
        app.wait_for("Ctrl-C")
        return app

    warning = f"another chat server uses the data folder {tmp_path} too"
    first, second = start(), start()
    assert warning not in first.output
    assert warning in second.output
    assert config_of(second)["max_upload"] == config_of(first)["max_upload"]
    for each in (first, second):
        each.process.kill()
        each.process.wait(PATIENCE)
    assert warning not in start().output, "nothing is left of them"


@pytest.mark.parametrize("content", [b"this is no database\n" * 100, b"SQLite format 3\0" + b"\xff" * 4000])
def test_a_broken_database_is_one_line_with_its_path_and_left_alone(tmp_path: Path, content: bytes) -> None:
    database = tmp_path / "chatterlink.db"
    database.write_bytes(content)
    refused(run("app", "--port", "0", "--data", str(tmp_path)), 1, str(database))
    assert database.read_bytes() == content


def test_uploads_that_cannot_be_kept_are_one_line_with_the_path(tmp_path: Path) -> None:
    (tmp_path / "uploads").write_text("not a folder", encoding="utf-8")
    refused(run("app", "--port", "0", "--data", str(tmp_path)), 1, str(tmp_path / "uploads"))
