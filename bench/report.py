"""docs/performance.md: one table for each scenario, targets reached and missed, what was measured where."""

from __future__ import annotations

from pathlib import Path

from bench.load import FAILED, FLAWED, SKIPPED, Run
from bench.metrics import COLUMNS
from bench.plots import Plot, draw
from bench.processes import LAST
from bench.results import Results
from bench.scenarios import SCENARIOS, Scenario, Target
from bench.servers import Server


def _cell(results: Results, scenario: Scenario, server: Server, metric: str) -> str:
    value = results.median(scenario.name, server.name, metric)
    return "–" if value is None else COLUMNS[metric].text(value)


def _ratio(results: Results, scenario: Scenario, server: Server) -> str:
    if server.name == scenario.subject:
        return "1"
    found = results.ratio(scenario.name, scenario.subject, server.name, scenario.compared)
    return "–" if found is None else f"{found:.2f}"


def _row(results: Results, scenario: Scenario, server: Server) -> str:
    if server.name in results.missing:
        cells = ["missing"] + ["–"] * len(scenario.columns)
    else:
        outcomes = {run.outcome for run in results.of(scenario.name, server.name)}
        if not outcomes:
            return f"| {server.label} | not run |" + " – |" * len(scenario.columns)
        mark = " ¹" if outcomes & {FAILED, FLAWED, SKIPPED} else ""
        cells = [_cell(results, scenario, server, metric) for metric in scenario.columns]
        cells.append(_ratio(results, scenario, server))
        cells[0] += mark
    name = f"**{server.label}**" if server.name == scenario.subject else server.label
    return f"| {name} | " + " | ".join(cells) + " |"


def _table(results: Results, scenario: Scenario) -> list[str]:
    titles = [COLUMNS[metric].title for metric in scenario.columns]
    titles.append(f"{_subject(scenario)} ÷ this, {COLUMNS[scenario.compared].title}")
    lines = [
        "| server | " + " | ".join(titles) + " |",
        "|---" + "|---:" * len(titles) + "|",
        *(_row(results, scenario, server) for server in scenario.servers),
    ]
    notes = [
        f"- {server.label}: {complaint}"
        for server in scenario.servers
        for complaint in results.complaints(scenario.name, server.name)
    ]
    if notes:
        lines += ["", "¹ not every run was whole:", "", *notes]
    return lines


def _subject(scenario: Scenario) -> str:
    return next(server.label for server in scenario.servers if server.name == scenario.subject)


def _label(scenario: Scenario, name: str) -> str:
    return next((server.label for server in scenario.servers if server.name == name), name)


def judge(results: Results, scenario: Scenario, target: Target) -> tuple[bool | None, str]:
    """Whether a target is reached (None: it could not be told) and a line that says so."""
    column = COLUMNS[target.metric]
    bound = "at most" if target.at_most else "at least"
    if target.of is None:
        value = results.median(scenario.name, target.subject, target.metric)
        shown = None if value is None else f"{column.text(value)} {column.unit}".rstrip()
        wanted = f"{column.words} {bound} {column.text(target.bound)} {column.unit}".rstrip()
    else:
        value = results.ratio(scenario.name, target.subject, target.of, target.metric)
        shown = None if value is None else f"{value:.2f} ×"
        wanted = f"{column.words} {bound} {target.bound:g} × that of {_label(scenario, target.of)}"
    if value is None:
        return None, f"- not measured: {wanted}"
    holds = target.holds(value)
    return holds, f"- {'reached' if holds else '**missed**'}: {wanted}; it is {shown}"


def _precedence(runs: list[Run]) -> str:
    """How it was seen to that what measures does not wait for the load beside it, which has the same core."""
    found = {run.precedence for run in runs}
    if "" in found:
        return "Both have the same core; that the other one is niced is all that keeps it out of what is measured."
    return f"Both have the same core, where the one that measures goes first (`{', '.join(sorted(found))}`), alone too."


def _measured_apart(results: Results, runs: list[Run]) -> list[str]:
    """Where the runs are not what the page's head says of all."""
    commits, rounds = {run.commit for run in runs}, max((run.round for run in runs), default=0)
    if commits == {results.machine.get("commit")} and rounds == results.rounds:
        return []
    return ["", f"Measured apart from the others: commit {', '.join(sorted(commits))}, rounds: {rounds}."]


def _section(results: Results, scenario: Scenario, title: str) -> list[str]:
    lines = [f"## {title}", "", scenario.about, ""]
    if scenario.tool == "chatterlink-bench":
        clients = f" --clients {scenario.clients}" if scenario.clients else ""
        lines += [f"`chatterlink-bench {' '.join(scenario.load)}{clients} --duration {scenario.seconds}`", ""]
        for noise in dict.fromkeys(server.noise for server in scenario.servers if server.noise):
            lines += [f"The other one: `{' '.join(LAST)} chatterlink-bench {' '.join(noise)}`", ""]
    runs = [run for run in results.runs if run.scenario == scenario.name]
    if scenario.precedence:
        lines += [_precedence(runs), ""]
    lines += _table(results, scenario)
    if scenario.targets:
        lines += ["", *(judge(results, scenario, target)[1] for target in scenario.targets)]
    return [*lines, *_measured_apart(results, runs), ""]


