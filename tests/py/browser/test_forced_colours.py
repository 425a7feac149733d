"""The page in the reader's own few colours, as of Windows' contrast themes: grounds and shadows are gone."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from browser.windows import Meet, StartApp, Visit

_EDGES = """(each) => {
  const style = getComputedStyle(each);
  return ['outline', 'borderBlockStart', 'borderBlockEnd', 'borderInlineStart'].map((edge) =>
    style[edge + 'Style'] === 'none' ? '' : `${style[edge + 'Width']} ${style[edge + 'Color']}`);
}"""


def edges(element: Locator) -> list[str]:
    """How wide and in which colours the edges of the element are."""
    found: list[str] = element.evaluate(_EDGES)
    return found


def test_what_grounds_say_is_said_by_edges(start_app: StartApp, visit: Visit, meet: Meet) -> None:
    server = start_app()
    meet(server, "Bo", "general", "attic").say("hello")
    ada = visit(server, forced_colors="active", reduced_motion="reduce").join("Ada")
    ada.go_to_room("attic")
    ada.room_item("general").click()
    ada.say("hello to you")
    ada.expect_all_sent()

    for bubble in ada.page.locator(".bubble").all():
        assert all(edges(bubble)[1:])
    assert edges(ada.room_item("general")) != edges(ada.room_item("attic"))

    row = ada.page.locator(".composer-row")
    expect(ada.composer).to_be_focused()
    focused = edges(row)
    ada.find("messages").focus()
    assert edges(row) != focused

    ada.composer.press_sequentially(":smi")
    options = ada.find("shortcode-option")
    assert edges(options.nth(0)) != edges(options.nth(1))
    ada.page.keyboard.press("Escape")

    ada.composer.fill("")
    ada.find("emoji-button").click()
    tabs = ada.find("emoji-tab")
    assert edges(tabs.nth(0)) != edges(tabs.nth(1))
