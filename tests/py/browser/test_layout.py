"""The page on a phone, a tablet and a desk; light and dark; with and without motion."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import FilePayload, FloatRect, expect

from browser.chat_page import ChatPage
from browser.pictures import plain_png
from browser.windows import PHONE, Meet, StartApp, Visit

SIZES = [(390, 844), (768, 1024), (1440, 900)]
sizes = pytest.mark.parametrize(("width", "height"), SIZES, ids=[f"{width}x{height}" for width, height in SIZES])

LONG_WORD = "Donaudampfschifffahrt" * 20
LONG_LINK = "https://example.org/" + "path/" * 60
HEBREW = "שלום עולם, מה שלומך היום?"
ARABIC = "مرحبا بالعالم"


def expect_composer_in_sight(window: ChatPage) -> None:
    expect(window.composer).to_be_in_viewport(ratio=1)
    expect(window.find("composer-send")).to_be_in_viewport(ratio=1)
    expect(window.find("emoji-button")).to_be_in_viewport(ratio=1)
    expect(window.find("upload-button")).to_be_in_viewport(ratio=1)


@sizes
def test_nothing_is_wider_than_the_window(
    start_app: StartApp, visit: Visit, meet: Meet, width: int, height: int
) -> None:
    server = start_app("--rate-limit", "off")
    room = "room " + "w" * 59
    bo = meet(server, "W" * 32, room, "other " + "m" * 58)
    bo.say(LONG_WORD, room)
    bo.say(LONG_LINK, room)
    bo.say("", room, *[bo.upload(plain_png(900, 200 + each), "w" * 200 + ".png") for each in range(3)])
    for number in range(20):
        bo.say(f"line {number}", room)
    window = visit(server, width=width, height=height)
    assert window.too_wide() == []
    window.join("M" * 32, room)
    window.say(LONG_WORD)
    window.say("a\n" * 12)
    expect(window.messages).to_have_count(25)
    window.expect_all_sent()
    assert window.too_wide() == []
    expect_composer_in_sight(window)

    # Long words are broken: every bubble lies within the list.
    log = window.find("messages").bounding_box()
    assert log is not None
    for message in window.texts.all():
        box = message.bounding_box()
        assert box is not None
        assert log["x"] <= box["x"]
        assert box["x"] + box["width"] <= log["x"] + log["width"]

    # A long draft grows the composer, to a limit.
    window.composer.fill("line\n" * 60)
    expect_composer_in_sight(window)
    box = window.composer.bounding_box()
    assert box is not None
    assert 100 < box["height"] < height / 2
    window.composer.fill("")
    window.find("emoji-button").click()
    expect(window.find("emoji-picker")).to_be_in_viewport(ratio=1)
    assert window.too_wide() == []


@sizes
def test_text_runs_in_its_own_direction(start_app: StartApp, visit: Visit, width: int, height: int) -> None:
    ada = visit(start_app(), width=width, height=height).join("Ada")
    for text in (HEBREW, ARABIC, "left to right"):
        ada.say(text)
    for text, direction in ((HEBREW, "rtl"), (ARABIC, "rtl"), ("left to right", "ltr")):
        message = ada.message(text).get_by_test_id("message-text")
        expect(message).to_have_css("direction", direction)
    ada.composer.fill(HEBREW)
    expect(ada.composer).to_have_css("direction", "rtl")
    assert ada.too_wide() == []


def test_panels_stand_beside_the_conversation_where_there_is_room(start_app: StartApp, visit: Visit) -> None:
    ada = visit(start_app(), width=1440, height=900).join("Ada")
    expect(ada.find("room-list")).to_be_visible()
    expect(ada.find("members")).to_be_visible()
    ada.find("open-members").click()
    expect(ada.find("members")).not_to_be_visible()
    ada.find("open-members").click()
    expect(ada.find("members")).to_be_visible()

    ada.page.set_viewport_size({"width": 768, "height": 1024})
    expect(ada.find("room-list")).to_be_visible()
    expect(ada.find("members")).not_to_be_visible()
    ada.find("open-members").click()
    expect(ada.find("members")).to_be_visible()
    assert ada.too_wide() == []
    ada.find("close-members").click()
    expect(ada.find("members")).not_to_be_visible()


def test_drawers_of_the_phone_open_and_close_by_touch(start_app: StartApp, visit: Visit, meet: Meet) -> None:
    server = start_app()
    meet(server, "Bo", "attic", "general")
    ada = visit(server, **PHONE).join("Ada")
    expect(ada.composer).not_to_be_focused()  # that would raise the keyboard of the phone
    for opener, panel, closer in (
        ("open-rooms", "room-list", "close-rooms"),
        ("open-members", "members", "close-members"),
    ):
        expect(ada.find(panel)).not_to_be_visible()
        ada.find(opener).tap()
        expect(ada.find(panel)).to_be_visible()
        assert ada.too_wide() == []
        ada.find(closer).tap()
        expect(ada.find(panel)).not_to_be_visible()
        ada.find(opener).tap()
        expect(ada.find(panel)).to_be_visible()
        ada.page.touchscreen.tap(380 if panel == "room-list" else 10, 700)  # beside it
        expect(ada.find(panel)).not_to_be_visible()

    # Going to a room closes the drawer.
    ada.find("open-rooms").tap()
    ada.room_item("attic").tap()
    ada.expect_room("attic")
    expect(ada.find("room-list")).not_to_be_visible()
    expect_composer_in_sight(ada)


def test_the_end_stays_in_sight_when_the_window_shrinks(start_app: StartApp, visit: Visit, meet: Meet) -> None:
    # As when the keyboard of a phone comes up.
    server = start_app("--rate-limit", "off")
    bo = meet(server, "Bo")
    for number in range(40):
        bo.say(f"line {number}")
    ada = visit(server, **PHONE).join("Ada")
    expect(ada.message("line 39")).to_be_in_viewport(ratio=1)
    ada.page.set_viewport_size({"width": 390, "height": 480})
    expect(ada.message("line 39")).to_be_in_viewport(ratio=1)
    expect_composer_in_sight(ada)


def reading_place(window: ChatPage) -> float:
    """The message at the top edge of the list, counted from 0, and how much of it lies above that edge."""
    place: float = window.page.evaluate(
        """() => {
          const edge = document.querySelector('[data-testid=messages]').getBoundingClientRect().top;
          const boxes = [...document.querySelectorAll('[data-testid=message]')]
            .map((each) => each.getBoundingClientRect());
          const top = boxes.findIndex((box) => box.bottom > edge);
          return top + Math.max(0, edge - boxes[top].top) / boxes[top].height;
        }"""
    )
    return place


@pytest.mark.parametrize("options", [{"width": 1150}, PHONE], ids=["the people are put away", "the phone is turned"])
def test_the_place_one_reads_stays_when_lines_break_elsewhere(
    start_app: StartApp, visit: Visit, meet: Meet, options: dict[str, Any]
) -> None:
    server = start_app("--rate-limit", "off")
    bo = meet(server, "Bo")
    for _ in range(50):
        bo.say("and so the story went on for quite a while " * 12)
    ada = visit(server, **options).join("Ada")
    expect(ada.messages).to_have_count(50)
    log = ada.find("messages")
    ada.messages.nth(25).evaluate(
        "(message) => { message.parentElement.scrollTop = message.offsetTop + message.offsetHeight * 0.7; }"
    )
    expect(ada.find("jump-latest")).to_be_visible()
    before, height = reading_place(ada), log.evaluate("(box) => box.scrollHeight")
    assert 25.5 < before < 26

    if options is PHONE:
        ada.page.set_viewport_size({"width": 844, "height": 390})
    else:
        ada.find("open-members").click()
    ada.page.wait_for_function(
        "(height) => document.querySelector('[data-testid=messages]').scrollHeight < height - 100", arg=height
    )
    ada.page.evaluate("() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    assert abs(reading_place(ada) - before) < 0.1


@pytest.mark.parametrize(("width", "height"), [(390, 844), (390, 480), (1440, 900)])
def test_many_images_leave_the_conversation_its_place(
    start_app: StartApp, visit: Visit, width: int, height: int
) -> None:
    ada = visit(start_app(), width=width, height=height).join("Ada")
    files: list[FilePayload] = [
        {"name": f"{number}.png", "mimeType": "image/png", "buffer": plain_png()} for number in range(10)
    ]
    ada.find("upload-input").set_input_files(files)
    expect(ada.page.locator('[data-testid="tray-item"][data-state="done"]')).to_have_count(10)
    expect_composer_in_sight(ada)
    log = ada.find("messages").bounding_box()
    assert log is not None
    assert log["height"] > height / 4
    expect(ada.find("tray-item").last).to_be_in_viewport(ratio=1)
    first = ada.page.get_by_role("button", name="Remove 0.png")
    first.focus()
    expect(first).to_be_in_viewport(ratio=1)
    assert ada.too_wide() == []


def test_a_long_draft_leaves_room_above_a_keyboard(start_app: StartApp, visit: Visit, meet: Meet) -> None:
    server = start_app()
    meet(server, "Bo").say("hello")
    ada = visit(server, **{**PHONE, "width": 844, "height": 200}).join("Ada")  # a phone on its side
    ada.composer.fill("line\n" * 14)
    expect_composer_in_sight(ada)
    expect(ada.find("room-title")).to_be_in_viewport(ratio=1)
    log = ada.find("messages").bounding_box()
    assert log is not None
    assert log["height"] > 20


def lightness(window: ChatPage) -> float:
    """Of the page's ground: 0 black, 1 white."""
    value: float = window.page.evaluate(
        """() => {
             const pen = new OffscreenCanvas(1, 1).getContext('2d');
             pen.fillStyle = getComputedStyle(document.documentElement).backgroundColor;
             pen.fillRect(0, 0, 1, 1);
             return pen.getImageData(0, 0, 1, 1).data.slice(0, 3).reduce((sum, each) => sum + each) / 765;
           }"""
    )
    return value


