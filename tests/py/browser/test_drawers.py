"""What lies over the conversation: drawers and the opened image, in windows that turn and grow, and Back."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from browser.windows import StartApp, Visit


@pytest.mark.parametrize(
    ("opener", "panel", "narrow", "wide"),
    [
        ("open-rooms", "room-list", (390, 844), (844, 390)),
        ("open-members", "members", (1000, 700), (1440, 900)),
        ("open-members", "members", (390, 844), (1440, 900)),
    ],
)
def test_a_drawer_becomes_a_panel_when_the_window_grows(
    start_app: StartApp, visit: Visit, opener: str, panel: str, narrow: tuple[int, int], wide: tuple[int, int]
) -> None:
    ada = visit(start_app(), width=narrow[0], height=narrow[1]).join("Ada")
    ada.find(opener).click()
    expect(ada.find(panel)).to_be_visible()
    ada.page.set_viewport_size({"width": wide[0], "height": wide[1]})
    expect(ada.find(panel)).to_be_visible()
    expect(ada.page.locator(".scrim")).to_have_count(0)
    expect(ada.page.locator(":focus")).to_have_count(1)
    ada.composer.click()
    ada.say("still here")
    # And it is not open when the window shrinks again.
    ada.page.set_viewport_size({"width": narrow[0], "height": narrow[1]})
    expect(ada.find(panel)).not_to_be_visible()
    expect(ada.composer).to_be_editable()


def test_the_focus_does_not_go_behind_the_drawer_of_the_people(start_app: StartApp, visit: Visit) -> None:
    ada = visit(start_app(), width=1000, height=700).join("Ada")
    ada.find("open-members").click()
    expect(ada.find("close-members")).to_be_focused()
    for _ in range(8):
        ada.page.keyboard.press("Tab")
        assert ada.page.evaluate("() => document.activeElement.closest('#rooms-panel, main') === null")
    ada.page.keyboard.press("Escape")
    expect(ada.find("open-members")).to_be_focused()
