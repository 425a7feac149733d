"""Names of rooms and people: written from the right, and too long for their place."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from browser.windows import Meet, StartApp, Visit

HEBREW = "שלום חברים"
LONG = "a room with a name that fits nowhere at all, not even in here"


def gap(hash_sign: Locator, name: Locator) -> float:
    """From the "#" to the ink of the name."""
    distance: float = name.evaluate(
        """(name, sign) => {
             const range = document.createRange();
             range.selectNodeContents(name);
             return range.getBoundingClientRect().left - sign.getBoundingClientRect().right;
           }""",
        hash_sign.element_handle(),
    )
    return distance


@pytest.mark.parametrize("room", [HEBREW, "garden"])
def test_a_rooms_name_stands_beside_its_sign(start_app: StartApp, visit: Visit, meet: Meet, room: str) -> None:
    server = start_app()
    meet(server, "Bo", room)
    ada = visit(server).join("Ada", "attic")
    assert 0 <= gap(ada.room_item(room).locator(".room-hash"), ada.room_item(room).locator(".room-name")) < 20
    ada.go_to_room(room)
    assert 0 <= gap(ada.room_item(room).locator(".room-hash"), ada.room_item(room).locator(".room-name")) < 20
    title = ada.find("room-title")
    expect(title).to_have_text(f"#{room}")
    assert 0 <= gap(title.locator(".room-hash"), title.locator(".room-name")) < 20


def test_a_name_that_is_cut_can_be_read_whole(start_app: StartApp, visit: Visit, meet: Meet) -> None:
    server = start_app()
    meet(server, "B" * 32, "general", LONG)
    ada = visit(server).join("A" * 32)
    expect(ada.room_item(LONG).get_by_title(LONG, exact=True)).to_be_visible()
    ada.room_item(LONG).click()
    ada.expect_room(LONG)
    expect(ada.room_item(LONG).get_by_title(LONG, exact=True)).to_be_visible()
    expect(ada.find("room-title").get_by_title(LONG, exact=True)).to_be_visible()
    for name in ("A" * 32, "B" * 32):
        expect(ada.member(name).get_by_title(name, exact=True)).to_be_visible()
    expect(ada.find("self-name")).to_have_attribute("title", "A" * 32)
