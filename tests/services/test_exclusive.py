"""Work that one process at a time may do."""

import threading

import pytest
from flask import Flask

from gallery.services.exclusive import alone

PATIENCE_SECONDS = 60


def test_second_waits_for_the_first(inside: Flask, caplog: pytest.LogCaptureFixture) -> None:
    """And is told so; then it is its turn."""
    order: list[str] = []
    told = threading.Event()
    caplog.handler.addFilter(lambda _record: told.set() or True)

    def second() -> None:
        with inside.app_context(), alone("work"):
            order.append("second")

    waiting = threading.Thread(target=second)
    with alone("work"):
        waiting.start()
        assert told.wait(PATIENCE_SECONDS)
        order.append("first")
    waiting.join(PATIENCE_SECONDS)

    assert order == ["first", "second"]
    assert "another work is at work; this one waits for it" in caplog.text


def test_other_work_waits_for_nobody(inside: Flask) -> None:
    """Each kind of work has a lock of its own, which ends with the work."""
    with alone("work"), alone("play"):
        pass
    with alone("work"):
        pass
