"""Notifications of the system: asked for at a fitting moment, shown only while the window cannot be seen."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from browser.chat_page import ChatPage
from browser.windows import Meet, StartApp, Visit


def stub(permission: str, answer: str = "granted") -> str:
    """A script: window.Notification only records; setHidden() does what the browser does for a tab out of sight."""
    return f"""
      window.shown = [];
      window.asked = 0;
      class Recorded {{
        static permission = '{permission}';
        static async requestPermission() {{
          window.asked += 1;
          Recorded.permission = '{answer}';
          return '{answer}';
        }}
        constructor(title, options) {{
          this.title = title;
          Object.assign(this, options);
          window.shown.push(this);
        }}
        close() {{ this.closed = true; }}
      }}
      window.Notification = Recorded;
      let hidden = false;
      Object.defineProperty(document, 'hidden', {{ get: () => hidden }});
      Object.defineProperty(document, 'visibilityState', {{ get: () => (hidden ? 'hidden' : 'visible') }});
      window.setHidden = (value) => {{
        hidden = value;
        document.dispatchEvent(new Event('visibilitychange'));
      }};
    """


def hide(window: ChatPage, hidden: bool = True) -> None:
    window.page.evaluate("(hidden) => setHidden(hidden)", hidden)


def shown(window: ChatPage) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = window.page.evaluate("shown.map(({ title, body, tag }) => ({ title, body, tag }))")
    return found


def test_nobody_is_asked_until_there_is_a_reason_and_a_click(start_app: StartApp, visit: Visit, meet: Meet) -> None:
    server = start_app()
    ada = visit(server, script=stub("default")).join("Ada")
    bo = meet(server, "Bo")
    bo.say("one")
    expect(ada.message("one")).to_be_visible()
    expect(ada.find("notify-bar")).to_have_count(0)

    hide(ada)
    bo.say("two")
    expect(ada.message("two")).to_have_count(1)
    expect(ada.find("notify-bar")).to_be_visible()
    assert ada.page.evaluate("asked") == 0
    assert shown(ada) == []

    hide(ada, False)
    ada.find("notify-enable").click()
    expect(ada.find("notify-bar")).to_have_count(0)
    assert ada.page.evaluate("asked") == 1
    hide(ada)
    bo.say("three")
    expect(ada.message("three")).to_have_count(1)
    assert [each["body"] for each in shown(ada)] == ["three"]


def test_one_who_says_no_is_not_asked_again(start_app: StartApp, visit: Visit, meet: Meet) -> None:
    server = start_app()
    ada = visit(server, script=stub("default")).join("Ada")
    bo = meet(server, "Bo")
    hide(ada)
    bo.say("one")
    ada.find("notify-dismiss").click()
    expect(ada.find("notify-bar")).to_have_count(0)
    ada.reload()
    ada.expect_room("general")
    hide(ada)
    bo.say("two")
    expect(ada.message("two")).to_have_count(1)
    expect(ada.find("notify-bar")).to_have_count(0)
    assert ada.page.evaluate("asked") == 0


def test_a_hidden_window_notifies_and_a_visible_one_does_not(start_app: StartApp, visit: Visit, meet: Meet) -> None:
    server = start_app()
    ada = visit(server, script=stub("granted")).join("Ada", "kitchen")
    ada.go_to_room("garden")
    bo = meet(server, "Bo", "kitchen", "garden")

    bo.say("seen at once", "garden")
    expect(ada.message("seen at once")).to_be_visible()
    assert shown(ada) == []
    expect(ada.page).to_have_title("#garden · ChatterLink")

    hide(ada)
    bo.say("Tea is ready", "kitchen")
    expect(ada.page).to_have_title("(1) #garden · ChatterLink")
    bo.say("Where are you?", "garden")
    expect(ada.page).to_have_title("(2) #garden · ChatterLink")
    assert shown(ada) == [
        {"title": "Bo in #kitchen", "body": "Tea is ready", "tag": "chatterlink:kitchen"},
        {"title": "Bo in #garden", "body": "Where are you?", "tag": "chatterlink:garden"},
    ]

    ada.say("said while it is hidden")  # one's own words are no news
    assert len(shown(ada)) == 2

    # Clicking it leads to its room.
    hide(ada, False)
    ada.page.evaluate("shown[0].onclick()")
    ada.expect_room("kitchen")
    assert ada.page.evaluate("shown[0].closed") is True
    expect(ada.page).to_have_title("#kitchen · ChatterLink")


def test_a_new_line_marks_where_reading_stopped(start_app: StartApp, visit: Visit, meet: Meet) -> None:
    server = start_app()
    ada = visit(server, script=stub("denied")).join("Ada")
    bo = meet(server, "Bo")
    bo.say("read")
    expect(ada.message("read")).to_be_visible()
    hide(ada)
    bo.say("missed")
    expect(ada.find("new-marker")).to_have_text("New")
    ada.expect_texts(["read", "missed"])
    hide(ada, False)
    expect(ada.page).to_have_title("#general · ChatterLink")
    expect(ada.find("new-marker")).to_be_visible()
    ada.say("answered")
    expect(ada.find("new-marker")).to_have_count(0)


def test_one_who_comes_back_finds_the_first_message_that_was_missed(
    start_app: StartApp, visit: Visit, meet: Meet
) -> None:
    server = start_app("--rate-limit", "off")
    bo = meet(server, "Bo")
    for number in range(30):
        bo.say(f"read {number}")
    ada = visit(server, script=stub("denied")).join("Ada")
    expect(ada.message("read 29")).to_be_in_viewport()

    hide(ada)
    for number in range(30):
        bo.say(f"missed {number}")
    expect(ada.message("missed 29")).to_have_count(1)
    hide(ada, False)
    expect(ada.find("new-marker")).to_be_in_viewport()
    expect(ada.message("read 29")).to_be_in_viewport()
    expect(ada.message("missed 0")).to_be_in_viewport()
    expect(ada.message("missed 29")).not_to_be_in_viewport()
    expect(ada.find("jump-latest")).to_have_text("30 new")
    expect(ada.page).to_have_title("(30) #general · ChatterLink")

    ada.find("jump-latest").click()
    expect(ada.message("missed 29")).to_be_in_viewport()
    expect(ada.page).to_have_title("#general · ChatterLink")

    # All of it is read: the line alone, far above, keeps nobody from the end.
    hide(ada)
    ada.page.set_viewport_size({"width": 1280, "height": 700})
    expect(ada.message("missed 29")).to_be_in_viewport()
    hide(ada, False)
    bo.say("said to all")
    expect(ada.message("said to all")).to_be_in_viewport()


def test_notifications_can_be_turned_off_and_that_is_remembered(start_app: StartApp, visit: Visit, meet: Meet) -> None:
    server = start_app()
    ada = visit(server, script=stub("granted")).join("Ada")
    ada.find("notify-toggle").click()
    ada.reload()
    ada.expect_room("general")
    expect(ada.find("notify-toggle")).to_have_accessible_name("Turn notifications on")
    hide(ada)
    meet(server, "Bo").say("psst")
    expect(ada.message("psst")).to_have_count(1)
    assert shown(ada) == []


def test_a_browser_that_blocks_them_says_so_on_the_click(start_app: StartApp, visit: Visit) -> None:
    ada = visit(start_app(), script=stub("denied")).join("Ada")
    ada.find("notify-toggle").click()
    expect(ada.find("toast")).to_contain_text("blocks notifications")
    assert ada.page.evaluate("asked") == 0
