"""Puts one load on one running server, and says what came of it."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Optional

from bench.paths import GENERATOR, ROOT
from bench.processes import (
    Beside,
    Cores,
    Finished,
    RunningServer,
    StartError,
    beside,
    cpu_seconds,
    precedence,
    rss_kib,
    run_bounded,
    running,
)
from bench.scenarios import Scenario
from bench.servers import Server

GENERATOR_SECONDS = 120
"""What the load generator is given in all; it ends by itself then."""
GRACE_SECONDS = 30
"""What is waited beyond that before it is ended."""

NOISE_SECONDS = 2 * (GENERATOR_SECONDS + GRACE_SECONDS)
"""More than is ever measured beside it. The noise is ended before; by itself then, should this program be gone."""
NOISE_START_SECONDS = 20.0
"""What the noise is given until it keeps the server busy."""
BUSY_SLICES, SLICE_SECONDS = 2, 0.5
"""Busy so many times in a row, for so long each: that is no longer the noise's connecting."""
BUSY_PERCENT = 25.0
"""Of a core; what is measured beside the noise takes far less of it by itself."""

VERIFIED, FLAWED, FAILED, SKIPPED = "verified", "flawed", "failed", "skipped"

Command = Sequence[str]
Outcome = tuple[str, str, Optional[dict[str, Any]]]
"""Of a run: the outcome, the message and the figures."""


@dataclass
class Run:
    """One server under one load in one round.

    `outcome`: verified: every delivery came once and in order. flawed: measured, but some did not. failed: no figures.
    skipped: not tried, since the server had failed at less. `precedence` is what the load generator had (chrt …).
    """

    scenario: str
    server: str
    round: int
    outcome: str
    message: str = ""
    result: dict[str, Any] | None = None
    load_average: float = 0.0
    commit: str = ""
    precedence: str = ""

    def as_json(self) -> dict[str, Any]:
        """For build/bench/results.json."""
        return asdict(self)


