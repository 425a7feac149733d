"""The commands, run to the end or asked what they serve."""

from __future__ import annotations

import http.client
import json
import subprocess
from collections.abc import Mapping
from contextlib import closing
from urllib.parse import urlsplit

from support import paths
from support.program import PATIENCE, Program, clean_environment

PROGRAMS = ["app", "server", "client"]
SERVERS = ["app", "server"]


def run(
    program: str, *options: str, face: str = "binary", environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run to the end, which has to come by itself."""
    return subprocess.run(
        [*paths.command(face, program), *options],
        env=clean_environment(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def refused(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """Ended with that code and one line on standard error, which holds the words."""
    assert done.returncode == code, done
    assert done.stdout == "", done
    assert done.stderr.count("\n") == 1, done
    assert done.stderr.endswith("\n")
    for word in words:
        assert word in done.stderr, done


def url_of(app: Program) -> str:
    return app.wait_for(r"http://\S+/").group()


def config_of(app: Program) -> dict[str, object]:
    """What /config.json says."""
    place = urlsplit(url_of(app))
    assert place.hostname
    with closing(http.client.HTTPConnection(place.hostname, place.port or 80, timeout=PATIENCE)) as connection:
        connection.request("GET", "/config.json")
        answer = json.loads(connection.getresponse().read())
    assert isinstance(answer, dict)
    return answer
