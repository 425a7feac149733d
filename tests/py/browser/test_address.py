"""The room in the page's address, and the browser's history."""

from __future__ import annotations

from playwright.sync_api import expect

from browser.chat_page import ChatPage
from browser.windows import StartApp, Visit


def follow(window: ChatPage, room: str) -> None:
    """Type another room into the address."""
    window.page.evaluate("(room) => { location.hash = room; }", room)


def test_a_refused_room_does_not_stay_in_the_address(start_app: StartApp, visit: Visit) -> None:
    ada = visit(start_app()).join("Ada", "attic")
    ada.go_to_room("milk")
    for _ in range(2):
        follow(ada, "a%2Fb")
        expect(ada.find("toast")).to_contain_text("#a/b")
        ada.page.wait_for_url("**/#milk")
        ada.find("toast").get_by_role("button").click()
    ada.expect_room("milk")
    ada.page.go_back()
    ada.expect_room("attic")
    assert ada.page.url.endswith("#attic")

    # With a window of its own, too.
    again = visit(start_app()).join("Ada", "milk")
    with again.guard.expecting(r"^failed: .* net::ERR_ABORTED$"):  # as when it is loaded again
        again.page.goto("about:blank")
    again.open("a%2Fb")
    again.expect_room("milk")
    again.page.wait_for_url("**/#milk")


def test_an_address_that_is_followed_is_one_step_of_the_history(start_app: StartApp, visit: Visit) -> None:
    ada = visit(start_app()).join("Ada", "attic")
    follow(ada, "milk")
    ada.expect_room("milk")
    follow(ada, "%20tea%20")  # the server tidies it
    ada.expect_room("tea")
    ada.page.wait_for_url("**/#tea")
    for room in ("milk", "attic"):
        ada.page.go_back()
        ada.expect_room(room)
    ada.page.go_forward()
    ada.expect_room("milk")


def test_back_does_not_go_into_a_room_that_was_left(start_app: StartApp, visit: Visit) -> None:
    ada = visit(start_app()).join("Ada", "attic")
    for room in ("milk", "tea"):
        ada.go_to_room(room)
    for room in ("tea", "milk"):
        ada.room_item(room).locator("xpath=..").get_by_test_id("room-leave").click()
        expect(ada.page.locator(f'[data-room="{room}"][data-joined="true"]')).to_have_count(0)
    ada.expect_room("attic")
    assert ada.page.url.endswith("#attic")
    ada.page.go_back()
    ada.expect_room("attic")
    expect(ada.page.locator('[data-joined="true"]')).to_have_count(1)
    assert ada.page.url.endswith("#attic")