@dataclass(frozen=True)
class Effort:
    """How long and how large runs are. A trial is to see that all works; its figures mean nothing."""

    trial: bool = False

    def seconds(self, scenario: Scenario) -> int:
        """How long is measured."""
        return 1 if self.trial else scenario.seconds

    def clients(self, scenario: Scenario) -> int:
        """How many connections are made."""
        return max(scenario.clients // 20, min(scenario.clients, 100)) if self.trial else scenario.clients


def generator_command(
    scenario: Scenario, server: Server, at: RunningServer, answer: Path, effort: Effort, generator: Path = GENERATOR
) -> list[str]:
    """The load generator's command line."""
    return [
        str(generator),
        *scenario.load,
        *server.load,
        *("--protocol", server.protocol, "--port", str(at.port), "--pid", str(at.pid)),
        *("--clients", str(effort.clients(scenario)), "--duration", str(effort.seconds(scenario))),
        *("--warmup", "1" if effort.trial else str(scenario.warmup)),
        *("--timeout", str(GENERATOR_SECONDS), "--json", str(answer)),
    ]


def _said(finished: Finished) -> str:
    lines = [line.strip() for line in finished.output.splitlines() if line.strip()]
    return " / ".join(lines[-3:]) or "it printed nothing"


def _flaws(result: dict[str, Any]) -> str:
    """What was not as it should be, from the figures."""
    counted = (("lost", "lost"), ("duplicates", "delivered twice"), ("reordered", "out of order"))
    found = [f"{result[key]:,} {words}" for key, words in counted if result.get(key)]
    if found and result.get("expected"):
        found[0] += f" of {result['expected']:,}"
    errors = result.get("errors") or []
    return "; ".join(found + [str(each) for each in errors]) if isinstance(errors, list) else ", ".join(found)


def judge(finished: Finished, answer: Path) -> Outcome:
    """The outcome, the message and the figures of a run of the load generator."""
    if finished.status is None:
        return FAILED, f"the load generator did not end in time: {_said(finished)}", None
    if finished.status not in (0, 1):
        return FAILED, f"the load generator ended with status {finished.status}: {_said(finished)}", None
    try:
        result = json.loads(answer.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return FAILED, f"the load generator left no figures ({error}): {_said(finished)}", None
    if finished.status == 0:
        return VERIFIED, "", result
    return FLAWED, _flaws(result) or _said(finished), result


def noise_command(server: Server, at: RunningServer, generator: Path = GENERATOR) -> list[str]:
    """The command line of the load generator that is not measured."""
    return [
        str(generator),
        *server.noise,
        *server.load,
        *("--protocol", server.protocol, "--port", str(at.port)),
        *("--warmup", "0", "--duration", str(NOISE_SECONDS), "--timeout", str(NOISE_SECONDS + GRACE_SECONDS)),
    ]


def _generate(
    scenario: Scenario, server: Server, at: RunningServer, core: int, effort: Effort, generator: Path, first: Command
) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        command = [*first, *generator_command(scenario, server, at, answer, effort, generator)]
        outcome, message, result = judge(run_bounded(command, core, GENERATOR_SECONDS + GRACE_SECONDS), answer)
    if result is not None and result.get("cpu_seconds") is not None and result.get("seconds"):
        result["cpu_percent"] = result["cpu_seconds"] / result["seconds"] * 100
    return outcome, message, result


def _until_busy(noise: Beside, at: RunningServer) -> str | None:
    """Wait until the noise keeps the server busy. None when it does, otherwise what is wrong."""
    deadline = time.monotonic() + NOISE_START_SECONDS
    busy = 0
    while busy < BUSY_SLICES:
        if time.monotonic() > deadline:
            return f"the noise did not keep the server busy within {NOISE_START_SECONDS:.0f} s"
        began, before = time.monotonic(), cpu_seconds(at.pid)
        time.sleep(SLICE_SECONDS)
        percent = (cpu_seconds(at.pid) - before) / (time.monotonic() - began) * 100
        busy = busy + 1 if percent >= BUSY_PERCENT else 0
        if how := noise.ended():
            return f"the noise did not begin: it {how}"
    return None


def _generate_beside_noise(
    scenario: Scenario, server: Server, at: RunningServer, core: int, effort: Effort, generator: Path, first: Command
) -> Outcome:
    try:
        with beside(noise_command(server, at, generator), core, f"{server.name}-noise") as noise:
            if problem := _until_busy(noise, at):
                return FAILED, problem, None
            outcome, message, result = _generate(scenario, server, at, core, effort, generator, first)
            how = noise.ended()
    except StartError as error:
        return FAILED, f"the noise did not start: {error}", None
    if result is None:
        return outcome, message, None
    percent = result.get("cpu_percent", 0.0)
    if how is not None:
        problem = f"the noise did not last: it {how}"
    elif percent < BUSY_PERCENT:
        problem = f"the noise did not last: the server had {percent:.0f} % of a core"
    else:
        return outcome, message, result
    return FLAWED, "; ".join(filter(None, (message, problem))), result


def _wrk(scenario: Scenario, at: RunningServer, core: int, effort: Effort) -> Outcome:
    seconds = effort.seconds(scenario)
    script = ROOT / "bench" / "wrk_json.lua"
    url = f"http://127.0.0.1:{at.port}/"

    def ask(for_seconds: int) -> Finished:
        command = ["wrk", "-t1", "-c64", f"-d{for_seconds}s", "-s", str(script), url]
        return run_bounded(command, core, for_seconds + GRACE_SECONDS)

    ask(1)  # warm-up
    before = cpu_seconds(at.pid)
    finished = ask(seconds)
    spent = cpu_seconds(at.pid) - before
    if finished.status != 0:
        return FAILED, f"wrk ended with status {finished.status}: {_said(finished)}", None
    result = json.loads(finished.output.rpartition("JSON ")[2])
    result["cpu_us_per_request"] = spent * 1e6 / max(1, result["requests"])
    result["rss_kib"] = {"connected": rss_kib(at.pid)}
    if result["errors"]:
        return FLAWED, f"{result['errors']} requests failed", result
    return VERIFIED, "", result


def measure(scenario: Scenario, server: Server, number: int, cores: Cores, effort: Effort, generator: Path) -> Run:
    """Start the server, put the load on it, stop it. Never raises for what goes wrong with either."""
    first = precedence() if scenario.precedence else ()
    try:
        with running(server, cores.server) as at:
            if scenario.tool == "wrk":
                outcome, message, result = _wrk(scenario, at, cores.load, effort)
            else:
                generate = _generate_beside_noise if server.noise else _generate
                outcome, message, result = generate(scenario, server, at, cores.load, effort, generator, first)
    except StartError as error:
        outcome, message, result = FAILED, f"the server did not start: {error}", None
    return Run(scenario.name, server.name, number, outcome, message, result, precedence=" ".join(first))
