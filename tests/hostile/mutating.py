"""Seeded mutations: the same seed breaks the same file in the same way, for good.

Half of them know what they break: the sums of a PNG hold again afterwards,
so that the damage gets as far in as it can.
"""

import json
import struct
import zlib
from collections.abc import Callable, Sequence
from functools import cache
from random import Random

from tests.hostile.containers import Part, png_chunk, put_together, take_apart

# What breaks programs that read lengths, sizes and counts.
TELLING = (0, 1, 2, 7, 8, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 8_000, 65_500, 2**31 - 1, 2**32 - 1)
HTML = b"<!doctype html><script>alert(1)</script><?php system($_GET[0]); ?>"
INTERESTING = (b"iCCP", b"zTXt", b"iTXt", b"tEXt", b"eXIf", b"acTL", b"fcTL", b"PLTE", b"tRNS")
Mutation = Callable[[Random, bytes, Sequence[bytes]], bytes]


def flip_bits(random: Random, content: bytes, _others: Sequence[bytes]) -> bytes:
    """Turn up to eight bits."""
    broken = bytearray(content or b"\0")
    for _ in range(random.randint(1, 8)):
        broken[random.randrange(len(broken))] ^= 1 << random.randrange(8)
    return bytes(broken)


def set_bytes(random: Random, content: bytes, _others: Sequence[bytes]) -> bytes:
    """Write a telling number somewhere, most often into the head."""
    broken = bytearray(content)
    value = random.choice(TELLING)
    number = struct.pack(random.choice(("<I", ">I")), value)[: random.choice((2, 4))]
    at = random.randrange(min(len(broken), random.choice((64, 10**9))) or 1)
    broken[at : at + len(number)] = number
    return bytes(broken)


def cut(random: Random, content: bytes, _others: Sequence[bytes]) -> bytes:
    """Leave out the end."""
    return content[: random.randrange(len(content) or 1)]


def take_out(random: Random, content: bytes, _others: Sequence[bytes]) -> bytes:
    """Leave out a piece of the middle."""
    start = random.randrange(len(content) or 1)
    return content[:start] + content[start + random.randint(1, 200) :]


def repeat(random: Random, content: bytes, _others: Sequence[bytes]) -> bytes:
    """Have a piece many times."""
    start = random.randrange(len(content) or 1)
    piece = content[start : start + random.randint(1, 64)]
    return content[:start] + piece * random.randint(2, 2_000) + content[start:]


def splice(random: Random, content: bytes, others: Sequence[bytes]) -> bytes:
    """Begin as one file and go on as another."""
    other = random.choice(others)
    return content[: random.randrange(len(content) or 1)] + other[random.randrange(len(other)) :]


def append(random: Random, content: bytes, others: Sequence[bytes]) -> bytes:
    """Have something behind the end, or before the beginning."""
    more = random.choice((HTML, random.choice(others), b"PK\3\4" + bytes(40), bytes(5_000)))
    return content + more if random.random() < 0.8 else more + content


def rearrange(random: Random, content: bytes, others: Sequence[bytes]) -> bytes:
    """Drop, double, move or borrow a part."""
    parts = take_apart(content) or [Part(b"", b"")]
    at, to = random.randrange(len(parts)), random.randrange(len(parts) + 1)
    match random.randrange(4):
        case 0:
            del parts[at]
        case 1:
            parts[to:to] = [parts[at]] * random.choice((1, 2, 50))
        case 2:
            parts.insert(to, parts.pop(at))
        case 3:
            parts.insert(to, random.choice(take_apart(random.choice(others)) or parts))
    return put_together(parts, content)


def break_part(random: Random, content: bytes, others: Sequence[bytes]) -> bytes:
    """Break the inside of one part, and let its length and sum hold again."""
    parts = take_apart(content) or [Part(b"", b"")]
    at = random.randrange(len(parts))
    breaking = random.choice((flip_bits, set_bytes, cut, take_out, repeat))
    inside = "tail" if parts[at].tail and random.random() < 0.5 else "body"
    broken = {inside: breaking(random, getattr(parts[at], inside), others)}
    parts[at] = Part(**(vars(parts[at]) | broken))
    return put_together(parts, content)


def resize(random: Random, content: bytes, _others: Sequence[bytes]) -> bytes:
    """Claim another width and height where each format says them."""
    width, height = (random.choice((0, 1, 47, 4_000, 7_000, *TELLING)) for _ in range(2))
    parts = [_resized(part, width, height) for part in take_apart(content)]
    return put_together(parts, content)


