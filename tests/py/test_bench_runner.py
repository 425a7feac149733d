"""The logic of `make bench` (bench/): what is run, how its outcome is judged, and that the report hides nothing.

The load generator is a stand-in here that writes figures at once; nothing is measured.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bench import contract, load, plan, processes
from bench.load import FAILED, FLAWED, VERIFIED, Effort, Run
from bench.metrics import COLUMNS, ratios, value_of
from bench.processes import Cores, precedence
from bench.report import write_report
from bench.results import Results
from bench.scenarios import SCENARIOS, Scenario, Target
from bench.servers import Server

from support.servers import AppServer

needs_taskset = pytest.mark.skipif(shutil.which("taskset") is None, reason="taskset pins the programs to cores")

OURS = Server("chatterlink", "ChatterLink", ("true",))
NODE = Server("node", "Node", ("true",))
GO = Server("go", "Go", ("true",))

LISTENS = "import socket, sys, time; s = socket.create_server(('127.0.0.1', int(sys.argv[1]))); time.sleep(60)"
LISTENER = Server("listener", "Listener", (sys.executable, "-c", LISTENS, "{port}"))
BESIDE_NOISE = replace(LISTENER, noise=("flood", "--room", "loud"))
TURNS = LISTENS.replace("time.sleep(60)", "end = time.time() + 60\nwhile time.time() < end: pass")
BUSY = replace(BESIDE_NOISE, command=(sys.executable, "-c", TURNS, "{port}"))


@pytest.fixture(autouse=True)
def own_logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs of one name, started by tests that run at the same time, do not write to one log."""
    monkeypatch.setattr(processes, "OUT", tmp_path)


def scenario(**changes: Any) -> Scenario:
    return Scenario(
        **{
            "name": "fanout-100",
            "title": "Fan-out",
            "about": "About it.",
            "load": ("fanout",),
            "servers": (OURS, NODE, GO),
            "columns": ("cpu_us_per_delivery", "p99"),
            "compared": "cpu_us_per_delivery",
            "clients": 100,
            **changes,
        }
    )


def figures(cpu: float) -> dict[str, Any]:
    return {"cpu_us_per_delivery": cpu, "latency_us": {"p99": cpu * 1000}, "lost": 0}


def run_of(server: str, number: int, cpu: float | None, outcome: str = VERIFIED, message: str = "") -> Run:
    return Run("fanout-100", server, number, outcome, message, None if cpu is None else figures(cpu))


def test_a_figure_is_found_by_its_name_or_is_not_there() -> None:
    assert value_of(figures(2), "p99") == 2000
    assert value_of({"latency_us": None}, "p99") is None
    assert value_of({"latency_us": {"p99": None}}, "p99") is None
    assert value_of(None, "p99") is None


def test_ratios_are_taken_within_a_round_only() -> None:
    ours = {1: figures(2), 2: None, 3: figures(8)}
    theirs = {1: figures(4), 2: figures(1), 3: figures(8), 4: figures(1)}
    assert ratios(ours, theirs, "cpu_us_per_delivery") == [0.5, 1.0]


def test_every_server_is_measured_once_a_round_in_an_order_that_the_seed_fixes() -> None:
    turns = [(number, server.name) for number, _, server in plan.in_turn([scenario()], rounds=8, seed=1)]
    assert turns == [(number, server.name) for number, _, server in plan.in_turn([scenario()], rounds=8, seed=1)]
    orders = [tuple(name for number, name in turns if number == each) for each in range(1, 9)]
    assert all(sorted(order) == ["chatterlink", "go", "node"] for order in orders)
    assert len(set(orders)) > 1


def test_a_selection_by_scenario_is_whole_and_one_by_server_brings_ours_along() -> None:
    both = (scenario(), scenario(name="flood"))
    assert plan.select(both, None).whole
    flood = plan.select(both, "^flood/")
    assert ([each.name for each in flood.scenarios], flood.whole) == (["flood"], True)
    node = plan.select(both, "node$")
    assert [[server.name for server in each.servers] for each in node.scenarios] == [["chatterlink", "node"]] * 2
    assert not node.whole
    assert plan.select(both, "nothing").scenarios == ()


