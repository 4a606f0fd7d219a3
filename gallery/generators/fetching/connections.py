"""Connections that end, to the very address that was checked.

A timeout for each read lets a server drip bytes for ever, so here one
deadline stands over everything: looking the name up, connecting, TLS, sending
and reading. And a name is looked up once: were it looked up for the check and
again for the connection, its owner could answer differently the second time.
"""

import ipaddress
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpcore2

from gallery.generators.base import GenerationFailed
from gallery.generators.fetching.addresses import AddressRefused

WRITTEN_AT_ONCE = 16 * 1024
Resolver = Callable[..., Sequence[Any]]


class Deadline:
    """One instant that everything has to be over by."""

    def __init__(self, seconds: float) -> None:
        self._ends_at = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left, always more than 0.

        Raises:
            httpcore2.ReadTimeout: there are none.
        """
        seconds = self._ends_at - time.monotonic()
        if seconds <= 0:
            raise httpcore2.ReadTimeout("the deadline has passed")
        return seconds


@dataclass(frozen=True, kw_only=True)
class Network:
    """What connections are made with; tests bring their own.

    ``resolve`` answers as :func:`socket.getaddrinfo` does.
    """

    resolve: Resolver = socket.getaddrinfo
    connector: httpcore2.NetworkBackend = field(default_factory=httpcore2.SyncBackend)
    ssl_context: ssl.SSLContext | None = None


class CheckedBackend(httpcore2.NetworkBackend):
    """Connects before *deadline*, and only where *accepts* says yes to every address."""

    def __init__(
        self, *, deadline: Deadline, accepts: Callable[[str], bool], network: Network
    ) -> None:
        self._deadline = deadline
        self._accepts = accepts
        self._network = network

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the deadline rules
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connect to the first address of *host* that answers.

        Raises:
            AddressRefused: one of its addresses is not accepted; none is connected to then.
            httpcore2.ConnectError, httpcore2.TimeoutException: nobody answers.
        """
        addresses = self._look_up(host, port)
        if not all(self._accepts(address) for address in addresses):
            raise AddressRefused
        failure: Exception = httpcore2.ConnectError(f"{host} has no address")
        for tried, address in enumerate(addresses):
            # An address that swallows packets leaves its share of the time to the next.
            share = self._deadline.left() / (len(addresses) - tried)
            try:
                stream = self._network.connector.connect_tcp(
                    address, port, share, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
            else:
                return BoundedStream(stream, self._deadline)
        raise failure

    def _look_up(self, host: str, port: int) -> list[str]:
        if _is_ip_address(host):
            return [host]
        answers: queue.SimpleQueue[Sequence[Any] | Exception] = queue.SimpleQueue()

        def ask() -> None:
            try:
                answers.put(self._network.resolve(host, port, type=socket.SOCK_STREAM))
            except (OSError, UnicodeError) as error:
                answers.put(error)

        # The resolver takes no timeout, so it is waited for from outside.
        threading.Thread(target=ask, name="resolver", daemon=True).start()
        try:
            found = answers.get(timeout=self._deadline.left())
        except queue.Empty:
            raise httpcore2.ConnectTimeout(f"{host} was not found in time") from None
        if isinstance(found, Exception):
            raise httpcore2.ConnectError(f"{host} was not found") from found
        return list(dict.fromkeys(entry[4][0] for entry in found))


class BoundedStream(httpcore2.NetworkStream):
    """A stream whose every step ends by the deadline, whatever timeout it is asked with."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        return self._stream.read(max_bytes, self._deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        # One write may take the timeout for each part that the system accepts of it.
        for start in range(0, len(buffer), WRITTEN_AT_ONCE):
            self._stream.write(buffer[start : start + WRITTEN_AT_ONCE], self._deadline.left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore2.NetworkStream:
        inner = self._stream.start_tls(ssl_context, server_hostname, self._deadline.left())
        return BoundedStream(inner, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def read_body(answer: httpcore2.Response, *, most_bytes: int) -> bytes:
    """Read the body of *answer*, as it was sent.

    Raises:
        GenerationFailed: it is longer than *most_bytes*, or compressed: a few
            kilobytes can unfold to gigabytes.
    """
    headers = {name.lower(): value for name, value in answer.headers}
    if headers.get(b"content-encoding", b"identity").strip().lower() != b"identity":
        raise GenerationFailed("The image service answered in an encoding nobody asked for.")
    body = bytearray()
    for chunk in answer.iter_stream():
        body += chunk
        if len(body) > most_bytes:
            raise GenerationFailed("The image service's answer is too large.")
    return bytes(body)


def _is_ip_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
