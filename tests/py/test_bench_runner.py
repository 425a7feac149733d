"""The logic of `make bench` (bench/): what is run, how its outcome is judged, and that the report hides nothing.

The load generator is a stand-in here that writes figures at once; nothing is measured.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bench import contract, load, plan
from bench.load import FAILED, FLAWED, VERIFIED, Effort, Run
from bench.metrics import COLUMNS, ratios, value_of
from bench.processes import Cores
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


def measured(folder: Path, script: str, server: Server = LISTENER) -> Run:
    cores = Cores.choose()
    return load.measure(scenario(), server, 1, cores, Effort(trial=True), stand_in(folder, script))


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
    monkeypatch.setattr(load, "GRACE_SECONDS", 0.2)
    run = measured(tmp_path, "sleep 60 & echo slow; wait")
    assert (run.outcome, run.message) == (FAILED, "the load generator did not end in time: slow")


@needs_taskset
def test_a_server_that_does_not_start_is_a_failed_run_with_its_words(tmp_path: Path) -> None:
    broken = Server("broken", "Broken", (sys.executable, "-c", "raise SystemExit('no such engine')"))
    run = measured(tmp_path, "exit 0", broken)
    assert run.outcome == FAILED
    assert "no such engine" in run.message


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


def report(found: Results, folder: Path, monkeypatch: pytest.MonkeyPatch, *targets: Target) -> str:
    monkeypatch.setattr("bench.report.SCENARIOS", (scenario(targets=targets),))
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


def test_our_server_keeps_the_contract_that_peers_are_checked_against(start_app: Callable[..., AppServer]) -> None:
    contract.check_socketio(start_app("--store", "memory").port)
