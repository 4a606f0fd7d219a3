"""What the SDK sends and receives through, so that its patience has bounds.

The SDK retries as it should, with growing pauses, but its timeouts are for
each read, it waits two minutes where a server says so, obeys a server that
wants a refusal retried, and reads answers of any length. All of that is
decided here instead, in the one place that it lets others fill in.
"""

from email.utils import parsedate_to_datetime

import httpcore2
import httpx2

from gallery.generators.base import GenerationFailed
from gallery.generators.fetching.connections import CheckedBackend, Deadline, Network, read_body

MOST_REFUSAL_BYTES = 16 * 1024
_WORTH_ASKING_AGAIN = {408, 409, 429, 500, 502, 503, 504}


class BoundedTransport(httpx2.BaseTransport):
    """Makes each attempt over a connection of its own, whole or not at all."""

    def __init__(
        self, *, attempt_seconds: float, longest_pause_seconds: float, most_answer_bytes: int
    ) -> None:
        self._attempt_seconds = attempt_seconds
        self._longest_pause_seconds = longest_pause_seconds
        self._most_answer_bytes = most_answer_bytes
        # Reading the certificates takes longer than a small answer: once is enough.
        self._ssl_context = httpcore2.default_ssl_context()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Make one attempt.

        Raises:
            httpx2.NetworkError: the service wasn't reached or broke off; the SDK tries again.
            GenerationFailed: it took too long or said too much. That is not tried again:
                it may have drawn the picture, and charged for it.
        """
        try:
            status, headers, content = self._attempt(request)
        except (httpcore2.ConnectTimeout, httpcore2.ConnectError) as error:
            raise httpx2.ConnectError("not reached", request=request) from error
        except httpcore2.TimeoutException as error:
            raise GenerationFailed("The image service did not answer in time.") from error
        except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
            raise httpx2.ReadError("broke off", request=request) from error
        advice = self._advice(status, headers, content)
        # The SDK parses refusals whole, whatever their length.
        told = content if status == 200 else content[:MOST_REFUSAL_BYTES]
        return httpx2.Response(status, headers=advice, content=told)

    def _attempt(self, request: httpx2.Request) -> tuple[int, httpx2.Headers, bytes]:
        backend = CheckedBackend(
            deadline=Deadline(self._attempt_seconds), accepts=_anything, network=Network()
        )
        asked = httpcore2.Request(
            request.method,
            httpcore2.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=request.stream,
        )
        with httpcore2.ConnectionPool(
            network_backend=backend, ssl_context=self._ssl_context
        ) as pool:
            answer = pool.handle_request(asked)
            try:
                content = read_body(answer, most_bytes=self._most_answer_bytes)
            finally:
                answer.close()
        return answer.status, httpx2.Headers(answer.headers), content

    def _advice(self, status: int, headers: httpx2.Headers, content: bytes) -> dict[str, str]:
        """Return the headers that the SDK goes by; all others could only mislead it."""
        pause = _pause_asked(headers)
        again = status in _WORTH_ASKING_AGAIN and b"insufficient_quota" not in content
        if pause is not None and pause > self._longest_pause_seconds:
            again = False
        advice = {"Content-Type": "application/json", "X-Should-Retry": str(again).lower()}
        if pause is not None:
            advice["Retry-After-Ms"] = str(pause * 1000)
        return advice


def _anything(address: str) -> bool:  # noqa: ARG001 - the operator chose this service
    return True


def _pause_asked(headers: httpx2.Headers) -> float | None:
    """Return the seconds that the server wants us to wait, or None where it names none."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return float(headers.get(name, "")) * unit
        except ValueError:
            continue
    try:
        # A date is held against the server's own clock, which may differ from ours.
        end, start = (parsedate_to_datetime(headers.get(n, "")) for n in ("retry-after", "date"))
        return (end - start).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
