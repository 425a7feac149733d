"""Pictures of the page, for people to look at: tests/output/screenshots/.

With CHATTERLINK_UPDATE_SCREENSHOT=1 two of them become the ones in docs/images/ that the README shows.
"""

from __future__ import annotations

import os
import re
import shutil
import struct
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from browser import scene
from browser.chat_page import ChatPage
from browser.guard import NOBODY_THERE
from browser.windows import PHONE, StartApp, Visit
from support import paths

PICTURES = paths.OUTPUT / "screenshots"
IN_THE_README = {
    "chat-1440-light.png": paths.ROOT / "docs" / "images" / "chat.png",
    "chat-390-dark.png": paths.ROOT / "docs" / "images" / "chat-phone-dark.png",
}
MOST_BYTES = 300_000

looks = pytest.mark.parametrize("scheme", ["light", "dark"])
widths = pytest.mark.parametrize("width", [1440, 390])


@pytest.fixture(scope="module")
def conversation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of the conversation; to be copied."""
    data = tmp_path_factory.mktemp("conversation") / "data"
    scene.prepare(data)
    return data


def window_options(width: int, scheme: str) -> dict[str, Any]:
    size = {"width": 1440, "height": 900} if width == 1440 else {**PHONE, "device_scale_factor": 2}
    return {**size, "color_scheme": scheme, "reduced_motion": "reduce", "now": scene.NOW}


def keep(window: ChatPage, name: str) -> None:
    """Take the picture, when all that belongs to it is loaded."""
    window.page.wait_for_function(
        "() => document.fonts.status === 'loaded' && [...document.images].every((each) => each.naturalWidth > 0)"
    )
    PICTURES.mkdir(parents=True, exist_ok=True)
    picture = window.page.screenshot(path=PICTURES / name, caret="hide")
    width, height = struct.unpack(">II", picture[16:24])
    size = window.page.viewport_size
    assert size is not None
    assert width % size["width"] == height % size["height"] == 0
    if name in IN_THE_README and os.environ.get("CHATTERLINK_UPDATE_SCREENSHOT") == "1":
        assert len(picture) < MOST_BYTES
        IN_THE_README[name].parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PICTURES / name, IN_THE_README[name])


@widths
@looks
def test_picture_of_the_chat(
    start_app: StartApp, visit: Visit, conversation: Path, tmp_path: Path, width: int, scheme: str
) -> None:
    data = tmp_path / "conversation"
    shutil.copytree(conversation, data)
    server = start_app(data=data)
    with ExitStack() as stack:
        people = scene.populate(server, stack)
        window = visit(server, **window_options(width, scheme)).join(scene.READER, "general")
        if width == 1440:
            window.go_to_room(scene.ROOM)
        else:
            window.find("open-rooms").tap()
            window.find("new-room-input").fill(scene.ROOM)
            window.find("new-room-submit").tap()
            window.expect_room(scene.ROOM)
        for text in ("Kettle is on", "Who has the key to the cellar?"):
            people["Ravi"].say(text, "general")
        expect(window.messages).to_have_count(12)
        expect(window.find("day-separator")).to_have_text(["Monday 11 May", "Yesterday", "Today"])
        expect(window.find("member-count")).to_have_text("6")
        expect(window.page).to_have_title(re.compile(r"^\(2\)"))
        people["Amélie"].write(scene.ROOM)
        expect(window.find("typing")).to_have_text("Amélie is typing…")
        keep(window, f"chat-{width}-{scheme}.png")

        if width == 390:
            window.find("open-rooms").tap()
            keep(window, f"rooms-{width}-{scheme}.png")
            window.find("close-rooms").tap()
        people["Amélie"].write(scene.ROOM, typing=False)
        expect(window.find("typing")).to_be_empty()

        with window.guard.expecting(*NOBODY_THERE):
            server.kill()
            expect(window.banner).to_be_visible()
            window.say("Does anybody need a lift on Saturday?")
            window.expect_state("Does anybody need a lift on Saturday?", "pending")
            keep(window, f"lost-{width}-{scheme}.png")
            window.page.close()  # it would go on knocking at the server's door


@widths
@looks
def test_picture_of_the_form_and_of_an_empty_room(start_app: StartApp, visit: Visit, width: int, scheme: str) -> None:
    window = visit(start_app(), **window_options(width, scheme))
    expect(window.find("join-name")).to_be_visible()
    keep(window, f"form-{width}-{scheme}.png")
    window.join(scene.READER, "general")
    expect(window.find("empty-room")).to_be_visible()
    keep(window, f"empty-{width}-{scheme}.png")
    window.find("emoji-button").click()
    expect(window.find("emoji-picker")).to_be_visible()
    keep(window, f"emoji-{width}-{scheme}.png")


@pytest.mark.parametrize("path", IN_THE_README.values(), ids=lambda path: path.name)
def test_the_pictures_of_the_readme_are_there_and_small(path: Path) -> None:
    picture = path.read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < MOST_BYTES
    width, _ = struct.unpack(">II", picture[16:24])
    assert width in (1440, 780)
