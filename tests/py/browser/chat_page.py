"""The page as its readers and tests know it: one browser window with the chat in it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from playwright.sync_api import Locator, Page, Response, expect

from browser.guard import Guard
from support.servers import AppServer

_TOO_WIDE = """() =>
  [document.documentElement, document.body, ...document.querySelectorAll('body *')]
    .filter((each) => each.scrollWidth > each.clientWidth + 1)
    .filter((each) => ['auto', 'scroll'].includes(getComputedStyle(each).overflowX) ||
                      each === document.documentElement)
    .map((each) => each.outerHTML.slice(0, 80))
"""


class ChatPage:
    """One window. Elements are found by their data-testid, which is the page's contract with its tests."""

    def __init__(self, page: Page, guard: Guard, server: AppServer) -> None:
        self.page = page
        self.guard = guard
        self.server = server
        self.composer = self.find("composer-input")
        self.messages = self.find("message")
        self.texts = self.find("message-text")
        self.banner = self.find("connection-banner")

    def find(self, testid: str) -> Locator:
        return self.page.get_by_test_id(testid)

    def open(self, room: str = "") -> ChatPage:
        """Load the page, with a room in its address if one is given."""
        answer = self.page.goto(self.server.url + (f"#{room}" if room else ""))
        self._expect_policy(answer)
        return self

    def reload(self) -> None:
        # What the old page was still waiting for ends with it.
        with self.guard.expecting(r"^failed: .* net::ERR_ABORTED$"):
            self._expect_policy(self.page.reload())

    @staticmethod
    def _expect_policy(answer: Response | None) -> None:
        assert answer is not None
        assert "script-src 'self'" in answer.headers["content-security-policy"]

    def join(self, name: str, room: str = "general") -> ChatPage:
        """Fill in the first form, and wait until the room is open."""
        self.find("join-name").fill(name)
        self.find("join-room").fill(room)
        self.find("join-submit").click()
        self.expect_room(room)
        expect(self.find("self-name")).to_have_text(name)
        return self

    def expect_room(self, room: str) -> None:
        """The room is the open one, and can be written to."""
        expect(self.find("room-title")).to_have_text(f"#{room}")
        expect(self.composer).to_be_editable()

    def go_to_room(self, room: str) -> None:
        """Type the name of a room below the list of rooms."""
        self.find("new-room-input").fill(room)
        self.find("new-room-submit").click()
        self.expect_room(room)

    def room_item(self, room: str) -> Locator:
        return self.page.locator(f'[data-testid="room-item"][data-room="{room}"]')

    def member(self, name: str) -> Locator:
        return self.page.locator(f'[data-testid="member"][data-name="{name}"]')

    def say(self, text: str) -> None:
        self.composer.fill(text)
        self.composer.press("Enter")
        expect(self.composer).to_have_value("")

    def message(self, text: str) -> Locator:
        """The messages with exactly this text."""
        exact = self.texts.filter(has_text=re.compile(f"^{re.escape(text)}$"))
        return self.messages.filter(has=exact)

    def expect_state(self, text: str, state: str) -> None:
        """The message with this text is "pending", "sent" or "failed"."""
        expect(self.message(text)).to_have_attribute("data-state", state)

    def expect_texts(self, texts: Sequence[str]) -> None:
        """These messages, each once, in this order, and no other."""
        expect(self.texts).to_have_text(list(texts))

    def expect_all_sent(self) -> None:
        """No message is on its way or has failed."""
        expect(self.page.locator('[data-testid="message"]:not([data-state="sent"])')).to_have_count(0)

    def focused(self) -> str | None:
        """The data-testid of the element that has the focus."""
        testid: str | None = self.page.evaluate("document.activeElement?.dataset.testid")
        return testid

    def too_wide(self) -> list[str]:
        """What can be scrolled sideways: nothing should."""
        wide: list[str] = self.page.evaluate(_TOO_WIDE)
        return wide
