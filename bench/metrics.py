"""Figures: what the load generator's JSON holds, under the names that tables and targets use; medians and ratios."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any, Optional

Result = dict[str, Any]


@dataclass(frozen=True)
class Column:
    """A figure of a table: its heading with the unit, where it is in a result, and how it is printed."""

    title: str
    path: tuple[str, ...]
    text: Callable[[float], str]
    words: str
    """As a sentence names it."""
    unit: str = ""


def _number(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    if value >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}"


def _milliseconds(microseconds: float) -> str:
    return _number(microseconds / 1000)


def _mebibytes(kibibytes: float) -> str:
    return _number(kibibytes / 1024)


def _count(value: float) -> str:
    return f"{value:,.0f}"


COLUMNS: dict[str, Column] = {
    "deliveries_per_second": Column("deliveries/s", ("deliveries_per_second",), _count, "deliveries a second"),
    "cpu_us_per_delivery": Column("CPU µs per delivery", ("cpu_us_per_delivery",), _number, "CPU per delivery", "µs"),
    "p50": Column("p50 ms", ("latency_us", "p50"), _milliseconds, "median latency", "ms"),
    "p99": Column("p99 ms", ("latency_us", "p99"), _milliseconds, "p99 latency", "ms"),
    "p999": Column("p99.9 ms", ("latency_us", "p999"), _milliseconds, "p99.9 latency", "ms"),
    "acks_per_second": Column("acks/s", ("acks_per_second",), _count, "acknowledgements a second"),
    "ack_p50": Column("ack p50 ms", ("ack_latency_us", "p50"), _milliseconds, "median time to the ack", "ms"),
    "ack_p99": Column("ack p99 ms", ("ack_latency_us", "p99"), _milliseconds, "p99 time to the ack", "ms"),
    "ack_p999": Column("ack p99.9 ms", ("ack_latency_us", "p999"), _milliseconds, "p99.9 time to the ack", "ms"),
    "connects_per_second": Column("connects/s", ("connects_per_second",), _count, "connects a second"),
    "kib_per_connection": Column(
        "KiB per connection", ("kib_per_connection",), _number, "memory per connection", "KiB"
    ),
    "rss": Column("RSS MiB", ("rss_kib", "connected"), _mebibytes, "RSS", "MiB"),
    "idle_cpu_percent": Column("CPU % when idle", ("idle_cpu_percent",), _number, "CPU when idle", "%"),
    "cpu_percent": Column("server CPU %", ("cpu_percent",), _number, "the server's CPU", "%"),
    "requests_per_second": Column("requests/s", ("requests_per_second",), _count, "requests a second"),
    "cpu_us_per_request": Column("CPU µs per request", ("cpu_us_per_request",), _number, "CPU per request", "µs"),
    "lost": Column("lost", ("lost",), _count, "lost deliveries"),
}


def value_of(result: Result | None, metric: str) -> float | None:
    """A figure of a result; None if there is none."""
    found: Any = result
    for key in COLUMNS[metric].path:
        if not isinstance(found, dict):
            return None
        found = found.get(key)
    return float(found) if isinstance(found, (int, float)) and not isinstance(found, bool) else None


def median_of(values: Iterable[float | None]) -> float | None:
    """The median of those that are there."""
    there = [value for value in values if value is not None]
    return median(there) if there else None


RoundResults = Mapping[int, Optional[Result]]
"""Of one server in one scenario: what each round gave; None where it failed."""


def ratios(ours: RoundResults, theirs: RoundResults, metric: str) -> list[float]:
    """Ours divided by theirs, for each round in which both have the figure; never across rounds."""
    found = []
    for number in sorted(ours.keys() & theirs.keys()):
        above, below = value_of(ours[number], metric), value_of(theirs[number], metric)
        if above is not None and below is not None and below > 0:
            found.append(above / below)
    return found