@pytest.mark.parametrize(("system", "other"), [("dark", "light"), ("light", "dark")])
def test_the_systems_colours_are_followed_until_another_choice_is_made(
    start_app: StartApp, visit: Visit, system: str, other: str
) -> None:
    def expect_theme(theme: str) -> None:
        expect(window.page.locator("html")).to_have_attribute("data-theme", theme)
        assert (lightness(window) < 0.3) == (theme == "dark")

    window = visit(start_app(), color_scheme=system)
    expect_theme(system)
    window.page.emulate_media(color_scheme="light" if system == "dark" else "dark")
    expect_theme(other)
    window.page.emulate_media(color_scheme="dark" if system == "dark" else "light")
    expect_theme(system)

    window.find("theme-toggle").click()
    expect_theme(other)
    window.reload()
    expect_theme(other)
    window.join("Ada")
    expect_theme(other)
    window.find("theme-toggle").click()
    expect_theme(system)
    window.reload()
    window.expect_room("general")
    expect_theme(system)


@pytest.mark.parametrize("system", ["dark", "light"])
def test_the_ground_is_the_systems_before_the_script_has_run(start_app: StartApp, visit: Visit, system: str) -> None:
    window = visit(start_app(), color_scheme=system)
    window.page.locator("html").evaluate("(html) => html.removeAttribute('data-theme')")
    assert (lightness(window) < 0.3) == (system == "dark")


