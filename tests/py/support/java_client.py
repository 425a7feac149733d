"""The official Java client: clients in one Java process (java/src/Clients.java) that all tests share."""

from __future__ import annotations

import functools
import os
import shutil

from support import paths
from support.driven_client import DrivenClient, DriverProcess

FOLDER = paths.ROOT / "tests" / "py" / "java"


@functools.cache
def shared_process() -> DriverProcess:
    java = shutil.which("java")
    assert java, "Java is needed (packaging/system-packages.txt)"
    assert (FOLDER / "classes" / ".done").exists(), "the Java client is missing: run scripts/java-client"
    # Small and quick to start: one core's worth of compiler and collector threads.
    modest = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
    path = os.pathsep.join([str(FOLDER / "classes"), str(FOLDER / "lib" / "*")])
    return DriverProcess([java, *modest, "-cp", path, "Clients"])


class JavaClient(DrivenClient):
    @classmethod
    def process(cls) -> DriverProcess:
        return shared_process()
