"""Shapes cut from paper: smooth outlines, graded fills, stippled shade, soft light.

Each shape is rasterised at twice its size inside its own bounding box and
reduced, which is antialiasing at the price of the pixels it covers; blurs
and gradients are computed small and enlarged, because nobody can tell.
"""

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from random import Random

from PIL import Image, ImageChops, ImageDraw

from gallery.generators.demo.palettes import Color, darken, lighten, mix

Point = tuple[float, float]
Paint = Color | tuple[Color, ...]
Box = tuple[int, int, int, int]
BILINEAR = Image.Resampling.BILINEAR
BICUBIC = Image.Resampling.BICUBIC


@lru_cache(maxsize=4)
def noise(size: int = 1024) -> Image.Image:
    """Even white noise, the same in every process."""
    grains = Random(size).randbytes(size * size)  # noqa: S311 (paint, not secrets)
    return Image.frombytes("L", (size, size), grains)


@lru_cache(maxsize=16)
def falloff(power: float = 1.6) -> Image.Image:
    """A soft disc: white in the middle, black at the rim."""
    # Pillow's own gradient reaches white in the corners, 181 at the middle of an edge.
    table = [round(255 * max(0.0, 1 - step / 178) ** power) for step in range(256)]
    return Image.radial_gradient("L").point(table)


@lru_cache(maxsize=32)
def _slope(across: float, down: float, start: float) -> Image.Image:
    """A diagonal ramp that begins at *start* of the way: where shade gathers."""
    span = abs(across) + abs(down)
    ramp = Image.new("L", (48, 48))
    values = []
    for y in range(48):
        for x in range(48):
            u = (x / 47 if across >= 0 else 1 - x / 47) * abs(across) / span
            v = (y / 47 if down >= 0 else 1 - y / 47) * abs(down) / span
            values.append(round(255 * max(0.0, min(1.0, (u + v - start) / (1 - start)))))
    ramp.putdata(values)
    return ramp


def clouds(rng: Random, *, cells: int = 4, size: int = 192, squash: float = 1.0) -> Image.Image:
    """Drifting fog as a mask: four octaves of enlarged noise."""
    total = Image.new("L", (size, size), 128)
    share = 0.62
    for octave in range(4):
        across = max(2, round(cells * 2**octave))
        down = max(2, round(cells * squash * 2**octave))
        layer = Image.frombytes("L", (across, down), rng.randbytes(across * down))
        total = Image.blend(total, layer.resize((size, size), BICUBIC), share)
        share *= 0.55
    return total


def gradient(stops: Sequence[Color], size: tuple[int, int], *, across: bool = False) -> Image.Image:
    """Stops spread evenly from top to bottom, or from left to right."""
    length = size[0] if across else size[1]
    steps = max(length - 1, 1)
    last = len(stops) - 1
    values = []
    for step in range(length):
        place = step / steps * last
        index = min(int(place), max(last - 1, 0))
        values.append(mix(stops[index], stops[min(index + 1, last)], place - index))
    strip = Image.new("RGB", (length, 1) if across else (1, length))
    strip.putdata(values)
    return strip.resize(size, Image.Resampling.NEAREST)


def smooth(points: Sequence[Point], *, closed: bool = True, steps: int = 7) -> list[Point]:
    """A Catmull-Rom curve through *points*."""
    count = len(points)
    curve: list[Point] = []
    for index in range(count if closed else count - 1):
        if closed:
            a, b, c, d = (points[(index + shift) % count] for shift in (-1, 0, 1, 2))
        else:
            a, b = points[max(index - 1, 0)], points[index]
            c, d = points[index + 1], points[min(index + 2, count - 1)]
        for step in range(steps):
            t = step / steps
            curve.append((_spline(a[0], b[0], c[0], d[0], t), _spline(a[1], b[1], c[1], d[1], t)))
    if not closed:
        curve.append(points[-1])
    return curve


