"""What lies over the conversation: drawers and the opened image, in windows that turn and grow, and Back."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from browser.pictures import plain_png
from browser.windows import Meet, StartApp, Visit


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


@pytest.mark.parametrize("over", ["image", "rooms", "people"])
def test_back_closes_what_lies_over_the_room(start_app: StartApp, visit: Visit, meet: Meet, over: str) -> None:
    server = start_app()
    bo = meet(server, "Bo")
    bo.say("", "general", bo.upload(plain_png(), "dot.png"))
    ada = visit(server, width=390, height=844).join("Ada", "attic")
    ada.find("open-rooms").click()
    ada.go_to_room("general")
    opener, box = {
        "image": (ada.page.get_by_role("button", name="Open the image dot.png"), ada.find("lightbox")),
        "rooms": (ada.find("open-rooms"), ada.find("room-list")),
        "people": (ada.find("open-members"), ada.find("members")),
    }[over]
    for _ in range(2):
        opener.click()
        expect(box).to_be_visible()
        ada.page.go_back()
        expect(box).not_to_be_visible()
        expect(opener).to_be_focused()
        ada.expect_room("general")
        # Closed in another way and opened again at once, it leaves nothing behind for Back.
        for _ in range(3):
            opener.click()
            expect(box).to_be_visible()
            ada.page.keyboard.press("Escape")
            expect(box).not_to_be_visible()
    ada.page.go_forward()
    expect(box).not_to_be_visible()
    ada.page.go_back()
    ada.expect_room("attic")


def test_a_room_chosen_in_the_drawer_is_left_by_back_in_one_step(start_app: StartApp, visit: Visit) -> None:
    ada = visit(start_app(), width=390, height=844).join("Ada", "attic")
    ada.find("open-rooms").click()
    ada.go_to_room("general")
    expect(ada.find("room-list")).not_to_be_visible()
    ada.page.go_back()
    ada.expect_room("attic")
    expect(ada.find("room-list")).not_to_be_visible()
    ada.page.go_forward()
    ada.expect_room("general")

    # A reload forgets the drawer, and so does signing out.
    ada.find("open-rooms").click()
    ada.reload()
    ada.expect_room("general")
    ada.find("open-rooms").click()
    ada.find("sign-out").click()
    ada.join("Ada")
    expect(ada.find("room-list")).not_to_be_visible()


def test_a_closed_image_covers_nothing_from_that_moment_on(start_app: StartApp, visit: Visit, meet: Meet) -> None:
    server = start_app()
    bo = meet(server, "Bo")
    bo.say("", "general", bo.upload(plain_png(), "dot.png"))
    ada = visit(server).join("Ada", "attic")
    ada.go_to_room("general")
    ada.page.get_by_role("button", name="Open the image dot.png").click()
    # As Esc does; and the key in the same frame.
    ada.find("lightbox").evaluate(
        """(dialog) => {
          dialog.requestClose();
          document.activeElement.dispatchEvent(
            new KeyboardEvent('keydown', {key: 'ArrowUp', altKey: true, bubbles: true}));
        }"""
    )
    ada.expect_room("attic")


@pytest.mark.parametrize("over", ["image", "people"])
def test_the_keys_for_changing_rooms_rest_while_something_lies_over_the_room(
    start_app: StartApp, visit: Visit, meet: Meet, over: str
) -> None:
    server = start_app()
    bo = meet(server, "Bo")
    bo.say("", "general", bo.upload(plain_png(), "dot.png"))
    ada = visit(server, width=1000, height=700).join("Ada", "attic")
    ada.go_to_room("general")
    image = ada.page.get_by_role("button", name="Open the image dot.png")
    opener = image if over == "image" else ada.find("open-members")
    opener.click()
    ada.page.keyboard.press("Alt+ArrowUp")
    ada.page.keyboard.press("Escape")
    expect(opener).to_be_focused()
    ada.expect_room("general")
    ada.page.keyboard.press("Alt+ArrowUp")
    ada.expect_room("attic")
