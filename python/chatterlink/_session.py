"""What session() of both servers returns."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any


class SavedSession(AbstractContextManager[dict[str, Any]]):
    """A client's dict inside `with`, saved at the end; as often as one likes."""

    def __init__(self, get: Callable[[], dict[str, Any]], save: Callable[[dict[str, Any]], None]) -> None:
        self._get = get
        self._save = save
        self._session: dict[str, Any] = {}

    def __enter__(self) -> dict[str, Any]:
        self._session = self._get()
        return self._session

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._save(self._session)
