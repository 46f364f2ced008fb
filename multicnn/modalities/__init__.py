"""The three modalities: in each the same words, `decode`, `fit`, `example` and `finish`; and `augment` for all of them."""

from multicnn.modalities.audio.preprocess import AudioPreprocess
from multicnn.modalities.image.preprocess import ImagePreprocess
from multicnn.modalities.text.preprocess import TextPreprocess

__all__ = ["AudioPreprocess", "ImagePreprocess", "TextPreprocess"]
