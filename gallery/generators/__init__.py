"""Generators: the one plug-in point for making pictures."""

from gallery.generators.base import GeneratedImage, GenerationFailed, Generator
from gallery.generators.demo import DemoGenerator

__all__ = ["DemoGenerator", "GeneratedImage", "GenerationFailed", "Generator"]
