"""axe-core finds nothing, in any state of the page, in light and dark."""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.sync_api import FilePayload, expect

from browser.axe import violations
from browser.chat_page import ChatPage
from browser.guard import NOBODY_THERE
from browser.pictures import plain_png
from browser.windows import PHONE, Meet, StartApp, Visit

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
schemes = pytest.mark.parametrize("scheme", SCHEMES)


def expect_accessible(window: ChatPage) -> None:
    assert violations(window.page) == []


@schemes
def test_the_form(start_app: StartApp, visit: Visit, scheme: str) -> None:
    window = visit(start_app(), color_scheme=scheme, reduced_motion="reduce")
    expect_accessible(window)
    window.find("join-submit").click()
    expect(window.find("join-error")).to_be_visible()
    expect_accessible(window)


@schemes
def test_the_chat(start_app: StartApp, visit: Visit, meet: Meet, scheme: str) -> None:
    server = start_app()
    bo = meet(server, "Bo", "general", "attic", "cellar")
    bo.say("look https://example.org/")
    bo.say("", "general", bo.upload(plain_png(300, 200), "wall.png"))
    for name in ("Cleo", "Dora", "Emil", "日本", "Łukasz", "Zoë Q", "x_x"):
        meet(server, name).say(f"I am {name}")
    ada = visit(server, color_scheme=scheme, reduced_motion="reduce").join("Ada")
    ada.go_to_room("attic")
    ada.room_item("general").click()
    bo.say("psst", "attic")
    expect(ada.find("unread")).to_be_visible()
    bo.write()
    ada.say("hi :tada:")
    ada.say("🎉")
    expect(ada.find("message-image")).to_be_visible()
    expect_accessible(ada)

    ada.find("emoji-button").click()
    expect(ada.find("emoji-picker")).to_be_visible()
    expect_accessible(ada)
    ada.page.keyboard.press("Escape")

    ada.composer.press_sequentially(":smi")
    expect(ada.find("shortcodes")).to_be_visible()
    files: list[FilePayload] = [
        {"name": "a.png", "mimeType": "image/png", "buffer": plain_png()},
        {"name": "b.txt", "mimeType": "text/plain", "buffer": b"b"},
    ]
    ada.find("upload-input").set_input_files(files)
    expect(ada.find("upload-error")).to_be_visible()
    expect_accessible(ada)

    ada.find("message-image").click()
    expect(ada.find("lightbox")).to_be_visible()
    expect_accessible(ada)


@schemes
def test_the_phone_with_its_drawers(start_app: StartApp, visit: Visit, meet: Meet, scheme: str) -> None:
    server = start_app()
    bo = meet(server, "Bo", "general", "attic")
    bo.say("hello")
    ada = visit(server, color_scheme=scheme, reduced_motion="reduce", **PHONE).join("Ada")
    expect_accessible(ada)
    for opener, closer in (("open-rooms", "close-rooms"), ("open-members", "close-members")):
        ada.find(opener).click()
        expect(ada.find(closer)).to_be_visible()
        expect_accessible(ada)
        ada.find(closer).click()


@schemes
def test_the_banner_and_what_is_pending(start_app: StartApp, visit: Visit, scheme: str) -> None:
    server = start_app()
    ada = visit(server, color_scheme=scheme, reduced_motion="reduce").join("Ada")
    with ada.guard.expecting(*NOBODY_THERE):
        server.kill()
        expect(ada.banner).to_be_visible()
        ada.say("still here")
        expect(ada.page.get_by_text("Sending…")).to_be_visible()
        expect_accessible(ada)
        ada.page.close()  # it would go on knocking at the server's door
