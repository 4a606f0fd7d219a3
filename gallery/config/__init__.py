"""The settings: each typed, with a default and the reason why it exists.

They come from the environment, from ``.env`` beside the project, or from
``instance/config.py``, in that order of strength. Nonsense stops the
start and names the variable, since a gallery that guesses what its
operator meant may delete the wrong pictures; and so does what would let
strangers in.
"""

from gallery.config.loading import load_settings, read_settings
from gallery.config.secret_keys import is_monotonous
from gallery.config.settings import SHORTEST_SECRET, Settings
from gallery.config.telling import describe_settings, secrets_of
from gallery.config.weaknesses import (
    database_file,
    exposed_folders,
    is_loopback,
    refuse_weaknesses,
    weak_debugging,
)

__all__ = [
    "SHORTEST_SECRET",
    "Settings",
    "database_file",
    "describe_settings",
    "exposed_folders",
    "is_loopback",
    "is_monotonous",
    "load_settings",
    "read_settings",
    "refuse_weaknesses",
    "secrets_of",
    "weak_debugging",
]
