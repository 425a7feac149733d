"""Fixtures: servers that are stopped at the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from engineio_server.scene import MakeScene, Scene


@pytest.fixture
def make() -> Iterator[MakeScene]:
    scenes: list[Scene] = []

    def made(**options: Any) -> Scene:
        scene = Scene(**options)
        scenes.append(scene)
        scene.eio.start()
        return scene

    yield made
    for scene in scenes:
        scene.eio.stop()


@pytest.fixture
def scene(make: MakeScene) -> Scene:
    return make()
