"""A room of more people than the server names at once."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from browser.axe import violations
from browser.windows import PHONE, StartApp, Visit
from support.clients import Connections


@pytest.mark.parametrize("window", [{}, PHONE], ids=["desk", "phone"])
def test_further_people_are_shown_when_they_are_asked_for(
    start_app: StartApp, visit: Visit, connections: Connections, window: dict[str, Any]
) -> None:
    server = start_app("--rate-limit", "off")
    crowd = [f"Guest {number:03}" for number in range(270)]
    clients = [connections.joined(server, name, "general") for name in crowd]
    clients[-1].wait_for("presence", lambda delta: delta["count"] == len(crowd))  # nobody is still to be announced
    ada = visit(server, color_scheme="dark", **window).join("Ada")
    clients[0].wait_for("presence", lambda delta: "Ada" in delta["joined"])
    if window:
        ada.find("open-members").click()
    members = ada.find("member")
    expect(members).to_have_count(50)
    note = ada.page.get_by_text(re.compile(r"and \d+ more"))
    expect(note).to_contain_text("and 221 more")
    more = ada.page.get_by_role("button", name="Show more")

    more.focus()
    ada.page.keyboard.press("Enter")
    expect(members).to_have_count(250)
    expect(note).to_contain_text("and 21 more")
    assert ada.focused() == "members", "the button goes away, the list stays"
    assert violations(ada.page) == []
    more.scroll_into_view_if_needed()
    more.click()
    expect(members).to_have_count(271)
    expect(note).to_have_count(0)
    assert members.locator(".member-name").all_inner_texts() == ["Ada", *crowd]
    assert ada.too_wide() == []

    connections.joined(server, "Zoe", "general")
    expect(ada.member("Zoe")).to_have_count(1)
