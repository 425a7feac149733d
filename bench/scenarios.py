"""What is measured, on which servers, and what is to be reached."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bench import servers
from bench.servers import CHATTERLINK, PEERS_OF_THE_CHAT, Server


@dataclass(frozen=True)
class Target:
    """`metric` of ChatterLink is at most (or at least) `bound`, or `bound` times that of the server `of`."""

    metric: str
    bound: float
    of: str | None = None
    at_most: bool = True
    subject: str = "chatterlink"

    def holds(self, value: float) -> bool:
        """Whether the value, or the ratio if there is an `of`, reaches it."""
        return value <= self.bound if self.at_most else value >= self.bound


@dataclass(frozen=True)
class Scenario:
    """One kind of load, put on some servers in turn.

    `load` are the load generator's arguments; `columns` names what the table shows (metrics.COLUMNS); `compared` is the
    metric of the ratio column. Scenarios of one `group` differ in `x` only, and make one plot. With `saturates`, a
    server that could not follow at one `x` is not asked again at a higher one.
    """

    name: str
    title: str
    about: str
    load: tuple[str, ...]
    servers: tuple[Server, ...]
    columns: tuple[str, ...]
    compared: str
    targets: tuple[Target, ...] = ()
    tool: str = "chatterlink-bench"
    group: str | None = None
    x: int = 0
    saturates: bool = False
    subject: str = "chatterlink"
    seconds: int = 5
    warmup: int = 2
    """Seconds of load (of quiet, where there is none) before that."""
    clients: int = 0
    """How many connections it makes; what a trial run divides."""
    precedence: bool = False
    """The load generator goes before everything else on its core, where that is permitted."""


DELIVERY = ("deliveries_per_second", "cpu_us_per_delivery", "p50", "p99", "p999", "rss", "lost")
CONNECTIONS = ("kib_per_connection", "rss", "connects_per_second", "idle_cpu_percent")


def _fanout(members: int, rate: int) -> Scenario:
    return Scenario(
        f"fanout-{members}",
        f"Sparse fan-out, {members:,} members",
        f"{members:,} members of one room; {rate} messages a second from one of them, at fixed times, whether or not "
        "the server keeps up.",
        (*OPEN_LOOP, "--rate", str(rate)),
        (CHATTERLINK, *PEERS_OF_THE_CHAT),
        DELIVERY,
        "cpu_us_per_delivery",
        (Target("cpu_us_per_delivery", 1.0, "uwebsockets"), Target("cpu_us_per_delivery", 0.55, "node")),
        clients=members,
    )


def _quiet_from(clients: int) -> int:
    """How many seconds after the last of them the server has told a room who has come, and the room is idle.

    ChatterLink tells large rooms seldom: after 0.4 ms for each member, up to 10 s (cpp/chat/limits.hpp,
    `presence_delay_per_member`).
    """
    return 2 + min(10, clients * 4 // 10_000)


def _idle(clients: int) -> Scenario:
    return Scenario(
        f"idle-{clients}",
        f"Memory, {clients:,} idle connections",
        f"{clients:,} clients connect, join one room and then say nothing; connects/s counts who has joined.",
        ("idle",),
        (CHATTERLINK, *PEERS_OF_THE_CHAT),
        CONNECTIONS,
        "kib_per_connection",
        (Target("kib_per_connection", 6.0),),
        group="memory",
        x=clients,
        warmup=_quiet_from(clients),
        clients=clients,
    )


def _load(rate: int) -> Scenario:
    return Scenario(
        f"load-{rate}",
        f"Latency against load, {rate} messages a second",
        f"1,000 members of one room, {rate} messages a second.",
        (*OPEN_LOOP, "--rate", str(rate)),
        (CHATTERLINK, *PEERS_OF_THE_CHAT),
        DELIVERY,
        "p99",
        group="load",
        x=rate,
        saturates=True,
        clients=1000,
    )


OPEN_LOOP = ("fanout", "--senders", "1", "--awake", "yes")
"""A sender at fixed times; the load generator does not sleep, so that no server has to wake it."""
FLOOD = ("flood", "--senders", "10", "--in-flight", "4")
DEEP_FLOOD = ("flood", "--senders", "50", "--in-flight", "8")
SQLITE = servers.chatterlink(name="chatterlink-sqlite", label="ChatterLink, SQLite", store="sqlite")
TWO_THREADS = servers.chatterlink(name="chatterlink-threads-2", label="ChatterLink, two threads", threads=2)
DEFLATE = replace(
    servers.chatterlink("--ws-deflate", "on", name="chatterlink-deflate", label="ChatterLink, deflate on"),
    load=("--deflate", "on"),
)


def _beside_noise(server: Server) -> Server:
    """The same server, another room of which is flooded meanwhile.

    Its name is not that of a scenario: `--only flood` is to mean the scenarios.
    """
    return replace(
        server,
        name=f"{server.name}-beside-noise",
        label=f"{server.label}, another room flooded",
        noise=(*FLOOD, "--clients", "100", "--room", "loud"),
    )


BESIDE_NOISE = _beside_noise(CHATTERLINK)

SCENARIOS: tuple[Scenario, ...] = (
    _fanout(100, 50),
    _fanout(1_000, 50),
    # As many deliveries a second as with 1,000 members: sparse means one `send` a delivery, of which a core does
    # about a hundred thousand.
    _fanout(10_000, 5),
    Scenario(
        "flood",
        "Flood",
        "100 members of one room, 10 of which always have 4 messages under way: the next one goes out when one's own "
        "comes back.",
        FLOOD,
        (CHATTERLINK, *PEERS_OF_THE_CHAT),
        DELIVERY,
        "deliveries_per_second",
        (
            Target("deliveries_per_second", 1.5, "uwebsockets", at_most=False),
            Target("deliveries_per_second", 15.0, "node", at_most=False),
            Target("p50", 0.1, "uwebsockets"),
            Target("p50", 0.1, "node"),
        ),
        clients=100,
    ),
    *(_load(rate) for rate in (10, 20, 40, 80, 160)),
    _idle(1_000),
    _idle(5_000),
    _idle(10_000),
    Scenario(
        "connect",
        "Connecting",
        "64 clients at a time connect, without joining a room.",
        ("connect", "--concurrency", "64"),
        (CHATTERLINK, *PEERS_OF_THE_CHAT),
        ("connects_per_second", "rss"),
        "connects_per_second",
        clients=5_000,
    ),
    Scenario(
        "crowd",
        "19,000 connections in one room",
        "19,000 clients connect, join one room and then say nothing; connects/s counts who has joined.",
        ("idle",),
        (
            *(CHATTERLINK, servers.UWEBSOCKETS, servers.UWEBSOCKETS_JOINS),
            *(servers.NODE, servers.NODE_UWS, servers.SOCKETIOXIDE, servers.GO),
        ),
        CONNECTIONS,
        "connects_per_second",
        (
            Target("idle_cpu_percent", 1.0),
            Target("connects_per_second", 0.9, "uwebsockets", at_most=False),
            Target("kib_per_connection", 6.0),
        ),
        warmup=_quiet_from(19_000),
        clients=19_000,
    ),
    Scenario(
        "threads",
        "One and two threads",
        "1,000 members of one room, 50 messages a second; two threads have two shards, on one core here.",
        (*OPEN_LOOP, "--rate", "50"),
        (TWO_THREADS, CHATTERLINK),
        DELIVERY,
        "cpu_us_per_delivery",
        (Target("cpu_us_per_delivery", 1.1, "chatterlink", subject="chatterlink-threads-2"),),
        subject="chatterlink-threads-2",
        clients=1_000,
    ),
    Scenario(
        "fairness",
        "A room beside a flooded one",
        "100 members of one room, 50 messages a second from one of them: alone, and while another load generator "
        "floods another room of the same server.",
        ("fanout", "--rate", "50", "--senders", "1", "--room", "quiet"),
        (
            *(BESIDE_NOISE, CHATTERLINK),
            *(_beside_noise(servers.UWEBSOCKETS), servers.UWEBSOCKETS),
            *(_beside_noise(servers.NODE), servers.NODE),
        ),
        ("deliveries_per_second", "p50", "p99", "p999", "cpu_percent", "rss", "lost"),
        "p99",
        (Target("p99", 2.0, "chatterlink", subject=BESIDE_NOISE.name),),
        subject=BESIDE_NOISE.name,
        clients=100,
        # A p99 of 500 messages: of 250 it would be that of the worst two.
        seconds=10,
        precedence=True,
    ),
    Scenario(
        "acked",
        "Acknowledged messages, SQLite",
        "50 senders, each alone in a room, with 8 messages under way; the next one goes out when one is acknowledged, "
        "which is after the commit.",
        ("acked", "--senders", "50", "--in-flight", "8", "--rooms", "50"),
        (SQLITE, CHATTERLINK),
        ("acks_per_second", "ack_p50", "ack_p99", "ack_p999", "rss"),
        "acks_per_second",
        (
            Target("acks_per_second", 20_000, at_most=False, subject="chatterlink-sqlite"),
            Target("ack_p99", 25_000, subject="chatterlink-sqlite"),
        ),
        subject="chatterlink-sqlite",
        clients=50,
    ),
    Scenario(
        "flood-sqlite",
        "Flood, SQLite",
        "Every message is stored on the disk before it is delivered. 100 members of one room, 50 of which always have "
        "8 messages under way: as many as it takes that nobody but the disk waits for the disk.",
        DEEP_FLOOD,
        (SQLITE, CHATTERLINK),
        DELIVERY,
        "deliveries_per_second",
        (Target("deliveries_per_second", 0.85, "chatterlink", at_most=False, subject="chatterlink-sqlite"),),
        subject="chatterlink-sqlite",
        clients=100,
    ),
    Scenario(
        "lines",
        "Lines, sparse fan-out",
        "1,000 line clients, 50 messages a second.",
        (*OPEN_LOOP, "--rate", "50"),
        (servers.CHATTERLINK_LINES, servers.UWEBSOCKETS, servers.PYTHON_THREADS),
        DELIVERY,
        "cpu_us_per_delivery",
        (Target("cpu_us_per_delivery", 1.0, "uwebsockets"),),
        clients=1_000,
    ),
    Scenario(
        "lines-flood",
        "Lines, flood",
        "100 line clients, 10 of which always have 4 messages under way.",
        FLOOD,
        (servers.CHATTERLINK_LINES, servers.PYTHON_THREADS),
        DELIVERY,
        "deliveries_per_second",
        (Target("deliveries_per_second", 1.0, "python-threads", at_most=False),),
        clients=100,
    ),
    Scenario(
        "polling",
        "Long polling",
        "1,000 clients that poll, in one room; 5 messages a second.",
        (*OPEN_LOOP, "--rate", "5"),
        tuple(map(servers.over_polling, (CHATTERLINK, *servers.SOCKETIO_PEERS))),
        DELIVERY,
        "cpu_us_per_delivery",
        (Target("cpu_us_per_delivery", 0.5, "node"),),
        clients=1_000,
    ),
    Scenario(
        "deflate",
        "Compression",
        "1,000 members of one room, 50 messages of 2,000 bytes a second (shorter than 1,024 bytes nothing is "
        "compressed); where deflate is on, all members ask for it (--deflate on).",
        (*OPEN_LOOP, "--rate", "50", "--size", "2000"),
        (DEFLATE, CHATTERLINK),
        DELIVERY,
        "cpu_us_per_delivery",
        (Target("cpu_us_per_delivery", 1.3, "chatterlink", subject="chatterlink-deflate"),),
        subject="chatterlink-deflate",
        clients=1_000,
    ),
    Scenario(
        "page",
        "The page",
        "GET / over 64 connections that stay open; nginx serves the same file.",
        (),
        (replace(CHATTERLINK, protocol="http"), servers.NGINX),
        ("requests_per_second", "cpu_us_per_request", "p50", "p99", "rss"),
        "requests_per_second",
        (Target("requests_per_second", 0.8, "nginx", at_most=False),),
        tool="wrk",
    ),
)