@pytest.mark.parametrize(("motion", "moves"), [("reduce", False), ("no-preference", True)])
def test_motion_is_left_out_when_the_reader_wants_that(
    start_app: StartApp, visit: Visit, meet: Meet, motion: str, moves: bool
) -> None:
    server = start_app()
    window = visit(server, reduced_motion=motion, **PHONE)
    durations = [window.page.locator("main").evaluate("(each) => getComputedStyle(each).animationDuration")]
    window.join("Ada")
    meet(server, "Bo").write()
    dots = window.find("typing").locator(".dots")
    durations.append(dots.evaluate("(each) => getComputedStyle(each).animationDuration"))
    window.find("open-rooms").tap()
    panel = window.page.locator("#rooms-panel")
    durations.append(panel.evaluate("(each) => getComputedStyle(each).animationDuration"))
    seconds = [float(each.split(",")[0].removesuffix("s")) for each in durations]
    assert [each > 0.1 for each in seconds] == [moves] * len(seconds), durations
    # Not the shortest, on anything: see base.css.
    passing = window.page.evaluate(
        """() => [...document.querySelectorAll('*')].filter((each) =>
             getComputedStyle(each).transitionDuration.split(', ').some((duration) => duration !== '0s')).length"""
    )
    assert (passing > 0) == moves


@pytest.mark.parametrize("width", [390, 1440])
def test_a_toast_leaves_the_images_to_send_in_sight(start_app: StartApp, visit: Visit, width: int) -> None:
    ada = visit(start_app(), width=width, height=844).join("Ada", "attic")
    ada.find("upload-input").set_input_files({"name": "a.txt", "mimeType": "text/plain", "buffer": b"no image"})
    expect(ada.find("upload-error")).to_be_visible()
    ada.composer.fill("a\n" * 5)
    ada.page.evaluate("() => { location.hash = 'a%2Fb'; }")
    toast = ada.find("toast").bounding_box()
    tray = ada.find("tray").bounding_box()
    assert toast is not None
    assert tray is not None
    assert toast["y"] + toast["height"] <= tray["y"]
    expect(ada.find("toast")).to_be_in_viewport(ratio=1)


def test_the_phone_shows_that_something_is_unread_in_another_room(
    start_app: StartApp, visit: Visit, meet: Meet
) -> None:
    server = start_app()
    bo = meet(server, "Bo", "attic", "general")
    ada = visit(server, **PHONE).join("Ada", "attic")
    ada.find("open-rooms").tap()
    ada.go_to_room("general")
    bo.say("psst", "attic")
    dot = ada.page.locator(".dot-badge")
    expect(dot).to_contain_text("1 unread elsewhere")
    box = dot.bounding_box()
    assert box is not None
    assert box["width"] >= 8
    assert box["height"] >= 8


