"""The server dies and comes back, or the network does: nothing that was written is lost, nothing comes twice."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from browser.chat_page import ChatPage
from browser.guard import NOBODY_THERE
from browser.windows import Meet, StartApp, Visit
from support.ports import free_port
from support.servers import AppServer


def kill(server: AppServer, *windows: ChatPage) -> None:
    """End the server as a power cut does, and wait until everybody knows."""
    server.kill()
    for window in windows:
        expect(window.banner).to_have_attribute("data-state", re.compile("^(offline|reconnecting)$"))


def expect_back(window: ChatPage) -> None:
    expect(window.page.locator('[data-testid="connection-banner"]:not([data-state="online"])')).to_have_count(0)


def test_a_killed_server_loses_and_doubles_nothing(start_app: StartApp, visit: Visit, meet: Meet) -> None:
    server = start_app("--port", str(free_port()))
    ada = visit(server).join("Ada", "attic")
    ada.go_to_room("kitchen")
    bo = visit(server).join("Bo", "kitchen")
    ada.say("before")
    bo.expect_texts(["before"])

    with ada.guard.expecting(*NOBODY_THERE), bo.guard.expecting(*NOBODY_THERE):
        kill(server, ada, bo)
        expect(ada.banner).to_contain_text(re.compile("Connection lost|Connecting again"))
        for text in ("first while away", "second while away"):
            ada.say(text)
            expect(ada.message(text)).to_have_attribute("data-state", "pending")
        expect(ada.message("first while away")).to_contain_text("Sending…")

        # Others are quicker: they talk through a server that the windows cannot reach yet.
        elsewhere = start_app()
        with meet(elsewhere, "Cleo", "kitchen") as cleo:
            assert cleo.say("I was faster", "kitchen") == 2
            cleo.say("so was I", "kitchen")
        assert elsewhere.end() == 0

        start_app("--port", str(server.port))
        expect_back(ada)
        expect_back(bo)
        wanted = ["before", "I was faster", "so was I", "first while away", "second while away"]
        for window in (ada, bo):
            window.expect_texts(wanted)
            window.expect_all_sent()
        expect(ada.banner).to_have_count(0)  # "Connected again." goes by itself

    # All rooms were joined again, and what the server keeps is what everybody sees.
    dora = meet(server, "Dora", "kitchen", "attic")
    kept = dora.history("kitchen")
    assert [(each["seq"], each["message"]) for each in kept] == list(enumerate(wanted, 1))
    dora.say("up here too", "attic")
    expect(ada.room_item("attic").get_by_test_id("unread")).to_contain_text("1")
    expect(ada.find("member")).to_have_count(3)
    bo.say("after")
    expect(ada.message("after")).to_have_count(1)
    expect(bo.message("after")).to_have_count(1)


def test_what_is_pending_survives_a_reload(start_app: StartApp, visit: Visit) -> None:
    server = start_app("--port", str(free_port()))
    ada = visit(server).join("Ada")
    with ada.guard.expecting(*NOBODY_THERE):
        kill(server, ada)
        ada.say("written in the dark")
        ada.say("and more")
        ada.page.context.set_offline(True)  # so that it is the reloaded page that comes back
        start_app("--port", str(server.port))
        bo = visit(server).join("Bo")
        ada.page.context.set_offline(False)
        ada.reload()
        bo.expect_texts(["written in the dark", "and more"])
        ada.expect_texts(["written in the dark", "and more"])
        ada.expect_all_sent()


def test_a_draft_is_still_there_after_the_connection_was_lost(start_app: StartApp, visit: Visit) -> None:
    server = start_app("--port", str(free_port()))
    ada = visit(server).join("Ada")
    ada.composer.fill("a long thou")
    with ada.guard.expecting(*NOBODY_THERE):
        kill(server, ada)
        ada.composer.press_sequentially("ght")
        start_app("--port", str(server.port))
        expect_back(ada)
        expect(ada.composer).to_have_value("a long thought")
        expect(ada.composer).to_be_focused()


def test_a_draft_survives_a_reload_and_leaving_but_not_signing_out(start_app: StartApp, visit: Visit) -> None:
    ada = visit(start_app()).join("Ada", "attic")
    ada.composer.fill("up here")
    ada.go_to_room("kitchen")
    expect(ada.composer).to_have_value("")
    ada.composer.fill("a long\nthought")
    ada.reload()
    ada.expect_room("kitchen")
    expect(ada.composer).to_have_value("a long\nthought")

    ada.page.get_by_role("button", name="Leave #kitchen").click()
    ada.expect_room("attic")
    expect(ada.composer).to_have_value("up here")
    ada.go_to_room("kitchen")
    expect(ada.composer).to_have_value("a long\nthought")
    ada.composer.press("Enter")
    ada.expect_texts(["a long\nthought"])
    ada.reload()
    ada.expect_room("kitchen")
    expect(ada.composer).to_have_value("")

    ada.find("sign-out").click()
    ada.join("Bo", "attic")
    expect(ada.composer).to_have_value("")


def test_a_name_that_was_taken_meanwhile_can_be_changed_at_the_door(
    start_app: StartApp, visit: Visit, meet: Meet
) -> None:
    server = start_app("--port", str(free_port()))
    ada = visit(server).join("Ada")
    with ada.guard.expecting(*NOBODY_THERE):
        ada.page.context.set_offline(True)
        kill(server, ada)
        ada.say("is anybody there")
        start_app("--port", str(server.port))
        stranger = meet(server, "Ada")
        ada.page.context.set_offline(False)

        expect(ada.find("room-gate")).to_contain_text("taken")
        expect(ada.find("gate-name")).to_have_value("Ada")
        ada.find("gate-name").fill("Ada L")
        ada.find("gate-name").press("Enter")
        ada.expect_room("general")
        ada.expect_all_sent()
    kept = stranger.history()
    assert [(each["username"], each["message"]) for each in kept] == [("Ada L", "is anybody there")]
    expect(ada.find("member")).to_have_count(2)


def test_a_message_the_server_refuses_can_be_tried_again_or_thrown_away(start_app: StartApp, visit: Visit) -> None:
    server = start_app()
    ada, bo = visit(server).join("Ada"), visit(server).join("Bo")
    # The page believes that messages may be longer than the server does.
    ada.page.route("**/config.json", lambda route: route.fulfill(json={"max_message": 100_000}))
    ada.reload()
    ada.expect_room("general")
    ada.say("x" * 9000)
    refused = ada.page.locator('[data-testid="message"][data-state="failed"]')
    expect(refused).to_contain_text("Not sent.")
    refused.get_by_test_id("message-retry").click()
    expect(refused).to_contain_text("Not sent.")
    refused.get_by_test_id("message-discard").click()
    expect(ada.messages).to_have_count(0)
    ada.say("short")
    bo.expect_texts(["short"])


@pytest.mark.parametrize("bytes_each", [1, 3], ids=["ascii", "three bytes each"])
def test_a_message_that_is_too_long_is_said_before_it_is_sent(
    start_app: StartApp, visit: Visit, bytes_each: int
) -> None:
    ada = visit(start_app()).join("Ada")
    letter = "a" if bytes_each == 1 else "€"
    ada.composer.fill(letter * (8192 // bytes_each) + "aaa")
    expect(ada.page.get_by_text(re.compile(r"^Too long by \d bytes\.$"))).to_be_visible()
    expect(ada.composer).to_have_accessible_description(re.compile(r"^Too long by \d bytes\.$"))
    expect(ada.find("composer-send")).to_be_disabled()
    ada.composer.press("Enter")
    expect(ada.messages).to_have_count(0)
    ada.composer.fill(letter * (8192 // bytes_each))
    ada.composer.press("Enter")
    expect(ada.messages).to_have_attribute("data-state", "sent")
