"""Lets app.py, server.py and client.py be started by their path: `python server.py`, from any folder.

They read this file with runpy, before importing anything of the package, because of two things:

* Python puts a script's own folder first on sys.path. There app.py, client.py ... would be found in place of any
  other module of that name, so the folder is taken off again.
* The Python that starts the script may not be the one that the package is installed for. In a clone that was
  built, that is .venv's, and the script is started again with it.
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn


def run(program: str, file: str) -> NoReturn:
    """End the process with the exit code of `program` ("app", "server" or "client"); `file` is the script."""
    file = os.path.realpath(file)
    folder = os.path.dirname(file)
    sys.path[:] = [entry for entry in sys.path if os.path.realpath(entry or os.curdir) != folder]
    try:
        from chatterlink import cli
    except ImportError as error:
        _run_elsewhere(file, error)
    sys.exit(cli.run(program, f"{program}.py", sys.argv[1:]))


def _run_elsewhere(file: str, error: ImportError) -> NoReturn:
    """Start the script again with the Python of the clone it is in; if there is none, say what to do."""
    clone = os.path.dirname(os.path.dirname(os.path.dirname(file)))
    if not os.path.exists(os.path.join(clone, "pyproject.toml")):
        sys.exit(f"chatterlink cannot be imported by {sys.executable}: {error}")
    environment = os.path.join(clone, ".venv")
    python = os.path.join(environment, "bin", "python")
    inside = os.path.realpath(sys.prefix) == os.path.realpath(environment)
    if os.path.exists(python) and not inside:
        sys.stdout.flush()
        os.execv(python, [python, file, *sys.argv[1:]])
    sys.exit(f"chatterlink is not built yet ({error}). Run this, then try again:  make -C {clone} build")