def _load_section(results: Results, scenarios: list[Scenario], images: Path) -> list[str]:
    lines = [
        "## Latency against load",
        "",
        "1,000 members of one room, more and more messages a second; p99 in ms, from the time at which the message was "
        "due. A server that was slower than a second, or lost something, was not asked for more.",
        "",
        f"![Latency against load]({images.name}/bench-latency.svg)",
        "",
        "| server | " + " | ".join(f"{scenario.x}/s" for scenario in scenarios) + " |",
        "|---" + "|---:" * len(scenarios) + "|",
    ]
    for server in scenarios[0].servers:
        cells = []
        for scenario in scenarios:
            outcomes = {run.outcome for run in results.of(scenario.name, server.name)}
            cell = _cell(results, scenario, server, "p99")
            if cell == "–" and SKIPPED in outcomes:
                cell = "saturated"
            elif FLAWED in outcomes or FAILED in outcomes:
                cell = f"{cell} ({', '.join(sorted(outcomes & {FAILED, FLAWED}))})"
            cells.append("missing" if server.name in results.missing else cell)
        lines.append(f"| {server.label} | " + " | ".join(cells) + " |")
    measured = {scenario.name for scenario in scenarios}
    return [*lines, *_measured_apart(results, [run for run in results.runs if run.scenario in measured]), ""]


def _head(results: Results) -> list[str]:
    machine = results.machine
    versions = ", ".join(f"{name} {version}" for name, version in machine.get("versions", {}).items() if version)
    cores = machine.get("cores_used", ["?", "?"])
    busy = max((run.load_average for run in results.runs), default=0.0)
    lines = [
        "# Performance",
        "",
        "Written by `make bench`, which measures ChatterLink and what one might use instead, in turn, on one machine, "
        "with the load generator of [bench.md](bench.md). "
        "`make bench BENCH_ROUNDS=5` takes more rounds, `make bench BENCH_ONLY=flood` measures a part again.",
        "",
        f"- Commit {machine.get('commit')}, {machine.get('when')}, rounds: {results.rounds}, seed {results.seed}; "
        "the order of the servers is another one in each round.",
        f"- {machine.get('processor')}, {machine.get('cores')} cores, {machine.get('memory_gib')} GiB; "
        f"{machine.get('system')}. The server has core {cores[0]}, the load core {cores[1]}; all over loopback. "
        f"Load average at the start of a run: {busy:.2f} at most (the bench itself is two programs).",
        f"- {versions}; the peers' exact versions are in bench/peers.",
        "- ChatterLink is the whole chat (names, membership, JSON, history, limits), "
        "`chatterlink-app --store memory --rate-limit off --threads 1` unless a row says otherwise. The peers do what "
        "[bench/peers/README.md](../bench/peers/README.md) says. Texts have 100 bytes.",
        "- Figures are medians over the rounds; a ratio is the median of the ratios within each round. Latency counts "
        "from the time at which a message was due, so that a server that stalls cannot hide it. Every delivery is "
        "checked: lost, twice, out of order. CPU is that of the server's process, kernel time included.",
    ]
    if results.trial:
        lines.insert(2, "**A trial run: its figures mean nothing.**\n")
    lines += [f"- Missing: {name}: {' '.join(reason.split())}" for name, reason in sorted(results.missing.items())]
    return [*lines, ""]


def _summary(results: Results, scenarios: list[Scenario]) -> list[str]:
    verdicts = [(scenario, *judge(results, scenario, target)) for scenario in scenarios for target in scenario.targets]
    if not verdicts:
        return []
    reached = sum(holds is True for _, holds, _ in verdicts)
    lines = ["## Targets", "", f"{reached} of {len(verdicts)} are reached.", ""]
    rest = [f"- {scenario.title}: {line[2:]}" for scenario, holds, line in verdicts if not holds]
    return [*lines, *rest, ""] if rest else lines


def _draw(results: Results, images: Path, group: str, metric: str, plot: Plot) -> None:
    scenarios = [scenario for scenario in SCENARIOS if scenario.group == group]
    for server in scenarios[0].servers if scenarios else ():
        points = []
        for scenario in scenarios:
            value = results.median(scenario.name, server.name, metric)
            if value is not None:
                points.append((scenario.x * plot.x_scale, value * plot.y_scale))
        plot.lines[server.label] = points
    draw(plot, images)


def write_report(results: Results, to: Path, images: Path) -> None:
    """Write the page and its pictures."""
    measured = {run.scenario for run in results.runs}
    scenarios = [scenario for scenario in SCENARIOS if scenario.name in measured]
    load = [scenario for scenario in scenarios if scenario.group == "load"]
    lines = [*_head(results), *_summary(results, scenarios)]
    for scenario in scenarios:
        if scenario in load:
            if scenario is load[0]:
                lines += _load_section(results, load, images)
            continue
        lines += _section(results, scenario, scenario.title)
    if any(scenario.group == "memory" for scenario in scenarios):
        lines += [
            "## Memory against connections",
            "",
            f"![Memory against connections]({images.name}/bench-memory.svg)",
            "",
        ]

    images.mkdir(parents=True, exist_ok=True)
    latency = Plot("bench-latency", "deliveries a second (1,000 members)", "p99 latency, ms", 1000, 1 / 1000, log=True)
    _draw(results, images, "load", "p99", latency)
    _draw(results, images, "memory", "rss", Plot("bench-memory", "connections", "RSS, MiB", 1, 1 / 1024, log=False))
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
