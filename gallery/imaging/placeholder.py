"""A blurred impression of a picture, in about thirty characters (BlurHash).

It is shown while the picture loads. Front ends get the hash itself; pages
get it drawn as a tiny PNG, since they have to work without JavaScript.
"""

import base64
import io
from functools import lru_cache

import blurhash
from PIL import Image

from gallery.imaging.convert import flatten, to_rgb
from gallery.imaging.reducing import shrink
from gallery.imaging.verify import refusing_damage, turn_of

_SAMPLE = (20, 20)
_DRAWN = (8, 6)


@refusing_damage()
def make_placeholder(image: Image.Image) -> str:
    """Return the BlurHash of *image* upright, with 4 × 3 components.

    Raises:
        DamagedImage: it was decoded, and its pixels still can't be used.
    """
    # The hash is made of a few waves, so a handful of pixels holds all that it can tell.
    sample = flatten(_sample_of(image))
    turn = turn_of(image)
    if turn is not None:
        sample = sample.transpose(turn)
    pixels = list(sample.get_flattened_data())
    rows = [pixels[i : i + _SAMPLE[0]] for i in range(0, len(pixels), _SAMPLE[0])]
    return str(blurhash.encode(rows, components_x=4, components_y=3))


def _sample_of(image: Image.Image) -> Image.Image:
    if image.width < _SAMPLE[0] or image.height < _SAMPLE[1]:
        # It is stretched; with so few pixels on one side there can't be many.
        return to_rgb(image).resize(_SAMPLE, Image.Resampling.BOX)
    return shrink(image, _SAMPLE, Image.Resampling.BOX)


@lru_cache(maxsize=4096)
def draw_placeholder(placeholder: str) -> str:
    """Return a ``data:`` URI of the BlurHash *placeholder*, or nothing if it is no BlurHash."""
    try:
        rows = blurhash.decode(placeholder, *_DRAWN)
    except (ValueError, KeyError):
        return ""
    image = Image.new("RGB", _DRAWN)
    image.putdata([tuple(int(c) for c in pixel) for row in rows for pixel in row])
    output = io.BytesIO()
    image.save(output, "PNG")
    return "data:image/png;base64," + base64.b64encode(output.getvalue()).decode()
