"""While sets are made nothing searches for cycles; afterwards it goes on, whatever happened in between."""

from __future__ import annotations

import gc
from threading import Barrier, Thread

import pytest

from crm.core.collector import uncollected


def test_it_rests_until_the_outermost_block_ends():
    with uncollected():
        with uncollected():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_an_error_wakes_it():
    with pytest.raises(ValueError, match="broken"), uncollected():
        raise ValueError("broken")
    assert gc.isenabled()


def test_of_two_threads_the_last_wakes_it():
    meet = Barrier(2)

    def work() -> None:
        with uncollected():
            meet.wait()
            meet.wait()

    thread = Thread(target=work)
    thread.start()
    meet.wait()
    with uncollected():
        pass
    assert not gc.isenabled(), "the other is still at work"
    meet.wait()
    thread.join()
    assert gc.isenabled()
