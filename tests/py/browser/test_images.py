"""Images: chosen, pasted and dropped; on their way; shown; refused."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Locator, Route, expect

from browser.chat_page import ChatPage
from browser.pictures import noisy_png, plain_png
from browser.windows import Meet, StartApp, Visit

# Gives a DataTransfer with one file, as the browser makes it of the clipboard or of what is dragged.
_TRANSFER = """([data, name, type]) => {
  const bytes = Uint8Array.from(atob(data), (char) => char.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, { type }));
  return transfer;
}"""


#: What a browser says of an upload that the test cuts off.
CUT_OFF = (r"^failed: .*/upload net::ERR_FAILED", r"^console error: .*net::ERR_FAILED")


def png(name: str, data: bytes) -> FilePayload:
    return {"name": name, "mimeType": "image/png", "buffer": data}


def expect_shown(window: ChatPage, name: str, width: int, height: int) -> Locator:
    """The image is in the conversation, loaded, in its shape; returns it."""
    image = window.page.locator(f'[data-testid="message-image"][alt="{name}"]')
    expect(image).to_have_count(1)
    expect(image).to_have_js_property("complete", True)
    expect(image).to_have_attribute("width", str(width))
    expect(image).to_have_attribute("height", str(height))
    natural = image.evaluate("(each) => each.naturalWidth / each.naturalHeight")
    assert natural == pytest.approx(width / height, rel=0.02)
    return image


def test_an_image_chosen_by_the_button_is_shown_to_the_other_and_opens_large(start_app: StartApp, visit: Visit) -> None:
    server = start_app()
    ada, bo = visit(server).join("Ada"), visit(server).join("Bo")
    assert "Choose images" not in ada.page.locator("form").last.aria_snapshot()
    status = ada.page.get_by_role("status").and_(ada.find("tray-status"))
    expect(status).to_be_empty()
    with ada.page.expect_file_chooser() as chosen:
        ada.find("upload-button").click()
    chosen.value.set_files(png("blue.png", plain_png(600, 400)))
    expect(ada.find("tray-item")).to_have_attribute("data-state", "done")
    expect(ada.composer).to_be_focused()
    expect(status).to_have_text("1 image ready to send.")
    ada.say("my new wall")

    expect(ada.find("tray-item")).to_have_count(0)
    for window in (ada, bo):
        image = expect_shown(window, "blue.png", 380, 253)
        message = window.messages.filter(has=image)
        expect(message.get_by_test_id("message-text")).to_have_text("my new wall")

    opener = bo.page.get_by_role("button", name="Open the image blue.png")
    opener.click()
    box = bo.find("lightbox")
    expect(box).to_be_visible()
    expect(box.get_by_role("img")).to_have_js_property("naturalWidth", 600)
    expect(box.get_by_role("img")).to_have_js_property("naturalHeight", 400)
    expect(box).to_contain_text("600 × 400")
    bo.page.keyboard.press("Escape")
    expect(box).to_have_count(0)
    expect(opener).to_be_focused()
    opener.press("Enter")
    bo.find("lightbox-close").click()
    expect(box).to_have_count(0)


def test_an_image_is_pasted(start_app: StartApp, visit: Visit) -> None:
    server = start_app()
    ada, bo = visit(server).join("Ada"), visit(server).join("Bo")
    data = base64.b64encode(plain_png(120, 90)).decode()
    transfer = ada.page.evaluate_handle(_TRANSFER, [data, "image.png", "image/png"])
    taken = ada.composer.evaluate(
        """(field, transfer) => !field.dispatchEvent(
             new ClipboardEvent('paste', { clipboardData: transfer, bubbles: true, cancelable: true }))""",
        transfer,
    )
    assert taken, "the page left the paste to the browser"
    expect(ada.find("tray-item")).to_have_attribute("data-state", "done")
    ada.find("composer-send").click()
    expect_shown(bo, "image.png", 120, 90)


def test_pasted_text_stays_text(start_app: StartApp, visit: Visit) -> None:
    ada = visit(start_app()).join("Ada")
    left = ada.composer.evaluate(
        """(field) => {
             const transfer = new DataTransfer();
             transfer.setData('text/plain', 'words');
             return field.dispatchEvent(
               new ClipboardEvent('paste', { clipboardData: transfer, bubbles: true, cancelable: true }));
           }"""
    )
    assert left, "the page took the paste away from the browser"
    expect(ada.find("tray-item")).to_have_count(0)


def test_a_picture_of_the_text_that_is_pasted_is_left_out(start_app: StartApp, visit: Visit) -> None:
    # As word processors do it.
    ada = visit(start_app()).join("Ada")
    data = base64.b64encode(plain_png()).decode()
    transfer = ada.page.evaluate_handle(_TRANSFER, [data, "image.png", "image/png"])
    left = ada.composer.evaluate(
        """(field, transfer) => {
             transfer.setData('text/plain', 'a cell');
             transfer.setData('text/html', '<td>a cell</td>');
             return field.dispatchEvent(
               new ClipboardEvent('paste', { clipboardData: transfer, bubbles: true, cancelable: true }));
           }""",
        transfer,
    )
    assert left, "the page took the paste away from the browser"
    expect(ada.find("tray-item")).to_have_count(0)


def test_text_can_be_dragged_into_the_field_and_nowhere_else(start_app: StartApp, visit: Visit, meet: Meet) -> None:
    server = start_app()
    meet(server, "Bo").say("portable")
    ada = visit(server).join("Ada")
    ada.page.evaluate("() => addEventListener('drop', (event) => { window.prevented = event.defaultPrevented; })")
    mouse = ada.page.mouse
    for goal, text in ((ada.find("room-title"), ""), (ada.composer, "portable")):
        ada.message("portable").get_by_test_id("message-text").dblclick()
        mouse.down()
        goal.hover()
        goal.hover()
        mouse.up()
        expect(ada.composer).to_have_value(text)
        assert ada.page.evaluate("() => window.prevented") is (text == "")


def test_an_image_is_dropped_on_the_conversation(start_app: StartApp, visit: Visit) -> None:
    server = start_app()
    ada, bo = visit(server).join("Ada"), visit(server).join("Bo")
    data = base64.b64encode(plain_png(90, 120)).decode()
    transfer = {"dataTransfer": ada.page.evaluate_handle(_TRANSFER, [data, "tall.png", "image/png"])}
    messages = ada.find("messages")
    messages.dispatch_event("dragenter", transfer)
    hint = ada.page.get_by_text("Drop to send to #general")
    expect(hint).to_be_visible()
    messages.dispatch_event("dragover", transfer)
    messages.dispatch_event("drop", transfer)
    expect(hint).to_have_count(0)
    expect(ada.find("tray-item")).to_have_attribute("data-state", "done")
    ada.composer.press("Enter")
    expect_shown(bo, "tall.png", 90, 120)


def test_a_drop_beside_the_conversation_does_not_replace_the_page(start_app: StartApp, visit: Visit) -> None:
    ada = visit(start_app()).join("Ada")
    data = base64.b64encode(plain_png()).decode()
    transfer = {"dataTransfer": ada.page.evaluate_handle(_TRANSFER, [data, "x.png", "image/png"])}
    ada.page.evaluate("addEventListener('drop', (event) => { window.prevented = event.defaultPrevented; })")
    ada.find("room-list").dispatch_event("drop", transfer)
    assert ada.page.evaluate("window.prevented") is True


def test_the_progress_of_an_upload_moves(start_app: StartApp, visit: Visit) -> None:
    ada = visit(start_app()).join("Ada")
    ada.page.evaluate(
        """() => {
             window.seen = [];
             new MutationObserver(() => {
               const bar = document.querySelector('[data-testid=upload-progress]');
               if (bar) window.seen.push(bar.value);
             }).observe(document.body, { subtree: true, childList: true, attributes: true });
           }"""
    )
    wire = ada.page.context.new_cdp_session(ada.page)
    wire.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 500_000}
    wire.send("Network.emulateNetworkConditions", slow)
    ada.find("upload-input").set_input_files(png("big.png", noisy_png(600, 400)))  # 720 KB
    expect(ada.find("upload-progress")).to_be_visible()
    expect(ada.find("tray-item")).to_have_attribute("data-state", "done")
    expect(ada.find("upload-progress")).to_have_count(0)

    seen = ada.page.evaluate("window.seen")
    assert seen == sorted(seen)
    assert [each for each in seen if 0 < each < 1], f"the bar only showed {seen}"


def test_a_message_waits_for_its_image_and_an_upload_can_be_cancelled(start_app: StartApp, visit: Visit) -> None:
    server = start_app()
    ada, bo = visit(server).join("Ada"), visit(server).join("Bo")
    held: list[Route] = []
    ada.page.route("**/upload", lambda route: held.append(route))

    ada.find("upload-input").set_input_files([png("one.png", plain_png()), png("two.png", plain_png(80, 80))])
    expect(ada.find("upload-progress")).to_have_count(2)
    ada.composer.fill("here it is")
    ada.composer.press("Enter")
    expect(ada.page.get_by_text("Sends when the image is there.", exact=True)).to_be_visible()
    expect(ada.composer).to_have_value("here it is")
    expect(ada.messages).to_have_count(0)

    with ada.guard.expecting(r"^failed: .*/upload net::ERR_ABORTED"), ada.page.expect_event("requestfailed"):
        ada.page.get_by_role("button", name="Cancel two.png").click()
        expect(ada.find("tray-item")).to_have_count(1)
    held[0].continue_()
    expect(bo.message("here it is")).to_be_visible()
    expect_shown(bo, "one.png", 64, 48)
    expect(bo.find("message-image")).to_have_count(1)
    expect(ada.composer).to_have_value("")


def test_a_file_that_is_no_image_is_refused_in_words(start_app: StartApp, visit: Visit, tmp_path: Path) -> None:
    ada = visit(start_app()).join("Ada")
    ada.find("upload-input").set_input_files({"name": "notes.txt", "mimeType": "text/plain", "buffer": b"not an image"})
    expect(ada.find("upload-error")).to_have_text("Only PNG, JPEG, GIF and WebP images can be sent.")
    ada.page.get_by_role("button", name="Remove notes.txt").click()
    expect(ada.find("tray-item")).to_have_count(0)

    # What only the server can see.
    with ada.guard.expecting(r"^answer 415: .*/upload", r"^console error: .*status of 415"):
        ada.find("upload-input").set_input_files(png("liar.png", b"<html>not an image</html>"))
        expect(ada.find("upload-error")).to_be_visible()
    expect(ada.find("upload-error")).to_contain_text(re.compile("PNG|image", re.IGNORECASE))
    expect(ada.find("composer-send")).to_be_disabled()


def test_a_file_that_is_too_large_is_refused_in_words_before_and_by_the_server(
    start_app: StartApp, visit: Visit
) -> None:
    ada = visit(start_app("--max-upload", "20KB")).join("Ada")
    large = png("large.png", noisy_png(200, 100))
    ada.find("upload-input").set_input_files(large)
    expect(ada.find("upload-error")).to_have_text("59 KB is too large; the limit is 20 KB.")
    expect(ada.find("tray-item")).to_have_attribute("data-state", "failed")
    ada.find("upload-cancel").click()

    # A page that knows nothing of the limit.
    ada.page.route("**/config.json", lambda route: route.fulfill(json={}))
    ada.reload()
    ada.expect_room("general")
    with ada.guard.expecting(r"^answer 413: .*/upload", r"^console error: .*status of 413"):
        ada.find("upload-input").set_input_files(large)
        expect(ada.find("upload-error")).to_contain_text(re.compile("too large|at most|limit", re.IGNORECASE))


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844), (844, 390)])
@pytest.mark.parametrize("shape", [(700, 1600), (1600, 300)], ids=["tall", "wide"])
def test_an_opened_image_fits_into_the_window(
    start_app: StartApp, visit: Visit, meet: Meet, width: int, height: int, shape: tuple[int, int]
) -> None:
    server = start_app()
    bo = meet(server, "Bo")
    bo.say("", "general", bo.upload(plain_png(*shape), "scan.png"))
    ada = visit(server, width=width, height=height).join("Ada")
    ada.find("message-image").click()
    box = ada.find("lightbox")
    expect(box.get_by_role("img")).to_have_js_property("complete", True)  # until then it has no size
    expect(box.get_by_role("img")).to_be_in_viewport(ratio=1)
    image = box.get_by_role("img").bounding_box()
    bar = ada.find("lightbox-close").bounding_box()
    assert image is not None
    assert bar is not None
    assert image["y"] + image["height"] <= bar["y"]
    assert image["width"] / image["height"] == pytest.approx(shape[0] / shape[1], rel=0.02)
    assert box.evaluate("(each) => each.scrollHeight <= each.clientHeight")


def test_nothing_is_sent_without_an_image_whose_upload_fails(start_app: StartApp, visit: Visit) -> None:
    server = start_app()
    ada, bo = visit(server).join("Ada"), visit(server).join("Bo")
    held: list[Route] = []
    ada.page.route("**/upload", lambda route: held.append(route))
    why = ada.page.get_by_text("Not sent: try the image that failed again, or remove it.")

    ada.find("upload-input").set_input_files(png("one.png", plain_png()))
    expect(ada.find("upload-progress")).to_be_visible()
    ada.composer.fill("here it is")
    ada.composer.press("Enter")
    with ada.guard.expecting(*CUT_OFF), ada.page.expect_event("requestfailed"):
        held.pop().abort()
        expect(why).to_be_visible()
    expect(ada.find("upload-error")).to_contain_text("cut off")
    ada.composer.press("Enter")  # not at the second time either
    expect(ada.composer).to_have_value("here it is")
    expect(ada.find("tray-item")).to_have_attribute("data-state", "failed")
    expect(ada.messages).to_have_count(0)

    ada.page.get_by_role("button", name="Try one.png again").click()
    expect(why).to_have_count(0)
    expect(ada.find("upload-progress")).to_be_visible()
    held.pop().continue_()
    expect(ada.find("tray-item")).to_have_attribute("data-state", "done")
    expect(ada.messages).to_have_count(0)
    ada.composer.press("Enter")
    expect(bo.message("here it is")).to_be_visible()
    expect_shown(bo, "one.png", 64, 48)

    # An image without words.
    ada.find("upload-input").set_input_files(png("two.png", plain_png()))
    expect(ada.find("upload-progress")).to_be_visible()
    ada.composer.press("Enter")
    with ada.guard.expecting(*CUT_OFF), ada.page.expect_event("requestfailed"):
        held.pop().abort()
        expect(ada.find("upload-error")).to_be_visible()
    ada.composer.fill("words alone")
    ada.page.get_by_role("button", name="Remove two.png").click()
    ada.composer.press("Enter")
    expect(bo.message("words alone")).to_be_visible()
