"""What is counted, for Prometheus: each metric under its name, on the floor below everybody.

Counting never fails and costs about two microseconds. Labels come from
small, fixed sets: kinds, endpoints, providers, names of errors. Never ids,
paths or anything that somebody typed; each combination is kept for as long
as the server lives. Where several processes serve, each counts into a file
of its own, and whoever is asked adds them up (``exposition.py``).
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

from gallery.errors import GalleryError, SweepStopped

# When a counter began to count is of no use where many processes count.
disable_created_metrics()

# In one process, what is counted here; of many processes it knows only this one.
REGISTRY = CollectorRegistry()
# From a cached row to a slow upload, in seconds.
_WAITS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_DRAWING = (0.1, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300)
_SWEEPING = (0.1, 1, 10, 60, 300, 1_800, 7_200)
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


def _counter(name: str, told: str, *labels: str) -> Counter:
    return Counter(f"gallery_{name}", told, labels, registry=REGISTRY)


def _histogram(name: str, told: str, *labels: str, buckets: tuple[float, ...]) -> Histogram:
    return Histogram(f"gallery_{name}", told, labels, registry=REGISTRY, buckets=buckets)


def _now(name: str, told: str) -> Gauge:
    """Return a gauge of what is the case right now, in all processes that live together."""
    return Gauge(f"gallery_{name}", told, registry=REGISTRY, multiprocess_mode="livesum")


REQUESTS = _counter(
    "requests_total", "Requests that were answered.", "method", "endpoint", "status"
)
REQUEST_SECONDS = _histogram(
    "request_seconds",
    "How long a request waited until its answer began.",
    "method",
    "endpoint",
    buckets=_WAITS,
)
TURNED_AWAY = _counter(
    "turned_away_total", "Requests that were answered before they had arrived.", "status"
)
RATE_LIMITED = _counter("rate_limited_total", "What came too often and was refused.", "limit")
SIGN_INS = _counter("sign_ins_total", "Tries to sign in, by how they ended.", "kind", "outcome")
CREDENTIALS_REFUSED = _counter(
    "credentials_refused_total", "API keys and access tokens that were not right.", "kind"
)

SAVES = _counter("saves_total", "Images that were saved.", "kind", "outcome")
SAVES_REFUSED = _counter(
    "saves_refused_total", "Calls to save images that were refused, by why.", "kind", "reason"
)
SAVED_BYTES = _counter("saved_bytes_total", "Bytes of the images that were saved.", "kind")
SENDS = _counter(
    "sends_total", "Images that were sent, or led to.", "kind", "variant", "disposition"
)
SENT_BYTES = _counter(
    "sent_bytes_total",
    "Bytes of images that Gallery sent itself, not nginx or the storage.",
    "variant",
)

PROMPT_LOOKUPS = _counter(
    "prompt_lookups_total", "What the prompt cache said to who asked.", "answer"
)
PROMPT_SAVED = _counter("prompt_saved_cost_total", "What hits saved, in your currency.")
GENERATIONS = _counter(
    "generations_total", "Pictures that were drawn, or were not.", "generator", "outcome"
)
GENERATION_SECONDS = _histogram(
    "generation_seconds", "How long a generator drew.", "generator", buckets=_DRAWING
)
GENERATIONS_WAITING = _now(
    "generations_waiting", "Pictures that are drawn, or wait for it, in the servers' pools."
)

LINKS_SIGNED = _counter("links_signed_total", "Links that were signed.", "purpose")
LINKS_FOLLOWED = _counter("links_followed_total", "Links that were followed.")
LINKS_ENDED = _counter(
    "links_ended_total", "Links that were followed after their end, by why they ended.", "reason"
)

SWEEPS = _counter("sweeps_total", "Sweeps of this server, by how they ended.", "outcome")
SWEEP_SECONDS = _histogram("sweep_seconds", "How long a sweep took.", buckets=_SWEEPING)
SWEPT_IMAGES = _counter("swept_images_total", "Images that sweeps removed.")
SWEPT_BYTES = _counter("swept_bytes_total", "Bytes of the images that sweeps removed.")
SWEEP_ERRORS = _counter("sweep_errors_total", "Objects that sweeps could not delete.")

STORAGE_SECONDS = _histogram(
    "storage_seconds",
    "How long the storage took.",
    "provider",
    "operation",
    buckets=(0.001, *_WAITS),
)
STORAGE_ERRORS = _counter(
    "storage_errors_total",
    "What the storage refused, by why.",
    "provider",
    "operation",
    "error",
)
DATABASE_ERRORS = _counter("database_errors_total", "Errors of the database.", "error")
DATABASE_CONNECTIONS = _now("database_connections", "Connections to the database that are in use.")


def count_request(method: str, endpoint: str, status: int, *, seconds: float) -> None:
    """Count an answer; an unusual *method* counts as ``OTHER``, since anybody can invent one."""
    counter, histogram = _of_requests(
        method if method in _METHODS else "OTHER", endpoint, _CLASSES.get(status // 100, "other")
    )
    counter.inc()
    histogram.observe(seconds)


@lru_cache(maxsize=2_000)
def _of_requests(method: str, endpoint: str, status: str) -> tuple[Counter, Histogram]:
    counter = REQUESTS.labels(method, endpoint, status)
    return counter, REQUEST_SECONDS.labels(method, endpoint)


def count_save(kind: str, *, size_bytes: int, replaced: bool = False) -> None:
    """Count an image that was kept."""
    SAVES.labels(kind, "replaced" if replaced else "saved").inc()
    SAVED_BYTES.labels(kind).inc(size_bytes)


@contextmanager
def refusals(kind: str) -> Iterator[None]:
    """Count what is refused within when images of *kind* are saved, by the error's name."""
    try:
        yield
    except GalleryError as error:
        SAVES_REFUSED.labels(kind, error.code).inc()
        raise


@contextmanager
def sign_in(kind: str) -> Iterator[None]:
    """Count a try to sign in, by the name of the error that it ends with, if any."""
    try:
        yield
    except GalleryError as error:
        SIGN_INS.labels(kind, error.code).inc()
        raise
    SIGN_INS.labels(kind, "signed-in").inc()


@contextmanager
def generation(generator: str) -> Iterator[None]:
    """Measure how long *generator* draws, and count how it ends."""
    began = time.perf_counter()
    try:
        yield
    except BaseException:
        GENERATIONS.labels(generator, "failed").inc()
        raise
    finally:
        GENERATION_SECONDS.labels(generator).observe(time.perf_counter() - began)
    GENERATIONS.labels(generator, "drawn").inc()


@contextmanager
def sweep() -> Iterator[None]:
    """Measure how long a sweep takes, and count how it ends."""
    began = time.perf_counter()
    try:
        yield
    except BaseException as error:
        SWEEPS.labels("stopped" if isinstance(error, SweepStopped) else "failed").inc()
        raise
    finally:
        SWEEP_SECONDS.observe(time.perf_counter() - began)
    SWEEPS.labels("finished").inc()


_CLASSES = {number: f"{number}xx" for number in range(1, 6)}