def enlarge_text(window: ChatPage) -> None:
    """Twice the size, as the reader may set it in the browser."""
    wire = window.page.context.new_cdp_session(window.page)
    wire.send("Page.enable")
    wire.send("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 26}})
    window.reload()


@pytest.mark.parametrize(("width", "height"), [(390, 844), (768, 1024), (1440, 900)])
def test_large_text_leaves_room_for_the_title_and_the_field(
    start_app: StartApp, visit: Visit, width: int, height: int
) -> None:
    window = visit(start_app(), width=width, height=height)
    enlarge_text(window)
    window.join("Ada")
    expect(window.find("room-list")).not_to_be_visible()
    expect(window.find("members")).not_to_be_visible()
    window.composer.fill("some words to be seen")
    expect_composer_in_sight(window)
    for element, least in ((window.composer, 280), (window.find("room-title"), 150)):
        box = element.bounding_box()
        assert box is not None
        assert box["width"] >= least
    assert window.find("room-title").evaluate("(each) => each.scrollWidth <= each.clientWidth")
    expect(window.find("copy-link")).to_be_in_viewport(ratio=1)
    expect(window.find("open-members")).to_be_in_viewport(ratio=1)
    assert window.too_wide() == []
    window.find("open-rooms").click()
    expect(window.find("close-rooms")).to_be_in_viewport(ratio=1)
    assert window.page.locator(".rooms-panel").evaluate("(each) => each.scrollWidth <= each.clientWidth")
    window.page.keyboard.press("Escape")
    window.find("emoji-button").click()
    expect(window.find("emoji-picker")).to_be_in_viewport(ratio=1)


def test_what_is_touched_on_a_phone_is_large_enough(start_app: StartApp, visit: Visit, meet: Meet) -> None:
    server = start_app("--rate-limit", "off")
    bo = meet(server, "Bo")
    for number in range(60):
        bo.say(f"line {number}")
    ada = visit(server, **PHONE)
    # The page believes that messages may be longer than the server does.
    ada.page.route("**/config.json", lambda route: route.fulfill(json={"max_message": 100_000}))
    ada.reload()
    ada.join("Ada")
    ada.say("x " * 5000)

    def place(testid: str) -> FloatRect:
        box = ada.find(testid).bounding_box()
        assert box is not None
        assert box["height"] >= 44
        return box

    place("message-retry")
    discard = place("message-discard")
    assert discard["x"] + discard["width"] > 360, "it does not stand under its message"
    ada.find("message-discard").tap()
    place("load-older")
    ada.find("messages").evaluate("(each) => each.scrollTo(0, each.scrollHeight / 2)")
    expect(ada.find("jump-latest")).to_be_visible()
    place("jump-latest")


def test_the_ring_of_the_list_is_not_hidden_by_an_image(start_app: StartApp, visit: Visit, meet: Meet) -> None:
    server = start_app()
    bo = meet(server, "Bo")
    for number in range(4):
        bo.say("", "general", bo.upload(plain_png(380, 300 + number), f"{number}.png"))
    ada = visit(server, reduced_motion="reduce").join("Ada")
    log = ada.find("messages")
    image = ada.find("message-image").first
    ring = "() => document.activeElement.dataset.testid"
    ada.composer.press("Shift+Tab")
    while ada.page.evaluate(ring) != "messages":
        ada.page.keyboard.press("Shift+Tab")
    image.evaluate("(each) => each.scrollIntoView({ block: 'center' })")
    log.evaluate("(each) => each.scrollBy(0, 200)")
    edge, box = log.bounding_box(), image.bounding_box()
    assert edge is not None
    assert box is not None
    assert box["y"] < edge["y"] < box["y"] + box["height"]
    strip: FloatRect = {"x": box["x"] + 50, "y": edge["y"], "width": 100, "height": 6}
    focused = ada.page.screenshot(clip=strip)
    log.evaluate("(each) => each.blur()")
    assert ada.page.screenshot(clip=strip) != focused


def test_the_fields_of_the_desk_have_an_edge(start_app: StartApp, visit: Visit) -> None:
    ada = visit(start_app(), reduced_motion="reduce").join("Ada")
    ada.find("emoji-button").click()
    expect(ada.find("emoji-search")).to_be_focused()
    ada.composer.focus()
    for field in ("new-room-input", "emoji-search"):
        expect(ada.find(field)).to_have_css("border-top-color", "rgb(126, 143, 134)")
