"""Coroutines in tests that are functions."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Result = TypeVar("Result")


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """What `work` returns, or its exception; in a thread: the browser tests keep a loop in the main one all along."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