def _spline(a: float, b: float, c: float, d: float, t: float) -> float:
    return 0.5 * (
        2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - a - 3 * c + d) * t**3
    )


def _stops(paint: Paint) -> tuple[Color, ...]:
    """One ink as a gradient of one stop."""
    if isinstance(paint[0], tuple):
        return paint
    return (paint,)


class Shape:
    """An outline made of parts, each added to or cut from what came before."""

    def __init__(self) -> None:
        self.parts: list[tuple[list[Point], int]] = []
        self._ink = 255

    def cut(self) -> "Shape":
        """What follows is taken away."""
        self._ink = 0
        return self

    def add(self) -> "Shape":
        """What follows is added again."""
        self._ink = 255
        return self

    def polygon(self, points: Iterable[Point]) -> "Shape":
        self.parts.append((list(points), self._ink))
        return self

    def blob(self, *points: Point) -> "Shape":
        """A smooth closed outline through *points*."""
        return self.polygon(smooth(points))

    def oval(
        self, x: float, y: float, rx: float, ry: float | None = None, tilt: float = 0
    ) -> "Shape":
        """An ellipse around (x, y), tilted clockwise by *tilt* degrees."""
        ry = rx if ry is None else ry
        cos, sin = math.cos(math.radians(tilt)), math.sin(math.radians(tilt))
        ring = []
        for step in range(40):
            a = math.tau * step / 40
            px, py = rx * math.cos(a), ry * math.sin(a)
            ring.append((x + px * cos - py * sin, y + px * sin + py * cos))
        return self.polygon(ring)

    def box(self, x: float, y: float, w: float, h: float, r: float = 0) -> "Shape":
        """A rectangle from its top left corner, rounded by *r*."""
        r = min(r, w / 2, h / 2)
        if r <= 0:
            return self.polygon([(x, y), (x + w, y), (x + w, y + h), (x, y + h)])
        ring = []
        corners = (
            (x + w - r, y + r, -90),
            (x + w - r, y + h - r, 0),
            (x + r, y + h - r, 90),
            (x + r, y + r, 180),
        )
        for cx, cy, begin in corners:
            for step in range(7):
                a = math.radians(begin + step * 15)
                ring.append((cx + r * math.cos(a), cy + r * math.sin(a)))
        return self.polygon(ring)

    def limb(self, points: Sequence[Point], start: float, end: float | None = None) -> "Shape":
        """A curved stroke, *start* thick at first and *end* at last, with round tips."""
        end = start if end is None else end
        path = smooth(points, closed=False, steps=8) if len(points) > 2 else list(points)
        left, right = [], []
        for index, (x, y) in enumerate(path):
            before, after = path[max(index - 1, 0)], path[min(index + 1, len(path) - 1)]
            dx, dy = after[0] - before[0], after[1] - before[1]
            norm = math.hypot(dx, dy) or 1
            half = (start + (end - start) * index / max(len(path) - 1, 1)) / 2
            left.append((x - dy / norm * half, y + dx / norm * half))
            right.append((x + dy / norm * half, y - dx / norm * half))
        self.polygon(left + right[::-1])
        self.oval(*path[0], start / 2)
        return self.oval(*path[-1], end / 2) if end > 0.2 else self


