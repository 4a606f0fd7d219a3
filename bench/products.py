"""Eight photos of 48 MB together in one product, against a plain copy of them and their decode.

What the worker's memory rises by is looked at too: Linux tells the highest
mark since it was asked to forget the one before.
"""

import io
import os
import secrets
import time
from collections.abc import Callable
from functools import partial
from http.client import HTTPConnection
from pathlib import Path

from PIL import Image

from bench.measure import Result, compare
from bench.seed import new_gallery
from bench.servers import Server, gallery_server

FILES = 8
FILE_BYTES = 6_000_000
ROUNDS = 5
MOST_RISE_MEGABYTES = 64
BOUNDARY = "bench-of-products"


def measure_products(folder: Path) -> list[Result]:
    """Return how long an upload takes, and how much memory."""
    with new_gallery(folder / "products") as (_app, _viewer, key):
        pass
    bare = folder / "bare"
    bare.mkdir()
    results: list[Result] = []
    os.environ["WEB_CONCURRENCY"] = "1"
    try:
        for name, photo in (("JPEG", jpeg_photo()), ("PNG", png_photo())):
            # A new worker each time: what one has grown to, it keeps.
            with gallery_server(folder / "products") as server:
                send = partial(_send, server.port, key)
                results.append(_memory(name, server, partial(send, _form(photo)), send))
                results.append(
                    compare(
                        f"a product of {FILES} {name} photos, {FILES * len(photo) / 1e6:.0f} MB",
                        partial(_seconds, partial(send, _form(photo))),
                        "copy, fsync and decode of the same",
                        partial(_seconds, partial(_plain, bare, photo)),
                        unit="s",
                        rounds=ROUNDS,
                        least=0.5,
                        is_cost=True,
                    )
                )
    finally:
        del os.environ["WEB_CONCURRENCY"]
    return results


def jpeg_photo() -> bytes:
    """Return a photo of 12 megapixels and about 6 MB, with a photo's noise."""
    size = (4000, 3000)
    shade = Image.linear_gradient("L").resize(size)
    noise = [Image.effect_noise(size, 40) for _ in range(2)]
    image = Image.merge("RGB", (Image.blend(shade, noise[0], 0.4), noise[1], shade))
    low, high = 40, 97
    while low < high - 1:
        quality = (low + high) // 2
        low, high = (
            (low, quality) if len(_encoded(image, quality)) > FILE_BYTES else (quality, high)
        )
    return _encoded(image, low)


def png_photo() -> bytes:
    """Return a PNG of about 6 MB: detail and noise."""
    width, height = 2000, 1500
    noise = Image.frombytes("RGB", (width, height), secrets.token_bytes(width * height * 3))
    shade = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    output = io.BytesIO()
    Image.blend(shade, noise, 0.12).save(output, "PNG", compress_level=6)
    return output.getvalue()


def _encoded(image: Image.Image, quality: int) -> bytes:
    output = io.BytesIO()
    image.save(output, "JPEG", quality=quality)
    return output.getvalue()


def _form(photo: bytes) -> bytes:
    part = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="'.encode()
    text = part + b'prompt_text"\r\n\r\nEight photos of a kettle\r\n'
    files = (
        part + f'images[]"; filename="{n}"\r\n\r\n'.encode() + photo + b"\r\n" for n in range(FILES)
    )
    return text + b"".join(files) + f"--{BOUNDARY}--\r\n".encode()


def _send(port: int, key: str, body: bytes) -> None:
    connection = HTTPConnection("127.0.0.1", port)
    headers = {
        "Authorization": f"Bearer {key}",
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
    }
    connection.request("POST", "/api/products", body, headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    if answer.status != 201:
        raise RuntimeError(f"not saved: {answer.status}")


def _plain(folder: Path, photo: bytes) -> None:
    for number in range(FILES):
        with (folder / f"{number}").open("wb") as file:
            file.write(photo)
            file.flush()
            os.fsync(file.fileno())
        with Image.open(folder / f"{number}") as image:
            image.load()
        (folder / f"{number}").unlink()


def _seconds(work) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _memory(
    name: str, server: Server, work: Callable[[], None], send: Callable[[bytes], None]
) -> Result:
    """Return what the worker's memory rises to from where it was after one small product."""
    small = io.BytesIO()
    Image.new("RGB", (64, 64)).save(small, name)
    send(_form(small.getvalue()))
    worker = _worker(server)
    before = _kilobytes(worker, "VmRSS")
    (worker / "clear_refs").write_text("5")
    for _ in range(ROUNDS):
        work()
    rise = max((_kilobytes(worker, "VmHWM") - before) / 1000, 0.1)
    return Result(
        name=f"the worker's memory meanwhile, {name}",
        measured=rise,
        limit_name="rises by less than",
        limit=MOST_RISE_MEGABYTES,
        ratio=MOST_RISE_MEGABYTES / rise,
        unit="MB",
        least=1.0,
    )


def _worker(server: Server) -> Path:
    """Return the folder of the one worker in /proc."""
    for path in Path("/proc").glob("[0-9]*"):
        try:
            stat = (path / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if stat[2] == str(server.group) and path.name != str(server.group):
            return path
    raise RuntimeError("the server has no worker")


def _kilobytes(process: Path, name: str) -> int:
    status = (process / "status").read_text()
    return int(status.partition(f"{name}:")[2].split()[0])
