"""What the fixtures of these tests are, for those who use them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from browser.chat_page import ChatPage
from browser.visitor import Visitor
from support.servers import AppServer

#: The fixture start_app: see tests/py/conftest.py.
StartApp = Callable[..., AppServer]

#: Options of visit() for a phone: Chromium's own emulation, with fingers for a pointer.
PHONE: dict[str, Any] = {"width": 390, "height": 844, "is_mobile": True, "has_touch": True}


class Visit(Protocol):
    """The fixture visit: a new window of a browser that knows nothing yet (no storage shared), with the page loaded.

    room: in the page's address. script: runs before the page's own. now: the page's clock stands there.
    context: options of Browser.new_context.
    """

    def __call__(
        self,
        server: AppServer,
        room: str = "",
        *,
        width: int = 1280,
        height: int = 800,
        script: str = "",
        now: datetime | None = None,
        **context: Any,
    ) -> ChatPage: ...


class Meet(Protocol):
    """The fixture meet: somebody else in these rooms ("general" if none is given), without a browser."""

    def __call__(self, server: AppServer, name: str, *rooms: str) -> Visitor: ...
