"""Make a picture smaller without holding it twice.

Pillow's own ``reduce`` and ``resize`` first copy all of a picture that has
transparency, and what they can't shrink, such as a palette, has to be made
RGB before: of 50 megapixels each copy is 200 MB.
"""

from PIL import Image

from gallery.imaging.convert import to_rgb

_STRIP_PIXELS = 1_000_000
# It is made this much larger first than it is wanted, so that the last step has some choice.
_GAP = 3.0


def shrink(
    image: Image.Image,
    size: tuple[int, int],
    resample: Image.Resampling = Image.Resampling.LANCZOS,
) -> Image.Image:
    """Return *image* at *size*, which is no larger, as RGB or RGBA."""
    across, down = (
        max(1, int(side / wanted / _GAP)) for side, wanted in zip(image.size, size, strict=True)
    )
    small = _in_strips(image, across, down) if across > 1 or down > 1 else to_rgb(image)
    # The last column and row may stand for less than a whole factor.
    return small.resize(size, resample, box=(0, 0, image.width / across, image.height / down))


def _in_strips(image: Image.Image, across: int, down: int) -> Image.Image:
    """Return *image* smaller by whole factors; in each place the mean of what was there."""
    rows = down * max(1, _STRIP_PIXELS // (image.width * down))
    size = -(-image.width // across), -(-image.height // down)
    small: Image.Image | None = None
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(top + rows, image.height)))
        reduced = to_rgb(strip).reduce((across, down))
        small = small or Image.new(reduced.mode, size)
        small.paste(reduced, (0, top // down))
    return small or image
