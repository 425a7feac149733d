"""Two people in a room."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from playwright.sync_api import expect

from browser.windows import Meet, StartApp, Visit


def test_two_browsers_talk_both_ways_in_one_order(start_app: StartApp, visit: Visit) -> None:
    server = start_app()
    ada = visit(server).join("Ada")
    bo = visit(server).join("Bo")

    said = ["Good morning!", "Morning, Ada", "Coffee?", "Always"]
    for text, (speaker, listener) in zip(said, [(ada, bo), (bo, ada)] * 2):
        speaker.say(text)
        expect(listener.message(text)).to_have_count(1)

    for window in (ada, bo):
        window.expect_texts(said)
        window.expect_all_sent()
        assert [each.get_attribute("data-seq") for each in window.messages.all()] == ["1", "2", "3", "4"]
    expect(ada.message("Coffee?")).to_have_attribute("data-own", "true")
    expect(bo.message("Coffee?")).to_have_attribute("data-own", "false")
    expect(bo.message("Coffee?").get_by_test_id("message-author")).to_have_text("Ada")


def test_messages_sent_at_the_same_time_stand_in_the_same_order_everywhere(start_app: StartApp, visit: Visit) -> None:
    server = start_app("--rate-limit", "off")
    ada = visit(server).join("Ada")
    bo = visit(server).join("Bo")
    for number in range(10):
        ada.say(f"a{number}")
        bo.say(f"b{number}")

    for window in (ada, bo):
        expect(window.texts).to_have_count(20)
        window.expect_all_sent()
    texts = ada.texts.all_inner_texts()
    assert texts == bo.texts.all_inner_texts()
    for writer in "ab":  # each writer's own order is kept
        assert [text for text in texts if text[0] == writer] == [f"{writer}{number}" for number in range(10)]


def test_people_see_who_is_in_the_room(start_app: StartApp, visit: Visit, meet: Meet) -> None:
    server = start_app()
    ada = visit(server).join("Ada")
    expect(ada.find("member-count")).to_have_text("1")
    bo = visit(server).join("Bo")
    cleo = meet(server, "Cleo")

    for window in (ada, bo):
        expect(window.find("member-count")).to_have_text("3")
        expect(window.find("member")).to_have_count(3)
        for name in ("Ada", "Bo", "Cleo"):
            expect(window.member(name)).to_be_visible()
    expect(ada.member("Ada")).to_contain_text("you")
    expect(bo.member("Ada")).not_to_contain_text("you")

    cleo.leave("general")
    bo.find("sign-out").click()
    expect(ada.find("member")).to_have_count(1)
    expect(ada.find("member-count")).to_have_text("1")


def test_others_see_who_is_typing_until_the_message_is_there(start_app: StartApp, visit: Visit, meet: Meet) -> None:
    server = start_app()
    ada = visit(server).join("Ada")
    bo = visit(server).join("Bo")

    bo.composer.press_sequentially("I think")
    expect(ada.find("typing")).to_have_text("Bo is typing…")
    expect(bo.find("typing")).to_be_empty()
    bo.composer.press("Enter")
    expect(ada.message("I think")).to_be_visible()
    expect(ada.find("typing")).to_be_empty()

    cleo = meet(server, "Cleo")
    cleo.write()
    bo.composer.press_sequentially("and")
    expect(ada.find("typing")).to_have_text(re.compile(r"^(Bo and Cleo|Cleo and Bo) are typing…$"))
    cleo.write(typing=False)
    expect(ada.find("typing")).to_have_text("Bo is typing…")


def test_messages_carry_their_day_and_time(start_app: StartApp, visit: Visit, meet: Meet) -> None:
    server = start_app()
    before = datetime.now(timezone.utc)
    meet(server, "Bo").say("what a day")
    after = datetime.now(timezone.utc)
    ada = visit(server).join("Ada")

    expect(ada.find("day-separator")).to_have_text(["Today"])
    time = ada.message("what a day").get_by_test_id("message-time")
    written = datetime.fromisoformat((time.get_attribute("datetime") or "").replace("Z", "+00:00"))
    assert before - timedelta(seconds=1) <= written <= after + timedelta(seconds=1)
    expect(time).to_have_text(f"{written:%H:%M}")

    tomorrow = visit(server, now=after + timedelta(days=1)).join("Cleo")
    expect(tomorrow.find("day-separator")).to_have_text(["Yesterday"])
    later = after + timedelta(days=400)
    next_year = visit(server, now=later).join("Dora")
    expect(next_year.find("day-separator")).to_have_text([f"{after.day} {after:%B} {after.year}"])


def test_what_is_unread_is_counted_at_the_room_and_in_the_title(start_app: StartApp, visit: Visit, meet: Meet) -> None:
    server = start_app()
    ada = visit(server).join("Ada", "kitchen")
    ada.go_to_room("garden")
    expect(ada.page).to_have_title("#garden · ChatterLink")

    bo = meet(server, "Bo", "kitchen", "garden")
    bo.say("The cake is ready", "kitchen")
    bo.say("Come in!", "kitchen")
    bo.say("I am here too", "garden")
    expect(ada.room_item("kitchen").get_by_test_id("unread")).to_contain_text("2")
    expect(ada.message("I am here too")).to_be_visible()
    expect(ada.room_item("garden").get_by_test_id("unread")).to_have_count(0)
    expect(ada.page).to_have_title("(2) #garden · ChatterLink")

    ada.room_item("kitchen").click()
    ada.expect_room("kitchen")
    ada.expect_texts(["The cake is ready", "Come in!"])
    expect(ada.find("unread")).to_have_count(0)
    expect(ada.page).to_have_title("#kitchen · ChatterLink")


def test_the_address_leads_into_its_room(start_app: StartApp, visit: Visit, meet: Meet) -> None:
    server = start_app()
    meet(server, "Bo", "tea & cake").say("in here", "tea & cake")
    ada = visit(server, room="tea%20%26%20cake")
    expect(ada.find("join-room")).to_have_value("tea & cake")
    ada.find("join-name").fill("Ada")
    ada.find("join-submit").click()
    ada.expect_room("tea & cake")
    expect(ada.message("in here")).to_be_visible()

    ada.go_to_room("attic")
    assert ada.page.url.endswith("#attic")
    ada.page.go_back()
    ada.expect_room("tea & cake")
