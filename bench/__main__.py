"""`python -m bench`: measure, then write the report. See `make help` and CONTRIBUTING.md."""

from __future__ import annotations

import argparse
import random
import signal
import sys
from pathlib import Path

from bench import contract, machine, plan
from bench.load import FAILED, SKIPPED, VERIFIED, Effort, Run, measure
from bench.metrics import value_of
from bench.paths import GENERATOR, IMAGES, OUT, REPORT
from bench.processes import Cores, StartError, raise_descriptor_limit, running
from bench.report import write_report
from bench.results import Results
from bench.scenarios import SCENARIOS, Scenario
from bench.servers import Server

SATURATED_P99_US = 1_000_000
QUIET_LOAD = 0.5


def _say(text: str) -> None:
    print(text, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often each server is measured (3)")
    parser.add_argument("--only", metavar="REGEX", help="only runs whose scenario/server matches")
    parser.add_argument("--seed", type=int, help="of the order of servers; printed at the start")
    parser.add_argument("--trial", action="store_true", help="short, small runs to see that all works")
    parser.add_argument("--list", action="store_true", help="print the runs' names and leave")
    parser.add_argument("--report", action="store_true", help="measure nothing: write the report again")
    parser.add_argument("--generator", type=Path, default=GENERATOR, help=argparse.SUPPRESS)
    return parser.parse_args()


def find_missing(scenarios: tuple[Scenario, ...], cores: Cores) -> dict[str, str]:
    """Why servers cannot be measured, by name: not installed, not starting, or not keeping the contract."""
    missing: dict[str, str] = {}
    seen: dict[str, Server] = {}
    for scenario in scenarios:
        for server in scenario.servers:
            seen.setdefault(f"{server.name} {server.protocol}", server)
    for server in seen.values():
        reason = server.missing()
        if reason is None and server.chats and server.protocol in ("socketio", "websocket"):
            try:
                with running(server, cores.server) as at:
                    check = contract.check_socketio if server.protocol == "socketio" else contract.check_websocket
                    check(at.port)
            except StartError as error:
                reason = f"it does not start: {error}"
            except Exception as error:
                reason = f"it does not keep the contract: {type(error).__name__}: {error}"
        if reason is not None:
            missing[server.name] = reason
            _say(f"missing: {server.name}: {reason}")
    return missing


def _is_saturated(run: Run) -> bool:
    latency = value_of(run.result, "p99")
    return run.outcome != VERIFIED or (latency is not None and latency > SATURATED_P99_US)


def _measure_all(
    results: Results, selection: plan.Selection, cores: Cores, effort: Effort, generator: Path, to: Path
) -> None:
    saturated: dict[tuple[int, str], int] = {}
    turns = list(plan.in_turn(selection.scenarios, results.rounds, results.seed))
    for index, (number, scenario, server) in enumerate(turns, 1):
        if server.name in results.missing:
            continue
        what = f"[{index}/{len(turns)}] round {number}, {scenario.name}, {server.name}"
        limit = saturated.get((number, server.name)) if scenario.saturates else None
        average = machine.load_average()
        if limit is not None:
            run = Run(scenario.name, server.name, number, SKIPPED, f"saturated at {limit} messages a second")
        else:
            run = measure(scenario, server, number, cores, effort, generator)
        run.load_average, run.commit = average, results.machine["commit"]
        if scenario.saturates and limit is None and _is_saturated(run):
            saturated[number, server.name] = scenario.x
        results.runs.append(run)
        results.write(to)
        value = value_of(run.result, scenario.compared)
        figure = f"{scenario.compared} {value:,.2f}" if value is not None else ""
        _say(f"{what}: {run.outcome} {figure} {run.message}".rstrip())


def main() -> int:
    """Return the exit code: 1 when any run failed."""
    options = _arguments()
    selection = plan.select(SCENARIOS, options.only)
    if options.list:
        for scenario in selection.scenarios:
            for server in scenario.servers:
                _say(f"{scenario.name}/{server.name}")
        return 0
    if not selection.scenarios:
        _say(f"nothing matches {options.only!r}; --list shows what there is")
        return 2

    # What is not the whole of its scenarios, or only a trial, does not get into docs/; nor does a part when the other
    # figures are not here, as it would replace all of the report.
    whole_report = options.only is None or (OUT / "results.json").exists() or not REPORT.exists()
    kept = selection.whole and whole_report and not options.trial
    kind = "" if kept else "-trial" if options.trial else "-part"
    raw = OUT / f"results{kind}.json"
    report = REPORT if kept else OUT / f"performance{kind}.md"
    images = IMAGES if kept else OUT / f"images{kind}"

    if options.report:
        write_report(Results.read(raw), report, images)
        _say(f"written: {report}")
        return 0

    # Ended politely, it ends its servers too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    seed = options.seed if options.seed is not None else random.randrange(1_000_000)
    cores = Cores.choose()
    _say(f"seed {seed}, {options.rounds} round(s), server on core {cores.server}, load on core {cores.load}")
    descriptors = raise_descriptor_limit()
    most = max(scenario.clients for scenario in selection.scenarios)
    if descriptors < most + 100:
        _say(f"warning: {descriptors} open files are allowed here (ulimit -n), too few for {most:,} connections")
    if machine.load_average() > QUIET_LOAD and not options.trial:
        _say(f"warning: the load average is {machine.load_average():.2f}: other programs are running here")
    results = Results(machine.describe(), seed, options.rounds, options.trial)
    results.machine["cores_used"] = [cores.server, cores.load]
    results.missing = find_missing(selection.scenarios, cores)
    if kept and raw.exists():
        results.keep_others_of(Results.read(raw), selection.scenarios)
    _measure_all(results, selection, cores, Effort(options.trial), options.generator, raw)
    write_report(results, report, images)
    _say(f"written: {raw}, {report}")
    now = {scenario.name for scenario in selection.scenarios}
    return 1 if any(run.outcome == FAILED for run in results.runs if run.scenario in now) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("interrupted; what was measured is kept, and --report writes it up")
