"""Everything works without a mouse, and one always sees where one is."""

from __future__ import annotations

from playwright.sync_api import expect

from browser.pictures import plain_png
from browser.windows import Meet, StartApp, Visit

# How the focused element looks, and how it looks without the focus.
_FOCUS_LOOKS = """() => {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const finish = () => document.getAnimations().forEach((each) => each.finish());
  // Some elements show it by the frame that they stand in.
  const look = () => finish() || [element, element.parentElement, element.parentElement.parentElement].map((each) => {
    const style = getComputedStyle(each);
    return [style.outlineStyle, style.outlineWidth, style.boxShadow, style.borderColor, style.backgroundColor].join();
  }).join();
  const box = element.getBoundingClientRect();
  const inside = box.width > 0 && box.right > 0 && box.bottom > 0 && box.left < innerWidth && box.top < innerHeight;
  const name = element.dataset.testid ?? element.getAttribute('aria-label') ?? element.textContent.slice(0, 40);
  const focused = look();
  element.blur();
  const plain = look();
  element.focus({ focusVisible: true });
  return { name, inside, marked: focused !== plain };
}"""


def test_joining_writing_and_changing_rooms_by_keys_alone(start_app: StartApp, visit: Visit, meet: Meet) -> None:
    server = start_app()
    meet(server, "Bo", "attic", "general").say("hello there", "attic")
    ada = visit(server)
    keyboard = ada.page.keyboard
    expect(ada.find("join-name")).to_be_focused()
    keyboard.type("Ada")
    keyboard.press("Tab")
    expect(ada.find("join-room")).to_be_focused()
    keyboard.press("Control+A")
    keyboard.type("general")
    keyboard.press("Enter")
    ada.expect_room("general")
    expect(ada.composer).to_be_focused()

    keyboard.type("one line")
    keyboard.press("Shift+Enter")
    keyboard.type("and another")
    keyboard.press("Enter")
    ada.expect_texts(["one line\nand another"])
    expect(ada.composer).to_be_focused()

    # To the list of rooms, and along it.
    for _ in range(60):
        if ada.focused() == "room-item":
            break
        keyboard.press("Shift+Tab")
    expect(ada.room_item("attic")).to_be_focused()
    keyboard.press("ArrowUp")
    expect(ada.room_item("general")).to_be_focused()
    keyboard.press("ArrowDown")
    keyboard.press("Enter")
    ada.expect_room("attic")
    expect(ada.message("hello there")).to_be_visible()
    expect(ada.composer).to_be_focused()

    keyboard.press("Alt+ArrowUp")
    ada.expect_room("general")
    expect(ada.composer).to_be_focused()
    keyboard.press("Alt+ArrowDown")
    ada.expect_room("attic")


def test_the_focus_is_always_visible(start_app: StartApp, visit: Visit, meet: Meet) -> None:
    server = start_app()
    bo = meet(server, "Bo", "attic", "general")
    bo.say("see https://example.org/")
    image = bo.upload(plain_png(), "dot.png")
    bo.say("", "general", image)
    ada = visit(server)

    def walk(steps: int) -> list[str]:
        names = [ada.focused() or ""]
        for _ in range(steps):
            ada.page.keyboard.press("Tab")
            look = ada.page.evaluate(_FOCUS_LOOKS)
            if look is None:  # once round: the browser's own controls
                continue
            assert look["inside"], f"{look['name']} has the focus out of sight"
            assert look["marked"], f"{look['name']} does not show that it has the focus"
            names.append(look["name"])
        return names

    assert {"join-name", "join-room", "join-submit", "theme-toggle"} <= set(walk(8))
    ada.join("Ada")
    expect(ada.find("message-image")).to_be_visible()
    ada.composer.fill("x")
    names = walk(40)
    assert {
        "room-item", "new-room-input", "notify-toggle", "theme-toggle", "sign-out", "copy-link",
        "open-members", "messages", "upload-button", "composer-input", "emoji-button", "composer-send", "members",
    } <= set(names)  # fmt: skip


def test_leaving_rooms_of_the_list_keeps_the_focus_in_it(start_app: StartApp, visit: Visit) -> None:
    ada = visit(start_app()).join("Ada", "attic")
    for room in ("garden", "kitchen", "library"):
        ada.go_to_room(room)
    ada.room_item("kitchen").click()
    ada.expect_room("kitchen")

    def leave(room: str) -> None:
        ada.page.get_by_role("button", name=f"Leave #{room}").press("Enter")
        expect(ada.page.locator(f'[data-room="{room}"][data-joined="true"]')).to_have_count(0)

    leave("attic")
    expect(ada.room_item("garden")).to_be_focused()
    leave("library")
    expect(ada.room_item("kitchen")).to_be_focused()
    leave("kitchen")  # the one that is open: one goes on in the room beside it
    ada.expect_room("garden")
    expect(ada.composer).to_be_focused()
    leave("garden")
    expect(ada.find("no-room")).to_be_visible()
    expect(ada.find("room-list")).to_be_focused()


def test_drawers_open_and_close_by_keys_and_give_the_focus_back(start_app: StartApp, visit: Visit) -> None:
    ada = visit(start_app(), width=390, height=844).join("Ada")
    keyboard = ada.page.keyboard
    for opener, panel, closer in (
        ("open-rooms", "room-list", "close-rooms"),
        ("open-members", "members", "close-members"),
    ):
        expect(ada.find(panel)).not_to_be_visible()
        ada.find(opener).focus()
        keyboard.press("Enter")
        expect(ada.find(panel)).to_be_visible()
        expect(ada.find(closer)).to_be_focused()
        for _ in range(12):  # the focus stays in the drawer (or goes to the browser's own controls)
            keyboard.press("Tab")
            assert ada.page.evaluate("document.activeElement.closest('main') === null")
        keyboard.press("Escape")
        expect(ada.find(panel)).not_to_be_visible()
        expect(ada.find(opener)).to_be_focused()
        keyboard.press("Enter")
        ada.find(closer).press("Enter")
        expect(ada.find(panel)).not_to_be_visible()
        expect(ada.find(opener)).to_be_focused()


def test_the_list_of_rooms_can_be_skipped(start_app: StartApp, visit: Visit, meet: Meet) -> None:
    server = start_app()
    meet(server, "Bo", "attic", "general")
    ada = visit(server).join("Ada")
    skip = ada.find("skip-to-composer")
    expect(skip).not_to_be_in_viewport()
    ada.reload()
    ada.expect_room("general")
    skip.focus()
    expect(skip).to_be_in_viewport(ratio=1)
    ada.page.keyboard.press("Tab")
    expect(ada.room_item("attic").or_(ada.room_item("general")).first).to_be_focused()
    ada.page.keyboard.press("Shift+Tab")
    expect(skip).to_be_focused()
    ada.page.keyboard.press("Enter")
    expect(ada.composer).to_be_focused()
    assert ada.page.url.endswith("#general")
