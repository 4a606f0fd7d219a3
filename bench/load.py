"""Clients that keep a connection open and ask again and again."""

import socket
import threading
import time
from dataclasses import dataclass

from bench.servers import Server

CLIENTS = 4


@dataclass(frozen=True, kw_only=True)
class Load:
    """What some requests took: how many a second, and the server's processor time for one."""

    per_second: float
    cpu_microseconds: float


def ask(server: Server, path: str, *, requests: int, header: str = "") -> Load:
    """Send *requests* GETs over four connections at once.

    Raises:
        RuntimeError: an answer was not a 200.
    """
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{header}\r\n".encode()
    each = requests // CLIENTS
    failures: list[str] = []
    threads = [
        threading.Thread(target=_client, args=(server.port, head, each, failures))
        for _ in range(CLIENTS)
    ]
    cpu, began = server.cpu_seconds(), time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds, used = time.perf_counter() - began, server.cpu_seconds() - cpu
    if failures:
        raise RuntimeError(f"{path}: {failures[0]}")
    done = each * CLIENTS
    return Load(per_second=done / seconds, cpu_microseconds=used / done * 1e6)


def _client(port: int, head: bytes, requests: int, failures: list[str]) -> None:
    left = requests
    while left and not failures:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            left -= _talk(connection, head, left, failures)


def _talk(connection: socket.socket, head: bytes, requests: int, failures: list[str]) -> int:
    """Ask up to *requests* times until the server closes; return how often it answered."""
    for done in range(requests):
        connection.sendall(head)
        answer = connection.recv(262_144)
        while answer and b"\r\n\r\n" not in answer:
            answer += connection.recv(262_144)
        if not answer:
            return done
        headers, _, body = answer.partition(b"\r\n\r\n")
        if b" 200 " not in headers[:16]:
            failures.append(headers.decode(errors="replace")[:200])
            return done
        missing = _length(headers) - len(body)
        while missing > 0:
            missing -= len(connection.recv(262_144))
        if b"connection: close" in headers.lower():
            return done + 1
    return requests


def _length(headers: bytes) -> int:
    for line in headers.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise RuntimeError("an answer without a length")
