"""npm's socket.io-client: clients in one Node process (node/clients.mjs) that all tests share."""

from __future__ import annotations

import functools
import shutil

from support import paths
from support.driven_client import DrivenClient, DriverProcess

FOLDER = paths.ROOT / "tests" / "py" / "node"


@functools.cache
def shared_process() -> DriverProcess:
    node = shutil.which("node")
    assert node, "Node is needed: `make test` puts one into .venv where the machine has none"
    assert (FOLDER / "node_modules").is_dir(), "npm's packages are missing: run scripts/npm-ci tests/py/node"
    return DriverProcess([node, str(FOLDER / "clients.mjs")])


class NodeClient(DrivenClient):
    @classmethod
    def process(cls) -> DriverProcess:
        return shared_process()
