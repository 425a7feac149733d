"""Which runs to make, and in which order."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from bench.scenarios import Scenario
from bench.servers import Server


@dataclass(frozen=True)
class Selection:
    """Some scenarios, each with some of its servers; `whole` if no server of theirs was left out."""

    scenarios: tuple[Scenario, ...]
    whole: bool


def select(scenarios: Iterable[Scenario], only: str | None) -> Selection:
    """The scenarios and servers whose `scenario/server` matches the regular expression; all without one.

    A scenario's subject, which the others are compared with, comes along with any of them.
    """
    if only is None:
        return Selection(tuple(scenarios), True)
    wanted = re.compile(only)
    chosen: list[Scenario] = []
    whole = True
    for scenario in scenarios:
        matching = [server for server in scenario.servers if wanted.search(f"{scenario.name}/{server.name}")]
        if not matching:
            continue
        names = {server.name for server in matching} | {scenario.subject}
        servers = tuple(server for server in scenario.servers if server.name in names)
        whole = whole and len(servers) == len(scenario.servers)
        chosen.append(replace(scenario, servers=servers))
    return Selection(tuple(chosen), whole)


def in_turn(scenarios: Sequence[Scenario], rounds: int, seed: int) -> Iterator[tuple[int, Scenario, Server]]:
    """Every server of every scenario once a round; those of a scenario follow each other, each time in another order.

    The order depends on the seed alone.
    """
    shuffler = random.Random(seed)
    for number in range(1, rounds + 1):
        for scenario in scenarios:
            servers = list(scenario.servers)
            shuffler.shuffle(servers)
            for server in servers:
                yield number, scenario, server
