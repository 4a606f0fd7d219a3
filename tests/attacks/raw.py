"""Requests as raw bytes, since every client makes them nicer on the way."""

import socket

from tests.pictures import picture

PATIENCE_SECONDS = 20


def exchange(address: str, method: str, path: str, key: str) -> bytes:
    """Send a request, with a picture where there may be a body; return the raw answer."""
    body = b"" if method in ("GET", "DELETE") else picture()
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: {address.removeprefix('http://')}\r\n"
        f"Authorization: Bearer {key}\r\nContent-Type: image/png\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return send(address, head.encode("latin-1", "replace") + body)


def send(address: str, request: bytes) -> bytes:
    """Send these bytes and return all that is answered until the connection ends."""
    host, _, port = address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(request)
        answer = b""
        while chunk := connection.recv(65_536):
            answer += chunk
    return answer
