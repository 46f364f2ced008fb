"""The three senses: in each module the same words, `decode`, `fit`, `example`, `finish` and `augment`."""

from multicnn.modalities.audio import AudioPreprocess
from multicnn.modalities.image import ImagePreprocess
from multicnn.modalities.text import TextPreprocess

__all__ = ["AudioPreprocess", "ImagePreprocess", "TextPreprocess"]
