"""Names that cannot be had: the form says so at the field, and what was typed stays."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from browser.guard import NOBODY_THERE
from browser.windows import Meet, StartApp, Visit
from support.ports import free_port


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("Ada", "name_taken", "The name 'Ada' is taken in this room."),
        ("aDA", "name_taken", "taken"),
        ("Аdа", "name_invalid", ""),  # with Cyrillic А and а
        ("АԀА", "name_taken", "taken"),  # Cyrillic and Komi only
        ("Ada\u200b", "name_invalid", ""),
        ("\u202eadA", "name_invalid", ""),
        ("", "name_empty", "Choose a name"),
        ("   ", "name_empty", "Choose a name"),
        ("x" * 33, "name_too_long", "32"),
    ],
    ids=["taken", "other case", "mixed", "look-alike", "zero width", "turned round", "empty", "blank", "long"],
)
def test_a_name_that_cannot_be_had(
    start_app: StartApp, visit: Visit, meet: Meet, name: str, code: str, words: str
) -> None:
    server = start_app()
    meet(server, "Ada")
    window = visit(server)
    field, room, error = window.find("join-name"), window.find("join-room"), window.find("join-error")
    field.fill(name)
    room.fill("general")
    window.find("join-submit").click()

    expect(error).to_be_visible()
    expect(error).to_have_attribute("data-code", code)
    expect(error).to_contain_text(words)
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description((error.text_content() or "").strip())
    expect(field).to_be_focused()
    expect(field).to_have_value(name)
    expect(room).to_have_value("general")

    field.fill("Bo")  # while it is corrected it is not wrong any more
    expect(error).to_have_count(0)
    expect(field).to_have_attribute("aria-invalid", "false")
    window.join("Bo")
    expect(window.find("member")).to_have_count(2)


@pytest.mark.parametrize(
    ("room", "code"),
    [("", "room_empty"), ("#", "room_empty"), ("r" * 65, "room_too_long"), ("a/b", "room_invalid")],
)
def test_a_room_that_cannot_be_had(start_app: StartApp, visit: Visit, room: str, code: str) -> None:
    window = visit(start_app())
    window.find("join-name").fill("Ada")
    field = window.find("join-room")
    field.fill(room)
    window.find("join-submit").click()

    error = window.find("join-error")
    expect(error).to_have_attribute("data-code", code)
    expect(field).to_have_accessible_description((error.text_content() or "").strip())
    expect(field).to_be_focused()
    expect(window.find("join-name")).to_have_value("Ada")
    field.fill("tea")
    expect(error).to_have_count(0)
    expect(field).to_have_attribute("aria-invalid", "false")
    window.join("Ada", "tea")


def test_a_name_taken_in_a_further_room_can_be_another_one_there(start_app: StartApp, visit: Visit, meet: Meet) -> None:
    server = start_app()
    meet(server, "Ada", "library")
    ada = visit(server).join("Ada", "general")
    ada.composer.fill("half a thought")

    ada.find("new-room-input").fill("library")
    ada.find("new-room-submit").click()
    expect(ada.find("new-room-error")).to_contain_text("taken")
    expect(ada.find("new-room-input")).to_have_value("library")
    name, room = ada.find("new-room-name"), ada.find("new-room-input")
    expect(name).to_have_value("Ada")
    expect(name).to_be_focused()
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(name).to_have_accessible_description(re.compile("taken"))
    expect(room).to_have_attribute("aria-invalid", "false")
    expect(room).to_have_accessible_description("")
    expect(ada.composer).to_have_value("half a thought")
    expect(ada.find("room-title")).to_have_text("#general")

    name.fill("Ada L")
    expect(ada.find("new-room-error")).to_have_count(0)
    expect(name).to_have_attribute("aria-invalid", "false")
    name.press("Enter")
    ada.expect_room("library")
    expect(ada.member("Ada L")).to_contain_text("you")
    expect(ada.member("Ada")).to_be_visible()
    ada.room_item("general").click()
    expect(ada.composer).to_have_value("half a thought")
    expect(ada.member("Ada")).to_contain_text("you")


def test_a_server_that_cannot_be_reached_is_said_at_the_form(start_app: StartApp, visit: Visit) -> None:
    server = start_app("--port", str(free_port()))
    window = visit(server)
    window.page.clock.install()
    window.reload()
    server.kill()
    with window.guard.expecting(*NOBODY_THERE):
        window.find("join-name").fill("Ada")
        window.find("join-room").fill("tea")
        window.find("join-submit").click()
        expect(window.find("join-submit")).to_have_text("Joining…")
        window.page.clock.fast_forward("00:11")  # it tries for ten seconds
        expect(window.find("join-error")).to_contain_text("cannot be reached")
        expect(window.find("join-name")).to_have_value("Ada")
        start_app("--port", str(server.port))
        window.join("Ada", "tea")
