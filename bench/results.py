"""What was measured: kept in build/bench/results.json after every run, and read again for the report."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.load import FAILED, FLAWED, SKIPPED, Run
from bench.metrics import RoundResults, median_of, ratios, value_of
from bench.scenarios import Scenario


@dataclass
class Results:
    """All runs, and about the machine and the peers that could not be installed."""

    machine: dict[str, Any]
    seed: int
    rounds: int
    trial: bool = False
    missing: dict[str, str] = field(default_factory=dict)
    """Server name -> why it could not be measured."""
    runs: list[Run] = field(default_factory=list)

    def write(self, path: Path) -> None:
        """Replace the file, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        contents = {
            "machine": self.machine,
            "seed": self.seed,
            "rounds": self.rounds,
            "trial": self.trial,
            "missing": self.missing,
            "runs": [run.as_json() for run in self.runs],
        }
        fresh.write_text(json.dumps(contents, indent=1) + "\n", encoding="utf-8")
        fresh.replace(path)

    @staticmethod
    def read(path: Path) -> Results:
        """What write() wrote."""
        contents = json.loads(path.read_text(encoding="utf-8"))
        runs = [Run(**run) for run in contents.pop("runs")]
        return Results(**contents, runs=runs)

    def keep_others_of(self, earlier: Results, scenarios: Sequence[Scenario]) -> None:
        """Take over an earlier session's runs of all scenarios but the given ones, which are measured now."""
        now = {scenario.name for scenario in scenarios}
        looked_at = {server.name for scenario in scenarios for server in scenario.servers}
        self.runs = [run for run in earlier.runs if run.scenario not in now] + self.runs
        unseen = {name: reason for name, reason in earlier.missing.items() if name not in looked_at}
        self.missing = {**unseen, **self.missing}

    def of(self, scenario: str, server: str) -> list[Run]:
        """The runs of one server in one scenario."""
        return [run for run in self.runs if run.scenario == scenario and run.server == server]

    def by_round(self, scenario: str, server: str) -> RoundResults:
        """The figures of each round; None where there are none."""
        return {run.round: run.result for run in self.of(scenario, server)}

    def median(self, scenario: str, server: str, metric: str) -> float | None:
        """Of the rounds that have the figure."""
        return median_of(value_of(result, metric) for result in self.by_round(scenario, server).values())

    def ratio(self, scenario: str, ours: str, theirs: str, metric: str) -> float | None:
        """The median of the rounds' ratios."""
        return median_of(ratios(self.by_round(scenario, ours), self.by_round(scenario, theirs), metric))

    def complaints(self, scenario: str, server: str) -> list[str]:
        """What went wrong in which round."""
        return [
            f"round {run.round}, {run.outcome}: {run.message}"
            for run in self.of(scenario, server)
            if run.outcome in (FAILED, FLAWED, SKIPPED)
        ]
