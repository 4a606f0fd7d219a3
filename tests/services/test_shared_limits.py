"""Limits, counted in Redis; these tests need the program ``redis-server``."""

import logging
import socket
import socketserver
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gallery.errors import InvalidSetting
from gallery.services.limits import Limits, Rate, open_counters
from tests.conftest import FixedClock, find_program

PATIENCE_SECONDS = 10


class Redis:
    """A Redis of the test's own, which may be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        self._program = find_program("redis-server")
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port = listener.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self.start()

    def start(self) -> None:
        self._server = subprocess.Popen(
            [self._program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""],
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
        )
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        pytest.fail("redis-server did not start")

    def stop(self) -> None:
        self._server.terminate()
        self._server.wait()


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    redis = Redis(tmp_path)
    yield redis
    redis.stop()


def limits_at(url: str) -> Limits:
    """Return limits as another process would have them."""
    return Limits(open_counters(url), {"looks": Rate(3, 60)})


class TestCounting:
    """While Redis answers."""

    def test_processes_count_together(self, redis: Redis, clock: FixedClock) -> None:
        """What one process counted, another knows."""
        here, there = limits_at(redis.url), limits_at(redis.url)
        here.hit("looks", "bob", now=clock(), cost=2)

        decision = there.hit("looks", "bob", now=clock())

        assert (decision.is_allowed, decision.limit, decision.remaining) == (True, 3, 0)
        assert 50 < decision.resets_in_seconds <= 60
        assert not here.hit("looks", "bob", now=clock()).is_allowed

    def test_counter_has_an_end(self, redis: Redis, clock: FixedClock) -> None:
        """Redis drops a counter by itself when its window is over."""
        limits = Limits(open_counters(redis.url), {"looks": Rate(1, 1)})
        limits.hit("looks", "bob", now=clock(), cost=2)
        until = time.monotonic() + PATIENCE_SECONDS

        while not limits.hit("looks", "bob", now=clock()).is_allowed:
            assert time.monotonic() < until

    def test_forgotten_asker_starts_anew(self, redis: Redis, clock: FixedClock) -> None:
        """In every process."""
        here, there = limits_at(redis.url), limits_at(redis.url)
        here.hit("looks", "bob", now=clock(), cost=5)

        there.forget("looks", "bob")

        assert here.hit("looks", "bob", now=clock()).remaining == 2


class TestSilence:
    """While Redis does not answer."""

    def test_process_counts_for_itself(
        self, redis: Redis, clock: FixedClock, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Nobody is refused for it, limits hold all the same, and the log says so once."""
        limits = limits_at(redis.url)
        redis.stop()

        with caplog.at_level(logging.WARNING, "gallery"):
            allowed = [limits.hit("looks", "bob", now=clock()).is_allowed for _ in range(4)]
            limits.forget("looks", "bob")

        assert allowed == [True, True, True, False]
        assert limits.hit("looks", "bob", now=clock()).is_allowed
        assert len(caplog.records) == 1


def test_silent_server_is_waited_for_once(clock: FixedClock) -> None:
    """A Redis that takes connections and says nothing costs one asker a moment, not each."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        limits = limits_at(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        began = time.monotonic()

        decisions = [limits.hit("looks", "bob", now=clock()) for _ in range(40)]

        # Forty times a quarter of a second would be ten.
        assert time.monotonic() - began < 3
        assert sum(decision.is_allowed for decision in decisions) == 3


@pytest.mark.parametrize(
    "answer", [b"+OK\r\n", b":5\r\n", b":abc\r\n", b"*-5\r\n", b"HTTP/1.1 400\r\n"]
)
def test_what_is_no_redis_does_not_count(clock: FixedClock, answer: bytes) -> None:
    """Whatever answers behind the address, the process counts for itself."""

    class Impostor(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            while self.request.recv(4096):
                self.request.sendall(answer)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Impostor) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        limits = limits_at(f"redis://127.0.0.1:{server.server_address[1]}/0")

        allowed = [limits.hit("looks", "bob", now=clock()).is_allowed for _ in range(4)]
        server.shutdown()

    assert allowed == [True, True, True, False]


def test_address_that_makes_no_sense_names_the_setting() -> None:
    """A start with nonsense in REDIS_URL says where it is."""
    with pytest.raises(InvalidSetting, match="REDIS_URL"):
        open_counters("redis://127.0.0.1:notaport/0")
