"""What was said before: after a reload, in a new window, further up."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from browser.chat_page import ChatPage
from browser.windows import Meet, StartApp, Visit


def test_a_reload_keeps_the_name_the_rooms_and_the_history(start_app: StartApp, visit: Visit, meet: Meet) -> None:
    server = start_app()
    meet(server, "Bo", "tea", "attic").say("hello", "tea")
    ada = visit(server).join("Ada", "attic")
    ada.go_to_room("tea")
    ada.say("hello to you")
    ada.expect_texts(["hello", "hello to you"])
    ada.expect_all_sent()

    for _ in range(2):  # at once again: the old connection may still hold the name
        ada.reload()
        ada.expect_room("tea")
        ada.expect_texts(["hello", "hello to you"])
        expect(ada.find("self-name")).to_have_text("Ada")
        expect(ada.find("member")).to_have_count(2)
        expect(ada.find("room-gate")).to_have_count(0)
    expect(ada.message("hello to you")).to_have_attribute("data-own", "true")
    ada.say("still me")
    ada.expect_texts(["hello", "hello to you", "still me"])
    ada.room_item("attic").click()
    ada.expect_room("attic")


def test_a_new_window_of_the_same_browser_offers_name_and_room_and_gets_them(start_app: StartApp, visit: Visit) -> None:
    ada = visit(start_app()).join("Ada", "tea")
    ada.say("back in a minute")
    ada.expect_all_sent()
    again = ChatPage(ada.page.context.new_page(), ada.guard, ada.server)
    ada.page.close()
    again.open()
    expect(again.find("join-name")).to_have_value("Ada")
    expect(again.find("join-room")).to_have_value("tea")
    again.find("join-submit").click()
    again.expect_room("tea")
    again.expect_texts(["back in a minute"])


def test_signing_out_gives_the_name_free(start_app: StartApp, visit: Visit) -> None:
    server = start_app()
    ada = visit(server).join("Ada")
    ada.find("sign-out").click()
    expect(ada.find("join-name")).to_be_focused()
    visit(server).join("Ada")
    ada.reload()
    expect(ada.find("join-name")).to_be_visible()


def test_scrolling_up_loads_older_messages_without_a_jump(start_app: StartApp, visit: Visit, meet: Meet) -> None:
    server = start_app("--rate-limit", "off")
    bo = meet(server, "Bo")
    for number in range(1, 121):
        assert bo.say(f"message {number}") == number
    ada = visit(server).join("Ada")
    expect(ada.messages).to_have_count(50)
    expect(ada.message("message 120")).to_be_in_viewport()
    log = ada.find("messages")

    # The reader scrolls near to the top; the message there must stay where it is when 50 come in above it.
    at_the_top = ada.message("message 75")
    before = log.evaluate(
        "(box, message) => { box.scrollTop = 200; return message.getBoundingClientRect().y; }",
        at_the_top.element_handle(),
    )
    expect(ada.messages).to_have_count(100)
    after = at_the_top.evaluate("(message) => message.getBoundingClientRect().y")
    assert abs(after - before) <= 2, f"it jumped from {before} to {after}"

    log.hover()
    ada.page.mouse.wheel(0, -100_000)
    expect(ada.messages).to_have_count(120)
    ada.expect_texts([f"message {number}" for number in range(1, 121)])
    expect(ada.find("load-older")).to_have_count(0)
    expect(ada.page.get_by_text("This is where #general begins.")).to_be_visible()

    # Far from the end: a new message does not pull the reader down, but says that it is there.
    bo.say("one more")
    expect(ada.find("jump-latest")).to_have_text("1 new")
    expect(ada.message("one more")).not_to_be_in_viewport()
    ada.find("jump-latest").click()
    expect(ada.message("one more")).to_be_in_viewport()
    expect(ada.find("jump-latest")).to_have_count(0)
    expect(ada.page).to_have_title(re.compile(r"^#general"))


def test_the_way_to_the_end_is_not_stopped_by_what_comes_meanwhile(
    start_app: StartApp, visit: Visit, meet: Meet
) -> None:
    server = start_app("--rate-limit", "off")
    bo = meet(server, "Bo")
    for number in range(60):
        bo.say(f"message {number}")
    ada = visit(server).join("Ada")
    expect(ada.message("message 59")).to_be_in_viewport()
    log = ada.find("messages")
    log.evaluate("(box) => { box.scrollTop = box.scrollHeight - box.clientHeight * 3.5; }")
    ada.find("jump-latest").click()
    for number in range(60, 90):  # some of them while it glides
        bo.say(f"message {number}")
    expect(ada.message("message 89")).to_be_in_viewport()
    expect(ada.find("jump-latest")).to_have_count(0)
    # The reader's own hand goes before the way to the end.
    log.evaluate("(box) => { box.scrollTop = box.scrollHeight - box.clientHeight * 3.5; }")
    ada.find("jump-latest").click()
    log.hover()
    ada.page.mouse.wheel(0, -2000)
    bo.say("the last one")
    expect(ada.find("jump-latest")).to_have_text("1 new")
    expect(ada.message("the last one")).not_to_be_in_viewport()


def test_older_messages_can_be_asked_for_by_the_button(start_app: StartApp, visit: Visit, meet: Meet) -> None:
    server = start_app("--rate-limit", "off")
    bo = meet(server, "Bo")
    for number in range(1, 61):
        bo.say(f"{number}")
    ada = visit(server).join("Ada")
    expect(ada.messages).to_have_count(50)
    ada.find("load-older").focus()
    ada.page.keyboard.press("Enter")
    ada.expect_texts([f"{number}" for number in range(1, 61)])
