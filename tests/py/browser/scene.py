"""A chat that has been going on for three days, for the pictures: said through the server, then moved to fixed times
in the database of the ended server, so that the pictures are the same whenever they are made."""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack, closing
from datetime import datetime, timezone
from pathlib import Path

from browser.pictures import landscape_png
from browser.visitor import Visitor
from support.servers import AppServer

#: The readers' clock.
NOW = datetime(2026, 5, 14, 9, 42, tzinfo=timezone.utc)
ROOM = "garden"
#: The reader whose window is shown.
READER = "Mira"
#: They are in the room now.
PRESENT = ("Jonas", "Amélie", "Tomasz K", "Noor", "Елена")
OTHER_ROOMS = {"general": ("Jonas", "Noor", "Ravi"), "kitchen": ("Amélie", "Ravi"), "bike repair": ("Tomasz K",)}

PHOTO = "morning-from-the-shed.png"
# When (day of May, hour, minute), who, what; PHOTO stands for the picture.
_SAID: list[tuple[tuple[int, int, int], str, str]] = [
    ((11, 17, 52), "Tomasz K", "The second raised bed is full of soil. My back is not."),
    ((11, 17, 53), "Noor", "Hero 💪"),
    ((11, 18, 20), READER, "I can bring the tomato plants tomorrow after work."),
    ((13, 8, 4), "Jonas", "Frost last night, but everything under the fleece made it."),
    ((13, 8, 6), "Amélie", "Phew. Who put the fleece out?"),
    ((13, 8, 7), READER, "Me. I did not trust that sky."),
    ((14, 7, 31), "Jonas", PHOTO),
    ((14, 7, 31), "Jonas", "Nobody up but me and the blackbird"),
    ((14, 8, 12), "Елена", "Красота! 😍"),
    (
        (14, 9, 15),
        "Noor",
        "About Saturday: the compost comes at nine and will stand on the pavement until we have carried it in. "
        "I'll make soup for everybody who helps. The list: https://example.org/garden",
    ),
    ((14, 9, 38), READER, "I'm in, with my own wheelbarrow 🌱"),
    ((14, 9, 41), "Tomasz K", "And I bring bread for the soup. Best deal in town."),
]


def prepare(data: Path) -> None:
    """Fill a data folder with the conversation."""
    with AppServer(data, options=("--rate-limit", "off")) as server, ExitStack() as stack:
        people = {
            name: stack.enter_context(Visitor(server, name, ROOM)) for name in sorted({name for _, name, _ in _SAID})
        }
        for _, name, text in _SAID:
            who = people[name]
            if text == PHOTO:
                who.say("", ROOM, who.upload(landscape_png(), PHOTO))
            else:
                who.say(text, ROOM)
    assert server.exit_code() == 0
    with closing(sqlite3.connect(data / "chatterlink.db")) as database, database:
        for seq, ((day, hour, minute), _, _) in enumerate(_SAID, 1):
            moment = datetime(2026, 5, day, hour, minute, tzinfo=timezone.utc)
            changed = database.execute(
                "UPDATE messages SET timestamp = ? WHERE seq = ?", (int(moment.timestamp() * 1000), seq)
            )
            assert changed.rowcount == 1


def populate(server: AppServer, stack: ExitStack) -> dict[str, Visitor]:
    """Bring everybody who is there now; they leave with the stack."""
    rooms: dict[str, list[str]] = {name: [ROOM] for name in PRESENT}
    for room, names in OTHER_ROOMS.items():
        for name in names:
            rooms.setdefault(name, []).append(room)
    return {name: stack.enter_context(Visitor(server, name, *where)) for name, where in rooms.items()}