def test_the_word_flood_selects_whole_scenarios() -> None:
    assert plan.select(SCENARIOS, "flood").whole


@pytest.mark.parametrize("each", SCENARIOS, ids=lambda each: each.name)
def test_scenarios_name_only_figures_and_servers_that_there_are(each: Scenario) -> None:
    names = [server.name for server in each.servers]
    assert len(set(names)) == len(names)
    assert {each.subject} | {target.subject for target in each.targets} <= set(names)
    assert {target.of for target in each.targets} - {None} <= set(names)
    assert {each.compared, *each.columns, *(target.metric for target in each.targets)} <= COLUMNS.keys()


def test_the_names_of_scenarios_differ() -> None:
    assert len({each.name for each in SCENARIOS}) == len(SCENARIOS)


def stand_in(folder: Path, script: str) -> Path:
    """A load generator that does what the script says; $answer is the file for its figures."""
    program = folder / "generator"
    program.write_text(f"#!/bin/sh\nfor answer; do :; done\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    return program


def measured(folder: Path, script: str, server: Server = LISTENER, **changes: Any) -> Run:
    cores = Cores.choose()
    return load.measure(scenario(**changes), server, 1, cores, Effort(trial=True), stand_in(folder, script))


@needs_taskset
@pytest.mark.parametrize(
    ("script", "outcome", "message"),
    [
        ('echo \'{"lost": 0}\' > "$answer"', VERIFIED, ""),
        ('echo \'{"lost": 7, "expected": 9, "errors": ["slow"]}\' > "$answer"; exit 1', FLAWED, "7 lost of 9; slow"),
        ('echo \'{"lost": 0}\' > "$answer"; echo "reset"; exit 1', FLAWED, "reset"),
        ('echo "no connection"; exit 2', FAILED, "status 2: no connection"),
        ("exit 0", FAILED, "left no figures"),
        ("kill -9 $$", FAILED, "status -9"),
    ],
)
def test_how_a_run_is_judged(tmp_path: Path, script: str, outcome: str, message: str) -> None:
    run = measured(tmp_path, script)
    assert run.outcome == outcome
    assert message in run.message
    assert (run.result is None) == (outcome == FAILED)


@needs_taskset
def test_a_load_that_does_not_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "GENERATOR_SECONDS", 0)
    monkeypatch.setattr(load, "GRACE_SECONDS", 3)
    run = measured(tmp_path, "sleep 60 & echo slow; wait")
    assert (run.outcome, run.message) == (FAILED, "the load generator did not end in time: slow")


@needs_taskset
def test_a_server_that_does_not_start_is_a_failed_run_with_its_words(tmp_path: Path) -> None:
    broken = Server("broken", "Broken", (sys.executable, "-c", "raise SystemExit('no such engine')"))
    run = measured(tmp_path, "exit 0", broken)
    assert run.outcome == FAILED
    assert "no such engine" in run.message


GOES_ON = "exec sleep 60"
STOPS = "while [ ! -e {0}/fanout.told ]; do sleep 0.02; done; echo gone; exit 2"
NEVER_BEGINS = "echo no room; exit 2"
UNTIL_THERE = "until [ -s {0}/flood.stat ]; do sleep 0.02; done"
UNTIL_ENDED = UNTIL_THERE + "; until grep -q 'State:.Z' /proc/$(cat {0}/flood.pid)/status; do sleep 0.02; done"
BARELY = '{"cpu_seconds": 0.1, "seconds": 1}'
FOUND = '{"lost": 0, "cpu_seconds": 0.5, "seconds": 1}'


def beside_noise(folder: Path, noise: str, found: str = FOUND, server: Server = BUSY) -> Run:
    """What became of a load that leaves such figures, beside a noise that does what the script says.

    The load lasts until the noise has begun, and if that is to end by itself, until it has: no speed decides.
    """
    told = f'echo "$*" > {folder}/$1.told; echo $$ > {folder}/$1.pid; cp /proc/$$/stat {folder}/$1.stat'
    lasts = (UNTIL_ENDED if noise == STOPS else UNTIL_THERE).format(folder)
    script = f"{told}\nif [ $1 = flood ]; then {noise.format(folder)}; fi\n{lasts}; echo '{found}' > \"$answer\""
    return measured(folder, script, server, precedence=True)


