"""Fifty who upload at a byte a second, as a program of its own: ``python -m bench.dripping``.

They know an API key, since whoever knows none is answered before the body.
Half of them send enough at first to look like anybody else. Who is cut
off or sent away comes back at once.
"""

import os
import selectors
import socket
import sys
import time

UPLOADERS = 50
ANNOUNCED_BYTES = 20_000_000
BEGINNING = b"x" * 70_000


def drip(port: int, key: str) -> None:
    """Upload to the gallery at *port* until somebody ends this program."""
    head = (
        "POST /api/images HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: image/png\r\n"
        f"Authorization: Bearer {key}\r\nContent-Length: {ANNOUNCED_BYTES}\r\n\r\n"
    ).encode()
    beginnings = [head + (BEGINNING if number % 2 else b"") for number in range(UPLOADERS)]
    listening = selectors.DefaultSelector()
    for beginning in beginnings:
        _begin(listening, port, beginning)
    byte_at = time.monotonic() + 1
    while True:
        for found, _ in listening.select(max(0, byte_at - time.monotonic())):
            _look(listening, found, port)
        if time.monotonic() >= byte_at:
            byte_at += 1
            for found in list(listening.get_map().values()):
                _send(found.fileobj, b"x")


def _begin(listening: selectors.BaseSelector, port: int, beginning: bytes) -> None:
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(beginning)
    listening.register(connection, selectors.EVENT_READ, beginning)


def _look(listening: selectors.BaseSelector, found: selectors.SelectorKey, port: int) -> None:
    """Begin again where the server has answered or hung up."""
    connection = found.fileobj
    listening.unregister(connection)
    connection.close()
    _begin(listening, port, found.data)


def _send(connection: socket.socket, content: bytes) -> None:
    try:
        connection.sendall(content)
    except OSError:
        # It has been hung up on, which it is told in a moment.
        return


if __name__ == "__main__":
    drip(int(sys.argv[1]), os.environ["GALLERY_KEY"])
