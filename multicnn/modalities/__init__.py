"""The three senses: in each the same words, `decode`, `fit`, `example` and `finish`; and `augment` for all of them."""

from multicnn.modalities.audio import AudioPreprocess
from multicnn.modalities.image import ImagePreprocess
from multicnn.modalities.text import TextPreprocess

__all__ = ["AudioPreprocess", "ImagePreprocess", "TextPreprocess"]