def stat_of(folder: Path, which: str) -> list[str]:
    """The fields of /proc/PID/stat behind the program's name."""
    return (folder / f"{which}.stat").read_text(encoding="utf-8").rpartition(")")[2].split()


@needs_taskset
def test_noise_goes_on_beside_what_is_measured_and_makes_way_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "SLICE_SECONDS", 0.1)
    run = beside_noise(tmp_path, GOES_ON)
    assert (run.outcome, run.message) == (VERIFIED, "")
    assert run.result is not None
    assert run.result["cpu_percent"] == 50
    noise = (tmp_path / "flood.told").read_text(encoding="utf-8")
    assert noise.startswith("flood --room loud --protocol socketio --port ")
    assert "--json" not in noise
    assert stat_of(tmp_path, "flood")[16] == "19"  # nice
    policy = stat_of(tmp_path, "fanout")[38]
    assert (run.precedence, policy) == (("chrt --fifo 1", "1") if precedence() else ("", "0"))
    assert not Path("/proc", (tmp_path / "flood.pid").read_text(encoding="utf-8").strip()).exists()


@needs_taskset
@pytest.mark.parametrize(
    ("noise", "found", "server", "outcome", "message"),
    [
        (STOPS, FOUND, BUSY, FLAWED, "the noise did not last: it ended with status 2: gone"),
        (GOES_ON, BARELY, BUSY, FLAWED, "the noise did not last: the server had 10 % of a core"),
        # Beside a server that is not busy anyway: nothing but the noise's end ends the waiting.
        (NEVER_BEGINS, FOUND, BESIDE_NOISE, FAILED, "the noise did not begin: it ended with status 2: no room"),
    ],
)
def test_a_run_whose_noise_does_not_last_says_so(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    noise: str,
    found: str,
    server: Server,
    outcome: str,
    message: str,
) -> None:
    monkeypatch.setattr(load, "SLICE_SECONDS", 0.1)
    run = beside_noise(tmp_path, noise, found, server)
    assert (run.outcome, run.message) == (outcome, message)
    assert (run.result is None) == (outcome == FAILED)


@needs_taskset
def test_noise_that_leaves_the_server_idle_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "NOISE_START_SECONDS", 3)
    monkeypatch.setattr(processes, "LAST", ())  # niced it might not even have begun by then
    began = time.monotonic()
    run = beside_noise(tmp_path, GOES_ON, server=BESIDE_NOISE)
    assert (run.outcome, run.message) == (FAILED, "the noise did not keep the server busy within 3 s")
    assert not (tmp_path / "fanout.told").exists()
    assert not Path("/proc", (tmp_path / "flood.pid").read_text(encoding="utf-8").strip()).exists()
    assert time.monotonic() - began < 30


def test_noise_lasts_longer_than_what_is_measured_beside_it() -> None:
    most = load.GENERATOR_SECONDS + load.GRACE_SECONDS
    assert most + load.NOISE_START_SECONDS < load.NOISE_SECONDS


@pytest.mark.parametrize("refused", [("false",), ("/no/such/program",)])
def test_without_permission_for_precedence_there_is_none(
    monkeypatch: pytest.MonkeyPatch, refused: tuple[str, ...]
) -> None:
    monkeypatch.setattr(processes, "FIRST", refused)
    assert precedence() == ()


def results(*runs: Run, missing: dict[str, str] | None = None) -> Results:
    return Results({"commit": "abc"}, seed=1, rounds=3, missing=missing or {}, runs=list(runs))


def test_results_are_kept_and_those_of_other_scenarios_stay(tmp_path: Path) -> None:
    earlier = results(run_of("chatterlink", 1, 5), missing={"node": "no npm", "nginx": "no nginx"})
    earlier.runs.append(Run("flood", "chatterlink", 1, VERIFIED, result=figures(1)))
    earlier.write(tmp_path / "results.json")

    now = results(run_of("chatterlink", 1, 6))
    now.keep_others_of(Results.read(tmp_path / "results.json"), [scenario()])
    assert now.median("fanout-100", "chatterlink", "cpu_us_per_delivery") == 6
    assert now.median("flood", "chatterlink", "cpu_us_per_delivery") == 1
    assert now.missing == {"nginx": "no nginx"}


