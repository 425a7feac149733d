"""Markup and script, wherever people can write something, are text. (Dialogs and script are seen by the Guard.)"""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from browser.chat_page import ChatPage
from browser.pictures import plain_png
from browser.windows import Meet, StartApp, Visit

IMG = "<img src=x onerror=alert(1)>"
TEXTS = [
    IMG,
    "<script>alert(1)</script>",
    "<svg/onload=alert(1)>",
    "<iframe srcdoc='<script>parent.alert(1)</script>'></iframe>",
    "javascript:alert(1)",
    "[click](javascript:alert(1))",
    "data:text/html,<script>alert(1)</script>",
    "</p></article><h1>gone</h1>",
    "{{constructor.constructor('alert(1)')()}} ${alert(1)}",
    "&lt;b&gt; &amp; &#60;i&#62;",
    "__proto__ constructor toString",
    "\u202egnp.exe \u2066isolated",
]


def expect_nothing_injected(window: ChatPage) -> None:
    found = window.page.evaluate(
        """() => [
          ...document.querySelectorAll('img[src="x"], iframe, object, embed, [onerror], [onload], h1 ~ h1'),
          ...document.querySelectorAll('svg:not(.icon, .mark)'),
          ...[...document.scripts].filter((each) => !each.src.startsWith(`${location.origin}/assets/`)),
          ...[...document.links].filter((each) => !/^https?:/.test(each.protocol)),
        ].map((each) => each.outerHTML)"""
    )
    assert found == []


def test_markup_in_messages_is_shown_as_it_was_written(start_app: StartApp, visit: Visit, meet: Meet) -> None:
    server = start_app()
    ada, bo = visit(server).join("Ada"), visit(server).join("Bo")
    for text in TEXTS:
        ada.say(text)
    for window in (ada, bo):
        expect(window.texts).to_have_count(len(TEXTS))
        window.expect_all_sent()
        assert [each.evaluate("(each) => each.textContent") for each in window.texts.all()] == TEXTS
        expect(window.texts.locator("*")).to_have_count(0)
        expect_nothing_injected(window)
    bo.reload()
    expect(bo.texts).to_have_count(len(TEXTS))
    expect_nothing_injected(bo)


def test_addresses_become_links_that_tell_nothing_and_lead_where_they_say(start_app: StartApp, visit: Visit) -> None:
    ada = visit(start_app()).join("Ada")
    ada.say('see https://example.org/a?b=1"onclick=alert(1) and HTTP://EXAMPLE.com/(x).')
    links = ada.texts.locator("a")
    expect(links).to_have_count(2)
    expect(links.first).to_have_attribute("href", "https://example.org/a?b=1")
    expect(links.first).to_have_text("https://example.org/a?b=1")
    expect(links.nth(1)).to_have_attribute("href", "http://example.com/(x)")
    for link in links.all():
        expect(link).to_have_attribute("target", "_blank")
        expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
        assert link.evaluate("(each) => each.getAttributeNames().sort()") == ["href", "rel", "target"]


@pytest.mark.parametrize("name", [IMG, "<script>alert(1)</script>", "__proto__", "constructor"])
def test_markup_in_a_persons_name_is_shown_as_it_was_written(start_app: StartApp, visit: Visit, name: str) -> None:
    server = start_app()
    hostile = visit(server).join(name)
    bo = visit(server).join("Bo")
    hostile.composer.press_sequentially("hm")
    expect(bo.find("typing")).to_have_text(f"{name} is typing…")
    hostile.composer.press("Enter")
    expect(bo.message("hm").get_by_test_id("message-author")).to_have_text(name)
    expect(bo.find("member").filter(has_text=name)).to_have_count(1)
    for window in (hostile, bo):
        expect_nothing_injected(window)
    hostile.reload()
    hostile.expect_room("general")
    expect(hostile.find("self-name")).to_have_text(name)


@pytest.mark.parametrize("room", [IMG, "__proto__", "javascript:alert(1)"])
def test_markup_in_a_rooms_name_is_shown_as_it_was_written(
    start_app: StartApp, visit: Visit, meet: Meet, room: str
) -> None:
    server = start_app()
    meet(server, "Bo", room).say("hm", room)
    ada = visit(server).join("Ada")
    other = ada.find("room-item").filter(has_text=room)
    expect(other).to_have_count(1)
    other.click()
    ada.expect_room(room)
    expect(ada.page).to_have_title(f"#{room} · ChatterLink")
    ada.find("copy-link").click()
    expect(ada.find("toast")).to_be_visible()
    expect_nothing_injected(ada)
    ada.reload()
    ada.expect_room(room)


def test_markup_in_a_file_name_is_shown_as_it_was_written(start_app: StartApp, visit: Visit) -> None:
    server = start_app()
    ada, bo = visit(server).join("Ada"), visit(server).join("Bo")
    name = "<img src=x onerror=alert(1)>.png"
    ada.find("upload-input").set_input_files({"name": name, "mimeType": "image/png", "buffer": plain_png()})
    expect(ada.find("tray-item")).to_contain_text(name)
    expect(ada.find("tray-item")).to_have_attribute("data-state", "done")
    ada.composer.press("Enter")
    for window in (ada, bo):
        expect(window.find("message-image")).to_have_attribute("alt", name)
        expect_nothing_injected(window)
    bo.find("message-image").click()
    expect(bo.find("lightbox")).to_contain_text(name)
    expect_nothing_injected(bo)


def test_an_image_is_never_fetched_from_another_host(start_app: StartApp, visit: Visit) -> None:
    # A page that is told of such an image (by a server that is not ours, say) shows none.
    server = start_app()
    ada = visit(server)
    address = server.url.replace("http", "ws") + "socket.io/**"
    evil = '[{"url":"http://127.0.0.2:9/x.png","name":"x","type":"image/png","size":1,"width":9,"height":9}]'
    ada.page.route_web_socket(
        address,
        lambda socket: socket.connect_to_server().on_message(
            lambda data: (
                socket.send(data.replace('"message":"look"', f'"message":"look","attachments":{evil}', 1))
                if isinstance(data, str)
                else socket.send(data)
            )
        ),
    )
    ada.reload()
    ada.join("Ada")
    ada.say("look")
    expect(ada.message("look")).to_be_visible()
    ada.reload()
    expect(ada.message("look")).to_be_visible()
    expect(ada.find("message-image")).to_have_count(0)
