"""The least that a Python server can do: say hello, or send a file. The limit for the rest."""

import os
from pathlib import Path
from wsgiref.util import FileWrapper

FOLDER = Path(os.environ.get("BENCH_FOLDER", "."))


def app(environ, start_response):
    """Answer ``/hello`` with a word, anything else with the file of that name."""
    name = environ["PATH_INFO"].lstrip("/")
    if name == "hello":
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
        return [b"hello"]
    path = FOLDER / Path(name).name
    size = str(path.stat().st_size)
    start_response("200 OK", [("Content-Type", "image/webp"), ("Content-Length", size)])
    return environ.get("wsgi.file_wrapper", FileWrapper)(path.open("rb"), 65536)