def report(found: Results, folder: Path, monkeypatch: pytest.MonkeyPatch, *targets: Target, **changes: Any) -> str:
    monkeypatch.setattr("bench.report.SCENARIOS", (scenario(targets=targets, **changes),))
    write_report(found, folder / "performance.md", folder)
    return (folder / "performance.md").read_text(encoding="utf-8")


def test_the_report_shows_medians_ratios_and_what_is_reached_and_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = results(
        *(run_of("chatterlink", number, cpu) for number, cpu in enumerate((8, 9, 40), 1)),
        *(run_of("node", number, cpu) for number, cpu in enumerate((16, 18, 80), 1)),
        *(run_of("go", number, cpu) for number, cpu in enumerate((4, 10, 20), 1)),
    )
    text = report(
        *(found, tmp_path, monkeypatch),
        Target("cpu_us_per_delivery", 0.55, "node"),
        Target("cpu_us_per_delivery", 1.0, "go"),
    )
    assert "| **ChatterLink** | 9.00 | 9.00 | 1 |" in text
    assert "| Node | 18.0 | 18.0 | 0.50 |" in text
    assert "- reached: CPU per delivery at most 0.55 × that of Node; it is 0.50 ×" in text
    assert "- **missed**: CPU per delivery at most 1 × that of Go; it is 2.00 ×" in text
    assert "1 of 2 are reached." in text


@pytest.mark.parametrize("group", ["", "load"])
def test_the_report_says_which_commit_a_part_was_measured_at_if_not_that_of_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, group: str
) -> None:
    monkeypatch.setattr("bench.report.draw", lambda *_: None)  # what draws is in the bench's environment only
    runs = [run_of("chatterlink", number, 8) for number in (1, 2, 3)]
    for each in runs:
        each.commit = "abc"
    assert "Measured apart" not in report(results(*runs), tmp_path, monkeypatch, group=group)
    for each in runs:
        each.commit = "def"
    apart = "Measured apart from the others: commit def, rounds: 3."
    assert apart in report(results(*runs), tmp_path, monkeypatch, group=group)


def test_the_report_leaves_no_failure_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = results(
        run_of("chatterlink", 1, 8),
        run_of("chatterlink", 2, None, FAILED, "the server did not start: port taken"),
        run_of("go", 1, 10, FLAWED, "3 lost"),
        missing={"node": "no npm here"},
    )
    text = report(found, tmp_path, monkeypatch, Target("cpu_us_per_delivery", 0.55, "node"))
    assert "| **ChatterLink** | 8.00 ¹ |" in text
    assert "- ChatterLink: round 2, failed: the server did not start: port taken" in text
    assert "- Go: round 1, flawed: 3 lost" in text
    assert "| Node | missing |" in text
    assert "- Missing: node: no npm here" in text
    assert "- not measured: CPU per delivery at most 0.55 × that of Node" in text
    assert "0 of 1 are reached." in text


@pytest.mark.parametrize(
    ("second", "words"),
    [
        ("chrt --fifo 1", "where the one that measures goes first (`chrt --fifo 1`), alone too."),
        ("", "that the other one is niced is all that keeps it out of what is measured."),
    ],
)
def test_the_report_names_the_noise_and_who_goes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, second: str, words: str
) -> None:
    loud = replace(OURS, name="loud", label="Loud", noise=("flood", "--room", "loud"))
    found = results(run_of("chatterlink", 1, 5), run_of("loud", 1, 15))
    for run, first in zip(found.runs, ("chrt --fifo 1", second)):
        run.precedence = first
    target = Target("p99", 2.0, "chatterlink", subject="loud")
    text = report(found, tmp_path, monkeypatch, target, servers=(loud, OURS), subject="loud", precedence=True)
    assert "The other one: `nice -n 19 chatterlink-bench flood --room loud`\n" in text
    assert words in text
    assert "| **Loud** | 15.0 | 15.0 | 1 |" in text
    assert "- **missed**: p99 latency at most 2 × that of ChatterLink; it is 3.00 ×" in text


def test_our_server_keeps_the_contract_that_peers_are_checked_against(start_app: Callable[..., AppServer]) -> None:
    contract.check_socketio(start_app("--store", "memory").port)
