"""For Server(json=…): data goes through another JSON module, which may know types that ours does not."""

from __future__ import annotations

import json as standard
from typing import Any, Protocol

_MARK = "_placeholder"


class JsonModule(Protocol):
    """A module (or object) with the functions of the standard library's json."""

    def dumps(self, obj: Any, **options: Any) -> str:
        """Value to text."""

    def loads(self, s: str) -> Any:
        """Text to value."""


class JsonCodec:
    """Turns data into plain values with the module's dumps, and back with its loads. Bytes pass untouched."""

    def __init__(self, module: JsonModule) -> None:
        self._module = module

    def encode(self, data: Any) -> Any:
        """What the C++ side can send. A tuple stays one: several arguments."""
        if isinstance(data, tuple):
            return tuple(self.encode(each) for each in data)
        kept: list[bytes] = []
        text = self._module.dumps(_take_out(data, kept), separators=(",", ":"))
        return _put_back(standard.loads(text), kept)

    def decode(self, data: Any) -> Any:
        """What the module makes of a plain value."""
        kept: list[bytes] = []
        return _put_back(self._module.loads(standard.dumps(_take_out(data, kept))), kept)


def _take_out(value: Any, kept: list[bytes]) -> Any:
    if isinstance(value, (bytes, bytearray, memoryview)):
        kept.append(bytes(value))
        return {_MARK: True, "num": len(kept) - 1}
    if isinstance(value, dict):
        return {key: _take_out(item, kept) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_take_out(item, kept) for item in value]
    return value


def _put_back(value: Any, kept: list[bytes]) -> Any:
    if isinstance(value, dict):
        number = value.get("num")
        if value.get(_MARK) is True and isinstance(number, int) and 0 <= number < len(kept):
            return kept[number]
        return {key: _put_back(item, kept) for key, item in value.items()}
    if isinstance(value, list):
        return [_put_back(item, kept) for item in value]
    return value