def add_metadata(random: Random, content: bytes, _others: Sequence[bytes]) -> bytes:
    """Add what generators write, only larger, deeper or stranger."""
    parts = take_apart(content)
    text = random.choice(METADATA)(random)
    if content.startswith(b"\xff\xd8"):
        added = Part(random.choice((b"\xff\xfe", b"\xff\xe1", b"\xff\xe2")), text[:65_000])
    elif content.startswith(b"RIFF"):
        added = Part(random.choice((b"EXIF", b"XMP ", b"ICCP", b"ANIM")), text)
    else:
        added = Part(random.choice(INTERESTING), _labelled(random, text))
    parts.insert(random.randint(0, len(parts)), added)
    return put_together(parts, content)


def bomb(random: Random, content: bytes, _others: Sequence[bytes]) -> bytes:
    """Add something small that unfolds to many megabytes."""
    name, head = random.choice(
        ((b"zTXt", b"a\0\0"), (b"iTXt", b"a\0\1\0\0\0"), (b"iCCP", b"a\0\0"))
    )
    chunk = png_chunk(name, head + _folded(random.choice((2, 40))))
    return content[:33] + chunk * random.choice((1, 3)) + content[33:]


@cache
def _folded(megabytes: int) -> bytes:
    return zlib.compress(bytes(megabytes << 20))


def mutate(seed: int, pool: Sequence[bytes]) -> tuple[str, bytes]:
    """Return a broken file, with what was done to it."""
    random = Random(seed)
    content = random.choice(pool)
    done: list[str] = []
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        mutation: Mutation = random.choice(MUTATIONS)
        content = mutation(random, content, pool)
        done.append(mutation.__name__)
    return ", ".join(done), content


def _resized(part: Part, width: int, height: int) -> Part:
    if part.name == b"IHDR":
        body = struct.pack(">II", width & 2**32 - 1, height & 2**32 - 1) + part.body[8:]
    elif part.name in (b"\xff\xc0", b"\xff\xc1", b"\xff\xc2"):
        body = part.body[:1] + struct.pack(">HH", height & 0xFFFF, width & 0xFFFF) + part.body[5:]
    elif part.name == b"VP8X":
        sides = (max(side - 1, 0).to_bytes(4, "little")[:3] for side in (width, height))
        body = part.body[:4] + b"".join(sides)
    elif part.name == b"VP8L":
        bits = (width - 1 & 0x3FFF) | (height - 1 & 0x3FFF) << 14
        body = part.body[:1] + struct.pack("<I", bits) + part.body[5:]
    elif part.name == b"VP8 ":
        body = part.body[:6] + struct.pack("<HH", width & 0x3FFF, height & 0x3FFF) + part.body[10:]
    else:
        body = part.body
    return Part(part.name, body, part.tail)


def _labelled(random: Random, text: bytes) -> bytes:
    label = random.choice(
        (b"parameters", b"prompt", b"workflow", b"Comment", b"Dream", b"\xff" * 90)
    )
    return label + random.choice((b"\0", b"\0\0", b"\0\0\0\0\0", b"")) + text


def _deep(random: Random) -> bytes:
    return b'{"a":' * random.choice((30, 100_000))


def _strange(random: Random) -> bytes:
    return random.choice(
        (
            b'{"seed": NaN, "steps": Infinity}',
            b'{"a": "\\ud800", "a": 1e999, "b": ' + b"9" * 9_999 + b"}",
        )
    )


def _graph(random: Random) -> bytes:
    """A ComfyUI graph in which each node leans on each other, in circles."""
    names = [str(n) for n in range(random.choice((3, 60)))]
    inputs = {f"positive{n}": [n, 0] for n in names} | {"seed": 2**70, "text": "x" * 99}
    wheel = {n: {"class_type": "KSampler", "inputs": inputs | {"positive": [n, 0]}} for n in names}
    return json.dumps(wheel).encode()


def _loop(random: Random) -> bytes:
    """EXIF data whose directories lead back to themselves."""
    order, mark = random.choice((("<", b"II*\0"), (">", b"MM\0*")))
    entry = struct.pack(order + "HHII", random.choice((0x8769, 0x8825, 0x0112)), 4, 1, 8)
    return (
        b"Exif\0\0" + mark + struct.pack(order + "IH", 8, 1) + entry + struct.pack(order + "I", 8)
    )


def _long(random: Random) -> bytes:
    return random.choice(
        (b"Steps: 20, " * 9_000, b'"' * 60_000, b"[" * 60_000, b"\xff\xfe" * 30_000)
    )


def _counts(random: Random) -> bytes:
    return struct.pack(">II", random.choice(TELLING), random.choice(TELLING)) + bytes(20)


METADATA = (_deep, _strange, _graph, _loop, _long, _counts)
MUTATIONS: tuple[Mutation, ...] = (
    flip_bits, set_bytes, cut, take_out, repeat, splice, append, rearrange, rearrange,
    break_part, break_part, break_part, resize, resize, add_metadata, add_metadata, bomb,
)  # fmt: skip
