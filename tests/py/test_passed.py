"""What `make test` leaves out the second time: scripts/passed, and the table of subjects that scripts/test-py reads."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests/py"


class Tree:
    """A folder with the script in it, and some sources."""

    def __init__(self, root: Path) -> None:
        (root / "scripts").mkdir()
        shutil.copy(ROOT / "scripts/passed", root / "scripts")
        (root / "src/deep").mkdir(parents=True)
        (root / "src/deep/a.txt").write_text("a")
        (root / "other.txt").write_text("other")
        self.root = root

    def run(self, *arguments: str, text: str = "", all_of_it: bool = False) -> int:
        environment = {**os.environ, "TEST_ALL": "1"} if all_of_it else {**os.environ, "TEST_ALL": ""}
        command = [str(self.root / "scripts/passed"), *arguments]
        return subprocess.run(command, input=text.encode(), env=environment, check=False).returncode

    def already(self, all_of_it: bool = False) -> bool:
        return self.run("already", "it", "src", "other.txt", all_of_it=all_of_it) == 0

    def passes(self) -> None:
        assert not self.already()
        assert self.run("now", "it") == 0
        assert self.already()


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def test_nothing_has_passed_at_first_and_what_has_not_changed_stays_passed(tree: Tree) -> None:
    tree.passes()
    (tree.root / "src/deep/__pycache__").mkdir()
    (tree.root / "src/deep/__pycache__/a.pyc").write_text("made by running it")
    for made in ("node_modules/.vite", "dist/assets"):
        (tree.root / "src/deep" / made).mkdir(parents=True)
        (tree.root / "src/deep" / made / "results.json").write_text("made by building it")
    (tree.root / "elsewhere.txt").write_text("not asked for")
    assert tree.already()
    assert not tree.already(all_of_it=True)


@pytest.mark.parametrize("change", ["content", "name", "another", "one less", "a folder's file"])
def test_any_change_counts(tree: Tree, change: str) -> None:
    tree.passes()
    source = tree.root / "src/deep/a.txt"
    if change == "content":
        (tree.root / "other.txt").write_text("Other")
    elif change == "name":
        source.rename(source.with_name("b.txt"))
    elif change == "another":
        (tree.root / "src/b.txt").write_text("")
    elif change == "one less":
        source.unlink()
    else:
        source.write_text("b")
    tree.passes()


def test_what_changes_during_the_run_has_not_passed(tree: Tree) -> None:
    assert not tree.already()
    (tree.root / "other.txt").write_text("edited while the tests ran")
    assert tree.run("now", "it") == 0
    assert not tree.already()


def test_sums_can_be_given(tree: Tree) -> None:
    assert tree.run("already", "given", "-", text="one\n") != 0
    assert tree.run("now", "given") == 0
    assert tree.run("already", "given", "-", text="one\n") == 0
    assert tree.run("already", "given", "-", text="two\n") != 0


def test_every_file_of_tests_has_its_subjects_and_they_exist() -> None:
    rows = [row.split() for row in (TESTS / "subjects.txt").read_text().splitlines() if not row.startswith("#")]
    names = [row[0] for row in rows]
    assert len(set(names)) == len(names)
    folders = {path.parent.name + "/" for path in TESTS.glob("*/test_*.py")}
    assert set(names) == {path.name for path in TESTS.glob("test_*.py")} | folders
    for name, *subjects in rows:
        assert subjects, name
        missing = [each for each in subjects if not (ROOT / "cpp" / each).is_dir() and not (ROOT / each).is_dir()]
        assert missing == [], name