class Canvas:
    """The sheet, in pixels; everything lands on it through :meth:`fill`."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.unit = min(width, height) / 100
        self.image = Image.new("RGB", (width, height))
        self.light = 1  # 1: light falls from the left, -1: from the right

    def backdrop(self, stops: Sequence[Color], top: float = 0, bottom: float | None = None) -> None:
        """Cover the sheet from *top* to *bottom* with a vertical gradient."""
        first = max(0, round(top))
        last = self.height if bottom is None else min(self.height, round(bottom))
        if last > first:
            self.image.paste(gradient(stops, (self.width, last - first)), (0, first))

    def fill(
        self,
        shape: Shape,
        paint: Paint,
        *,
        shade: float = 0.0,
        alpha: float = 1.0,
        clip: Shape | None = None,
        across: bool = False,
        ink: Color | None = None,
    ) -> None:
        """Paint *shape*; *shade* stipples the side away from the light."""
        box = self._bounds(shape)
        if box is None:
            return
        mask = self._mask(shape, box)
        if clip is not None:
            mask = ImageChops.multiply(mask, self._mask(clip, box))
        if alpha < 1:
            mask = mask.point([round(step * alpha) for step in range(256)])
        stops = _stops(paint)
        if len(stops) == 1:
            self.image.paste(stops[0], box, mask)
        else:
            size = (box[2] - box[0], box[3] - box[1])
            self.image.paste(gradient(stops, size, across=across), box, mask)
        if shade > 0 and box[2] - box[0] > 5:
            self._stipple(mask, box, ink or darken(stops[-1], 0.5), shade)

    def _stipple(self, mask: Image.Image, box: Box, ink: Color, shade: float) -> None:
        size = (box[2] - box[0], box[3] - box[1])
        slope = _slope(0.7 * self.light, 0.5, 0.38).resize(size, BILINEAR)
        left, top = box[0] % 512, box[1] % 512
        tile = (
            noise().crop((left, top, left + size[0], top + size[1]))
            if max(size) <= 512
            else (_spread(noise(), size))
        )
        grains = ImageChops.subtract(slope, tile.point([step * 7 // 8 for step in range(256)]))
        grains = grains.point([min(255, round(step * 2.2 * shade)) for step in range(256)])
        self.image.paste(ink, box, ImageChops.multiply(grains, mask))

    def glow(
        self,
        x: float,
        y: float,
        rx: float,
        ink: Color,
        *,
        ry: float | None = None,
        alpha: float = 1.0,
        power: float = 1.6,
    ) -> None:
        """A soft round light, or with a dark *ink* a soft shadow."""
        ry = rx if ry is None else ry
        box = (round(x - rx), round(y - ry), round(x + rx), round(y + ry))
        size = (box[2] - box[0], box[3] - box[1])
        if size[0] < 1 or size[1] < 1:
            return
        seen = (
            max(0, -box[0]),
            max(0, -box[1]),
            min(size[0], self.width - box[0]),
            min(size[1], self.height - box[1]),
        )
        if seen[2] <= seen[0] or seen[3] <= seen[1]:
            return
        wide, tall = 256 / size[0], 256 / size[1]
        part = (seen[0] * wide, seen[1] * tall, seen[2] * wide, seen[3] * tall)
        table = [round(step * alpha) for step in range(256)]
        mask = (
            falloff(power)
            .point(table)
            .resize((seen[2] - seen[0], seen[3] - seen[1]), BILINEAR, box=part)
        )
        self.image.paste(
            ink, (box[0] + seen[0], box[1] + seen[1], box[0] + seen[2], box[1] + seen[3]), mask
        )

    def veil(self, top: float, bottom: float, ink: Color, *, start: float, end: float) -> None:
        """Fog from *top* to *bottom*, *start* to *end* opaque."""
        first, last = max(0, round(top)), min(self.height, round(bottom))
        if last - first < 1:
            return
        levels = [
            round(255 * (start + (end - start) * step / (last - first)))
            for step in range(last - first)
        ]
        strip = Image.new("L", (1, last - first))
        strip.putdata(levels)
        mask = strip.resize((self.width, last - first), Image.Resampling.NEAREST)
        self.image.paste(ink, (0, first, self.width, last), mask)

    def drift(
        self,
        fog: Image.Image,
        ink: Color,
        *,
        low: int = 110,
        high: int = 220,
        alpha: float = 1.0,
        top: float = 0,
        bottom: float | None = None,
    ) -> None:
        """Lay *fog* (see :func:`clouds`) over the sheet in *ink*."""
        first = max(0, round(top))
        last = self.height if bottom is None else min(self.height, round(bottom))
        if last - first < 1:
            return
        table = [
            round(255 * alpha * max(0.0, min(1.0, (step - low) / (high - low))))
            for step in range(256)
        ]
        mask = fog.point(table).resize((self.width, last - first), BICUBIC)
        self.image.paste(ink, (0, first, self.width, last), mask)

    def _bounds(self, shape: Shape) -> Box | None:
        xs = [x for points, ink in shape.parts if ink for x, _ in points]
        ys = [y for points, ink in shape.parts if ink for _, y in points]
        if not xs:
            return None
        left, top = max(0, math.floor(min(xs)) - 1), max(0, math.floor(min(ys)) - 1)
        right = min(self.width, math.ceil(max(xs)) + 1)
        bottom = min(self.height, math.ceil(max(ys)) + 1)
        return (left, top, right, bottom) if right > left and bottom > top else None

    def _mask(self, shape: Shape, box: Box) -> Image.Image:
        left, top, right, bottom = box
        sheet = Image.new("L", ((right - left) * 2, (bottom - top) * 2))
        pen = ImageDraw.Draw(sheet)
        for points, ink in shape.parts:
            if len(points) > 2:
                pen.polygon([((x - left) * 2, (y - top) * 2) for x, y in points], fill=ink)
        return sheet.reduce(2)


def _spread(tile: Image.Image, size: tuple[int, int]) -> Image.Image:
    """*tile* repeated until it covers *size*."""
    sheet = Image.new("L", size)
    for top in range(0, size[1], tile.height):
        for left in range(0, size[0], tile.width):
            sheet.paste(tile, (left, top))
    return sheet


class Pen:
    """Draws in local units: (0, 0) stands on the ground, 100 units are one height."""

    def __init__(
        self,
        canvas: Canvas,
        x: float,
        y: float,
        height: float,
        *,
        flip: bool = False,
        tilt: float = 0,
        tint: Color | None = None,
        tint_share: float = 0.0,
    ) -> None:
        self.canvas, self.x, self.y, self.scale = canvas, x, y, height / 100
        self.flip = -1 if flip else 1
        self.cos, self.sin = math.cos(math.radians(tilt)), math.sin(math.radians(tilt))
        self.tint, self.tint_share = tint, tint_share

    def place(self, x: float, y: float) -> Point:
        """Where a local point lies on the sheet."""
        x, y = x * self.cos - y * self.sin, x * self.sin + y * self.cos
        return self.x + x * self.scale * self.flip, self.y + y * self.scale

    def fill(
        self,
        shape: Shape,
        paint: Paint,
        *,
        shade: float = 0.35,
        alpha: float = 1.0,
        clip: Shape | None = None,
        flat: bool = False,
        across: bool = False,
    ) -> None:
        """Paint *shape* with a lit and a shaded side, or *flat* as it is."""
        inks = tuple(self.mixed(ink) for ink in _stops(paint))
        if len(inks) == 1 and not flat:
            inks = (lighten(inks[0], 0.10), inks[0], darken(inks[0], 0.10))
        self.canvas.fill(
            self._placed(shape),
            inks,
            shade=0 if flat else shade,
            alpha=alpha,
            clip=None if clip is None else self._placed(clip),
            across=across,
        )

    def glow(
        self,
        x: float,
        y: float,
        r: float,
        ink: Color,
        *,
        alpha: float = 0.8,
        ry: float | None = None,
        power: float = 1.6,
    ) -> None:
        px, py = self.place(x, y)
        self.canvas.glow(
            px,
            py,
            r * self.scale,
            ink,
            alpha=alpha,
            power=power,
            ry=None if ry is None else ry * self.scale,
        )

    def mixed(self, ink: Color) -> Color:
        """*ink* in the air of this picture."""
        return ink if self.tint is None else mix(ink, self.tint, self.tint_share)

    def _placed(self, shape: Shape) -> Shape:
        placed = Shape()
        placed.parts = [([self.place(x, y) for x, y in points], ink) for points, ink in shape.parts]
        return placed
