"""What has the focus and goes away hands it on: it never ends at nothing."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from browser.chat_page import ChatPage
from browser.pictures import plain_png
from browser.windows import PHONE, Meet, StartApp, Visit


@pytest.mark.parametrize("how", ["click", "key", "tap"])
def test_after_sending_one_writes_on(start_app: StartApp, visit: Visit, how: str) -> None:
    server = start_app()
    ada = (visit(server, **PHONE) if how == "tap" else visit(server)).join("Ada")
    ada.composer.fill("first")
    send = ada.find("composer-send")
    if how == "click":
        send.click()
    elif how == "tap":
        send.tap()
    else:
        send.press("Enter")
    ada.expect_texts(["first"])
    expect(ada.composer).to_be_focused()
    ada.page.keyboard.type("second")
    expect(ada.composer).to_have_value("second")


def refusing(ada: ChatPage, *texts: str) -> None:
    """The page believes that messages may be longer than the server does, and says these."""
    ada.page.route("**/config.json", lambda route: route.fulfill(json={"max_message": 100_000}))
    ada.reload()
    ada.expect_room("general")
    for text in texts:
        ada.say(text)
    expect(ada.page.locator('[data-testid="message"][data-state="failed"]')).to_have_count(len(texts))


def test_what_was_not_sent_hands_the_focus_to_the_next_and_then_to_the_field(start_app: StartApp, visit: Visit) -> None:
    ada = visit(start_app()).join("Ada")
    refusing(ada, "x" * 9000, "y" * 9000)
    ada.find("message-discard").first.press("Enter")
    expect(ada.messages).to_have_count(1)
    expect(ada.find("message-discard")).to_be_focused()
    ada.find("message-retry").press("Enter")
    expect(ada.composer).to_be_focused()
    expect(ada.find("message-retry")).to_be_visible()  # refused again
    ada.find("message-discard").press("Enter")
    expect(ada.messages).to_have_count(0)
    expect(ada.composer).to_be_focused()


def test_on_a_phone_what_goes_away_raises_no_keyboard(start_app: StartApp, visit: Visit) -> None:
    ada = visit(start_app(), **PHONE).join("Ada")
    refusing(ada, "x" * 9000)
    ada.find("message-discard").tap()
    expect(ada.messages).to_have_count(0)
    expect(ada.find("messages")).to_be_focused()


def test_older_messages_and_the_way_back_to_the_latest(start_app: StartApp, visit: Visit, meet: Meet) -> None:
    server = start_app("--rate-limit", "off")
    bo = meet(server, "Bo")
    for number in range(1, 61):
        bo.say(f"{number}")
    ada = visit(server).join("Ada")
    expect(ada.messages).to_have_count(50)
    ada.find("load-older").focus()  # is enough: it comes into sight
    expect(ada.messages).to_have_count(60)
    expect(ada.find("messages")).to_be_focused()
    expect(ada.find("messages")).to_have_attribute("aria-busy", "false")
    ada.find("jump-latest").press("Enter")
    expect(ada.find("jump-latest")).to_have_count(0)
    expect(ada.composer).to_be_focused()


def test_images_that_are_taken_out_again(start_app: StartApp, visit: Visit) -> None:
    ada = visit(start_app()).join("Ada")
    for name in ("a.png", "b.txt", "c.png"):
        kind = "text/plain" if name == "b.txt" else "image/png"
        ada.find("upload-input").set_input_files({"name": name, "mimeType": kind, "buffer": plain_png()})

    def button(name: str) -> Locator:
        return ada.page.get_by_role("button", name=f"Remove {name}")

    button("b.txt").press("Enter")
    expect(button("c.png")).to_be_focused()
    ada.page.keyboard.press("Enter")
    expect(button("a.png")).to_be_focused()
    ada.page.keyboard.press("Enter")
    expect(ada.find("tray-item")).to_have_count(0)
    expect(ada.composer).to_be_focused()


def test_a_toast_stays_while_the_focus_or_the_pointer_is_on_it(start_app: StartApp, visit: Visit) -> None:
    ada = visit(start_app())
    ada.page.clock.install()
    ada.reload()
    ada.join("Ada")
    ada.page.evaluate("() => { location.hash = '#a%2Fb'; }")
    toast = ada.find("toast")
    toast.get_by_role("button").focus()
    toast.hover()
    ada.page.clock.run_for(20_000)
    ada.page.mouse.move(5, 5)
    ada.page.clock.run_for(20_000)
    expect(toast).to_have_count(1)
    expect(toast.get_by_role("button")).to_be_focused()
    ada.composer.focus()
    ada.page.clock.run_for(2_000)
    expect(toast).to_have_count(1)
    ada.page.clock.run_for(5_000)
    expect(toast).to_have_count(0)


def test_a_toast_that_is_dismissed(start_app: StartApp, visit: Visit) -> None:
    ada = visit(start_app()).join("Ada")
    for toasts, room in enumerate(("a/b", "c/d"), 1):
        ada.page.evaluate("(room) => { location.hash = encodeURIComponent(room); }", room)
        expect(ada.find("toast")).to_have_count(toasts)
    ada.find("toast").first.get_by_role("button").press("Enter")
    expect(ada.find("toast")).to_have_count(1)
    expect(ada.find("toast").get_by_role("button")).to_be_focused()
    ada.page.keyboard.press("Enter")
    expect(ada.composer).to_be_focused()
