"""Emoji: by mouse, by keyboard, by shortcode."""

from __future__ import annotations

from playwright.sync_api import expect

from browser.chat_page import ChatPage
from browser.windows import StartApp, Visit


def test_emoji_are_picked_with_the_mouse(start_app: StartApp, visit: Visit) -> None:
    server = start_app()
    ada, bo = visit(server).join("Ada"), visit(server).join("Bo")
    ada.composer.fill("Well done ")

    ada.find("emoji-button").click()
    picker = ada.find("emoji-picker")
    expect(picker).to_be_visible()
    ada.page.get_by_role("button", name="Food & Drink").click()
    picker.locator('[data-emoji="🍕"]').click()
    expect(picker).to_have_count(0)
    expect(ada.composer).to_have_value("Well done 🍕")
    expect(ada.composer).to_be_focused()

    ada.page.keyboard.press("Enter")
    expect(bo.message("Well done 🍕")).to_be_visible()

    # What was used comes first the next time; a click elsewhere closes.
    ada.find("emoji-button").click()
    expect(ada.find("emoji-option").first).to_have_attribute("data-emoji", "🍕")
    ada.find("room-title").click()
    expect(picker).to_have_count(0)


def test_emoji_are_picked_with_the_keyboard(start_app: StartApp, visit: Visit) -> None:
    ada = visit(start_app()).join("Ada")
    keyboard = ada.page.keyboard
    ada.find("emoji-button").focus()
    keyboard.press("Enter")
    expect(ada.find("emoji-search")).to_be_focused()

    keyboard.type("rocket")
    expect(ada.find("emoji-option").first).to_have_attribute("data-emoji", "🚀")
    keyboard.press("Enter")
    expect(ada.composer).to_have_value("🚀")
    expect(ada.composer).to_be_focused()

    ada.find("emoji-button").press("Enter")
    ada.page.get_by_role("button", name="Animals & Nature").click()
    options = ada.find("emoji-option")
    ada.find("emoji-search").press("ArrowDown")
    expect(options.first).to_be_focused()
    keyboard.press("ArrowRight")
    expect(options.nth(1)).to_be_focused()
    keyboard.press("ArrowLeft")
    keyboard.press("ArrowDown")  # one row below, in the same column
    below = ada.page.evaluate("document.activeElement.getBoundingClientRect().x")
    assert below == options.first.evaluate("(each) => each.getBoundingClientRect().x")
    expect(options.first).not_to_be_focused()
    keyboard.press("ArrowUp")
    expect(options.first).to_be_focused()
    keyboard.press("ArrowUp")
    expect(ada.find("emoji-search")).to_be_focused()
    keyboard.press("Escape")
    expect(ada.find("emoji-picker")).to_have_count(0)
    expect(ada.composer).to_be_focused()
    expect(ada.composer).to_have_value("🚀")


def test_a_search_without_a_result_says_so(start_app: StartApp, visit: Visit) -> None:
    ada = visit(start_app()).join("Ada")
    ada.find("emoji-button").click()
    status = ada.find("emoji-picker").get_by_role("status")
    expect(status).to_have_text("")  # there before it has something to say: only then is that read out
    ada.find("emoji-search").fill("qqqq")
    expect(ada.find("emoji-option")).to_have_count(0)
    expect(status).to_have_text("Nothing found for “qqqq”.")
    expect(status).to_be_visible()


def test_shortcodes_are_completed_while_they_are_typed(start_app: StartApp, visit: Visit) -> None:
    ada = visit(start_app()).join("Ada")
    ada.composer.press_sequentially("hi :roc")
    options = ada.find("shortcode-option")
    expect(options.first).to_contain_text(":rock:")
    expect(options.first).to_have_attribute("aria-selected", "true")
    ada.composer.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    second = (options.nth(1).text_content() or "").split(":")[0]
    ada.composer.press("Tab")
    expect(ada.find("shortcodes")).to_have_count(0)
    expect(ada.composer).to_have_value(f"hi {second} ")

    ada.composer.press_sequentially(":smi")
    expect(ada.find("shortcodes")).to_be_visible()
    ada.composer.press("Escape")
    expect(ada.find("shortcodes")).to_have_count(0)
    expect(ada.composer).to_have_value(f"hi {second} :smi")


def test_what_is_typed_right_after_a_completion_stays_behind_it(start_app: StartApp, visit: Visit) -> None:
    ada = visit(start_app()).join("Ada")
    ada.composer.press_sequentially(":rocke")
    expect(ada.find("shortcode-option").first).to_be_visible()
    ada.page.evaluate("() => { window.requestAnimationFrame = (f) => setTimeout(f, 150); }")  # a slow machine
    ada.composer.press("Tab")
    ada.composer.press_sequentially("to the moon", delay=40)
    expect(ada.composer).to_have_value("🚀 to the moon")


def test_whole_shortcodes_become_emoji_when_sent_and_others_stay(start_app: StartApp, visit: Visit) -> None:
    server = start_app()
    ada, bo = visit(server).join("Ada"), visit(server).join("Bo")
    ada.say("Ready :tada: at 10:30:45, not :no_such_code:, see http://example.com/:tada: ok ")
    wanted = "Ready 🎉 at 10:30:45, not :no_such_code:, see http://example.com/:tada: ok"
    ada.expect_texts([wanted])
    bo.expect_texts([wanted])


def test_emoji_in_text_have_their_colours_and_digits_are_no_emoji(start_app: StartApp, visit: Visit) -> None:
    # Many text fonts have emoji without colours, and emoji fonts have digits.
    ada = visit(start_app()).join("Ada")
    emoji = "😍 🙈 ❤️ ☕ ✨ 👩‍🚀 🇫🇷 done"
    ada.say(emoji)
    ada.say("0123456789 #*")
    coloured, plain = (fonts_of(ada, number) for number in (0, 1))
    assert coloured["Noto Color Emoji"] == 7
    assert "Noto Color Emoji" not in plain


def fonts_of(window: ChatPage, number: int) -> dict[str, int]:
    """Which fonts draw the text of a message, and how many glyphs each of them draws."""
    expect(window.texts.nth(number)).to_be_visible()
    wire = window.page.context.new_cdp_session(window.page)
    wire.send("DOM.enable")
    wire.send("CSS.enable")
    root = wire.send("DOM.getDocument")["root"]["nodeId"]
    found = wire.send("DOM.querySelectorAll", {"nodeId": root, "selector": "[data-testid=message-text]"})
    fonts = wire.send("CSS.getPlatformFontsForNode", {"nodeId": found["nodeIds"][number]})["fonts"]
    return {font["familyName"]: int(font["glyphCount"]) for font in fonts}


def test_the_picker_closes_when_the_focus_goes_on(start_app: StartApp, visit: Visit) -> None:
    ada = visit(start_app()).join("Ada")
    keyboard = ada.page.keyboard
    for key in ("Tab", "Shift+Tab"):
        ada.composer.fill("x")  # so that there is a button to send it
        ada.find("emoji-button").click()
        expect(ada.find("emoji-search")).to_be_focused()
        inside = "() => document.activeElement.closest('form.composer') !== null"
        for _ in range(20):
            expect(ada.find("emoji-picker")).to_be_visible()
            keyboard.press(key)
            if not ada.page.evaluate(inside):
                break
        expect(ada.find("emoji-picker")).to_have_count(0)
        ada.page.wait_for_timeout(50)
        assert not ada.page.evaluate(inside), "the focus was taken back"
