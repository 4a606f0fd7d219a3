"""Have pictures made: through the prompt cache, else by a generator, in the background.

Who asks gets a row at once, and the row's status tells the rest. What is
wanted lies in the database beside it (``GenerationRequest``): a process
that dies takes no wish with it, and whoever finds one with nobody at work
on its prompt begins anew.
"""

from gallery.services.generation.asking import (
    Asked,
    Scene,
    ask_for_illustration,
    ask_for_round_image,
    draw_illustration,
    wait_for,
)
from gallery.services.generation.drawing import tend
from gallery.services.generation.studio import Studio

__all__ = [
    "Asked",
    "Scene",
    "Studio",
    "ask_for_illustration",
    "ask_for_round_image",
    "draw_illustration",
    "tend",
    "wait_for",
]
