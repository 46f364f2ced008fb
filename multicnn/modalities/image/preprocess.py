"""Images: any common format to uint8 pixels of one size, centred and scaled."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

import numpy as np
import pydantic
import tensorflow as tf
from pydantic.dataclasses import dataclass

from multicnn.blocks import Block, adaptive_average_pool, chain, flatten
from multicnn.modalities import content
from multicnn.modalities.base import Augmenter, Preprocess, Probe, Shown
from multicnn.modalities.finding import Finding
from multicnn.modalities.image import arrays, augment_color, augment_geometry, blank, canvas, decode, normalize, resize
from multicnn.modalities.image.overlay import ImageMaps
from multicnn.modalities.image.perturbations import ImagePerturbations
from multicnn.modalities.image.probe import ImageProbe
from multicnn.modalities.image.views import ImageViews
from multicnn.modalities.marks import Mark, Marked, Source, constant, of_arrays
from multicnn.modalities.perturbations import Perturbations
from multicnn.modalities.summaries import averaged_size, image_features
from multicnn.utils.constrained import Count, Finite, Positive
from multicnn.utils.validation import one_line_errors

if TYPE_CHECKING:
    from PIL import Image

_MAX_SIDE = 224
_MAX_SIDE_OF_ASPECT = 320
_LOSSLESS = ("PNG", "BMP", "GIF", "PNM")
_MOST_PIXELS = 1 << 24  # 4,096 x 4,096: as float32 in three channels 200 MB
_FIT_EXAMPLES = 1000
_EACH_CHANNEL = pydantic.Field(min_length=1, max_length=3)


@one_line_errors()
@dataclass(frozen=True, kw_only=True, config={"extra": "forbid"})
class ImagePreprocess(ImageViews, ImageMaps, Preprocess):
    """Preprocess of images: pixels of one size, centred and scaled.

    A field that is None is learned by `fit` from training images.

    Args:
        size: (height, width) in pixels.
        channels: 1 (grey) or 3 (RGB).
        mean, std: For each channel, of pixels / 255; the network sees (pixels / 255 - mean) / std.
        reduced_decoding: Decode a JPEG of at least twice `size` at a half, a quarter or an eighth of its resolution: several
            times as fast, and other pixels than those of the image decoded in full.
        keep_aspect: A `size` that is learned has the aspect of the usual image, with sides of at most 320, for boxes.
        own_size: Images stay as large as they are, for masks: `size` is that of the crops that a training step sees.
        canvas: (height, width) of what is stored of such images, at their top left; set where they are loaded.
    """

    baseline_input: ClassVar[Literal["sources", "stored", "finished"]] = "stored"
    mixing: ClassVar[tuple[str, ...]] = ("mixup", "cutmix")

    modality: Literal["image"] = "image"
    size: tuple[Count, Count] | None = None
    channels: Literal[1, 3] | None = None
    mean: Annotated[tuple[Finite, ...], _EACH_CHANNEL] | None = None
    std: Annotated[tuple[Positive, ...], _EACH_CHANNEL] | None = None
    reduced_decoding: bool = False
    own_size: bool = False
    keep_aspect: bool = False
    canvas: tuple[Count, Count] | None = None

    def __post_init__(self) -> None:
        if self.size is not None and math.prod(self.size) > _MOST_PIXELS:
            raise ValueError(f"size must be at most {_MOST_PIXELS:,} pixels in all. Received: size={self.size}")
        for name, values in (("mean", self.mean), ("std", self.std)):
            if values is not None and self.channels is not None and len(values) != self.channels:
                raise ValueError(
                    f"{name} must have one number per channel ({self.channels}). Received: {name}={values}"
                )

    @property
    def fitted(self) -> bool:
        """True where nothing is left for `fit` to learn."""
        return None not in (self.size, self.channels, self.mean, self.std)

    @property
    def stored_shape(self) -> tuple[int, int, int]:
        """Shape of `example`: (height, width, channels)."""
        if self.size is None or self.channels is None:
            raise ValueError(f"size and channels are not known yet: call fit first. Received: {self}")
        return (*(self.canvas or self.size), self.channels)

    @property
    def stored_dtype(self) -> str:
        """Dtype of `example`."""
        return "uint8"

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Shape of one example of `finish`: (height, width, channels)."""
        return self.stored_shape

    def decode(self, source: str | os.PathLike | bytes | np.ndarray | Image.Image) -> np.ndarray:
        """Return the pixels of an image, upright, in `channels` where that is known.

        Args:
            source: A path, the bytes of a file (JPEG, PNG, GIF, BMP, WebP, TIFF, PNM, AVIF or JPEG 2000, recognised by
                content; of an animation the first frame), an image of Pillow, or an array as in `arrays.pixels`.
                Transparency is blended with white; of 16 bits the high 8 remain.

        Returns:
            uint8, shape (h, w, c), c of 1 or 3.

        Raises:
            ValueError: Not a readable image; the message is a short reason without the path.
        """
        if isinstance(source, np.ndarray):
            pixels = arrays.pixels(source)
        elif isinstance(source, (str, bytes, bytearray, memoryview, os.PathLike)):
            pixels = decode.from_bytes(content.read(source), self.size if self.reduced_decoding else None)
        elif type(source).__module__.startswith("PIL."):
            pixels = decode.from_pillow(source)
        else:
            raise ValueError(f"neither a path nor bytes: {type(source).__name__}")
        return decode.in_channels(pixels, self.channels)

    @classmethod
    def upgraded(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Return the fields of any version; those that an earlier one wrote decode at reduced resolution, as it did."""
        written = {"size", "channels", "mean", "std"} <= data.keys()
        return {"reduced_decoding": True, **data} if written else data

    @classmethod
    def from_archive(cls, x: np.ndarray) -> np.ndarray:
        """Return images as uint8: whole numbers from 0 to 255 as they are, floats from 0 to 1 times 255."""
        return arrays.of_archive(x)

    @classmethod
    def from_memory(cls, items: Sequence[object]) -> list[object]:
        """Return pixels as uint8, and contents of files."""
        return arrays.of_items(items)

    @classmethod
    def content_of(cls, data: bytes) -> np.ndarray | None:
        """Return the pixels of a file of a lossless format; None of another."""
        return decode.from_bytes(data) if content.recognise(data)[1] in _LOSSLESS else None

    def separated(self, x: np.ndarray) -> list[np.ndarray]:
        """Return one image, or those of a batch."""
        return arrays.separated(x, self.stored_shape)

    def fit(self, raws: Iterable[np.ndarray]) -> ImagePreprocess:
        """Return a copy that has learned what is None.

        The commonest size when most images have it, else the median sides (at most 224); grey only if every image is grey;
        mean and standard deviation of the pixels.

        Args:
            raws: Decoded training images, of which the first 1,000 are read.

        Raises:
            ValueError: `raws` is empty.
        """
        shapes, small, grey = [], [], True
        for raw in itertools.islice(raws, _FIT_EXAMPLES):
            shapes.append(raw.shape[:2])
            grey = grey and _is_grey(raw)
            # No image is held larger than `fit` or the caller will have it, so memory is bounded.
            size = None if self.own_size else self.size
            small.append(resize.resized(raw, size or tuple(min(side, _MAX_SIDE) for side in raw.shape[:2])))
        if not small:
            raise ValueError("fit needs at least one training image. Received: raws=(empty)")
        channels = self.channels or (1 if grey else 3)
        size = self.size or (canvas.crop_size(shapes) if self.own_size else _usual_size(shapes, self.keep_aspect))
        learned = dataclasses.replace(self, size=size, channels=channels)
        total, squares = np.zeros(channels), np.zeros(channels)
        for raw in small:
            pixels = decode.in_channels(raw, channels) if self.own_size else learned.example(raw)
            pixels = pixels.reshape(-1, channels) / 255.0
            total += pixels.mean(axis=0)
            squares += np.square(pixels).mean(axis=0)
        mean = total / len(small)
        std = np.maximum(np.sqrt(np.maximum(squares / len(small) - mean**2, 0.0)), 1e-3)
        return dataclasses.replace(learned, mean=self.mean or tuple(mean.tolist()), std=self.std or tuple(std.tolist()))

    def example(self, raw: np.ndarray) -> np.ndarray:
        """Return a decoded image at `size` and in `channels`: uint8, shape `stored_shape`. Bilinear with antialiasing.

        With `own_size` it keeps its own.
        """
        height, width, _ = self.stored_shape
        if self.own_size:
            pixels = decode.in_channels(raw, self.channels)
            return pixels if self.canvas is None else canvas.padded(pixels, self.canvas, self.mean or ())
        return resize.resized(decode.in_channels(raw, self.channels), (height, width))

    def marked_examples_of(self, sources: Sequence[Source]) -> Marked:
        """Return `examples_of` these sources, and a mark where an image is blank."""
        examples = self.examples_of(sources)
        marks = of_arrays(examples, blank.blank([each for each in examples if not isinstance(each, str)]))
        arrays = [isinstance(source, np.ndarray) for source in sources]
        if any(arrays):
            marks = [mark | Mark.ARRAY if array else mark for mark, array in zip(marks, arrays)]
        return examples, marks

    def marked(self, marks: np.ndarray, rows: np.ndarray) -> list[Finding]:
        """Return how many images are blank."""
        arrays = len(marks) and (marks & Mark.ARRAY).all()
        return constant(marks, rows, blank.OF_ARRAYS if arrays else blank.REPORT)

    def remark(self, raw: Source, examples: Sequence[np.ndarray]) -> str:
        """Return that an image is blank, or ""."""
        return blank.REMARK if blank.blank(examples).all() else ""

    def finish(self, batch: np.ndarray | tf.Tensor) -> tf.Tensor:
        """Return the network's input: (pixels / 255 - mean) / std, float32.

        Args:
            batch: uint8, shape (batch, height, width, channels).
        """
        shape = tuple(batch.shape[1:]) if self.own_size else self.stored_shape
        scale, offset = self._scale_and_offset(shape[1])
        with tf.device("CPU:0"):  # the same bits where there is an accelerator
            pixels = tf.cast(tf.reshape(batch, (-1, len(scale))), tf.float32) * scale + offset
            return tf.reshape(pixels, (-1, *shape))

    def finish_of(self) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
        """Return a function (stored examples, indices) equal to `finish` of these to the bit; faster on large images."""
        return functools.partial(normalize.scaled, *self._scale_and_offset(self.stored_shape[1]))

    @property
    def augment_stored(self) -> Augmenter:
        """Changes of light and colour."""
        return Augmenter(augment_color.augment)

    @property
    def augment(self) -> Augmenter:
        """Changes of position and shape, and erasing."""
        given = {"size": self.size} if self.own_size else {}
        return Augmenter(augment_geometry.augment, given, augment_geometry.transform, always=self.own_size)

    @property
    def any_size(self) -> bool:
        """True for images at their own size."""
        return self.own_size

    def geometry(self, raw: np.ndarray) -> np.ndarray:
        """Return (height, width) in pixels."""
        return np.array(raw.shape[:2], np.float64)

    def geometry_of(self, source: Source) -> np.ndarray:
        """Return (height, width) in pixels, of the header of a file where that says it."""
        size = canvas.size_of(source)
        return self.geometry(self.decode(source)) if size is None else np.array(size, np.float64)

    def for_targets(self, kind: str) -> Self:
        """Return a copy that leaves images at their own size, for masks, or keeps the aspect of the usual one, for boxes."""
        if kind == "boxes":
            return dataclasses.replace(self, keep_aspect=True)
        return dataclasses.replace(self, own_size=True) if kind == "mask" else self

    def for_geometries(self, geometries: Sequence[np.ndarray]) -> ImagePreprocess:
        """Return the view that stores images of these sizes on a canvas that holds them all."""
        if not self.own_size or self.size is None:
            return self
        return dataclasses.replace(self, canvas=canvas.holding(geometries, self.size, self.channels or 1))

    @property
    def perturbations(self) -> Perturbations:
        """Attacks and other changes of images."""
        return ImagePerturbations(self)

    @property
    def default_model(self) -> str:
        """Name of the model where the recipe names none."""
        return "vgg_small"

    def shown(self, raw: np.ndarray) -> Shown:
        """Return decoded pixels as they are."""
        return Shown("image", raw)

    def shown_input(self, finished: np.ndarray, plain: np.ndarray, stored: np.ndarray) -> list[Shown]:
        """Return the network's input as pixels again."""
        pixels = finished * np.array(self.std) + np.array(self.mean)
        return [Shown("image", np.rint(255 * np.clip(pixels, 0, 1)).astype(np.uint8))]

    def receptive_field(self, steps: tuple[int, ...]) -> str:
        """Return a receptive field in pixels, such as "7 x 7 px"."""
        return " x ".join(f"{n:,}" for n in steps) + " px"

    def filled(self, known: Mapping[str, Any]) -> Self:
        """Return a copy with the size, channels, mean and std of pretrained weights for what is open."""
        # The weights' channels and statistics are of colours: of no use where the images are to be grey.
        names = ("size",) if self.channels == 1 else ("size", "channels", "mean", "std")
        return dataclasses.replace(self, **{name: known[name] for name in names if getattr(self, name) is None})

    def baseline_features(
        self, train: np.ndarray, rows: np.ndarray, test: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, str]:
        """Return pixels, averaged over rectangles where there are many of them."""
        features, name = image_features(train, rows)
        return features, image_features(test, np.arange(len(test)))[0], name

    @property
    def linear_features(self) -> tuple[Block, str]:
        """The pixels, averaged as for `baseline_features`."""
        height, width, channels = self.stored_shape
        size = averaged_size(height, width, channels)
        if size == (height, width):
            return flatten(), "pixels"
        return chain(adaptive_average_pool(size), flatten()), f"pixels averaged to {size[0]}x{size[1]}"

    def probe(self) -> Probe:
        """Return sizes, modes, brightness and a perceptual hash of each image."""
        return ImageProbe()

    def _scale_and_offset(self, width: int) -> tuple[np.ndarray, np.ndarray]:
        """float32 (width * channels,): what the values of a line of pixels are multiplied by, and what is added."""
        if self.mean is None or self.std is None:
            raise ValueError(f"mean and std are not known yet: call fit first. Received: {self}")
        # Multiplied, never divided: a graph turns a division by a constant into a product, which rounds otherwise.
        # Whole lines of pixels against lines of constants: six times as fast as three channels against three.
        scale, offset = 1 / (255 * np.array(self.std)), -np.array(self.mean) / np.array(self.std)
        return np.tile(scale, width).astype(np.float32), np.tile(offset, width).astype(np.float32)


def _is_grey(pixels: np.ndarray) -> bool:
    first = pixels[..., 0]
    return all(np.array_equal(first, pixels[..., channel]) for channel in range(1, pixels.shape[-1]))


def _usual_size(shapes: list[tuple[int, int]], keep_aspect: bool = False) -> tuple[int, int]:
    size, count = Counter(shapes).most_common(1)[0]
    if 2 * count <= len(shapes):
        heights, widths = zip(*shapes, strict=True)
        size = int(np.median(heights)), int(np.median(widths))
    if keep_aspect:
        scale = min(_MAX_SIDE_OF_ASPECT / max(size), 1)
        return max(round(scale * size[0]), 1), max(round(scale * size[1]), 1)
    return min(size[0], _MAX_SIDE), min(size[1], _MAX_SIDE)
