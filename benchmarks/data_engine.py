"""Speed from files to batches, beside other loaders of the same files.

    python benchmarks/data_engine.py [--rounds 5] [--rows photographs small_images ...]

The files are written to a temporary folder first: images with the spectrum of photographs (amplitude 1/f) as JPEGs of quality
90, noise as 16-bit WAV, texts of 20,000 words by Zipf's law. In each round every contestant does the same work once, in turn;
printed are the medians of the rounds: examples per second, the peer's seconds over ours with their quartiles, the same ratio
in CPU time, which other work on the machine disturbs less, and the target of the ratio. A first epoch of ours lists the files,
hashes, decodes and stores them, and makes the batches. The last column printed is the share of our time that the limit alone
takes: decoding, or copying.

    row              work                                                       peer
    photographs      1,000 JPEGs of 500x375 to batches of 224x224               image_dataset_from_directory
    large            100 JPEGs of 1600x1200, likewise                           the same
    small_images     20,000 JPEGs of 32x32                                      the same
      ... later      a later epoch of these                                     the same; and with its .cache(), of
                                                                                reshuffled examples or of the same batches
    clips            1,000 WAV files of 1 s at 16 kHz to log-mels (101, 40)     audio_dataset_from_directory and MelSpectrogram;
                                                                                librosa in two processes
    resampled        200 WAV files of 2 s at 44.1 kHz, resampled to 16 kHz      librosa in two processes
    texts            a CSV of 20,000 texts to ids                               TextVectorization
    augmented        mirror, shift, rotation, scale, brightness, contrast       the Keras layers inside map
    augmented_audio  pitch, gain, noise on 64 clips of 1 s at 16 kHz            audiomentations, clip by clip

Measured on 2 cores of an AMD EPYC with AVX-512, TensorFlow 2.21, without the op determinism that training turns on: the medians
and quartiles of five runs with `--rounds 1`, in turn with five of an earlier version (last column; `benchmarks/compare_trees.py`).
Photographs are shrunk and large batches normalized by functions compiled before the rounds, as from the 1,000th photograph and
the 300th batch of a process on; compiling takes 1 to 1.6 s once, loading the compiled functions again 0.5.

    row                       peer                      ratio   quartiles        target   earlier
    photographs               from_directory             0.49   0.49 to 0.77        1.1      0.70
    photographs, later        from_directory            26.73   23.92 to 27.31        5     40.83
    photographs, later        ... .cache().shuffle()     1.48   1.44 to 2.08          1      1.79
    photographs, later        ... .cache()               0.18   0.17 to 0.48          1      0.59
    large                     from_directory             0.49   0.48 to 0.49          2      1.01
    large, later              from_directory           689.47   199.32 to 934.19      5    615.20
    large, later              ... .cache().shuffle()     9.59   2.46 to 10.01         1      6.57
    large, later              ... .cache()               3.32   0.46 to 4.67          1      1.43
    small_images              from_directory             0.54   0.51 to 0.55        1.5      1.12
    small_images, later       from_directory            15.84   14.10 to 17.37       10     14.19
    small_images, later       ... .cache().shuffle()     1.60   1.47 to 1.72          1      1.22
    small_images, later       ... .cache()               1.22   1.21 to 1.40          1      1.15
    clips                     Keras                      1.02   0.96 to 1.16          1      1.07
    clips                     librosa, 2 processes       8.63   8.46 to 10.20         6      7.12
    resampled                 librosa, 2 processes       4.74   3.36 to 5.91        1.5      2.96
    texts                     TextVectorization          1.75   1.70 to 1.80        1.5      1.95
    augmented                 Keras layers in map       12.43   11.58 to 12.44      1.5     13.29
    augmented_audio           audiomentations             3.44   3.40 to 3.68          3   (of the earlier version)

The first epochs of images were faster in that version and are slower on purpose. It decoded a large JPEG at a reduced scale,
which gives other pixels than the whole image (`reduced_decoding` still does), and it opened whatever a folder named. Now a JPEG is
decoded in full, and each file is looked at before it is opened (a pipe, a size, the number of scans, the limits of docs/limits.md)
and each example marked where it is blank: some 30 microseconds more for a small image, which took 40. Texts are looked through for
marks as well.

Why targets are missed, in milliseconds of one core. For a photograph of 500x375 decoding takes 1.1 (Pillow 1.3, TensorFlow 1.3
to 1.8) and the antialiased resizing 0.3 to 0.4 (Pillow 1.1, TensorFlow without antialiasing 0.4); from_directory is done in 1.6
to 1.8. Listing and hashing add 0.2, making the batches 0.1, and the system 0.4, which on this virtual machine clears new memory
for the store at 0.4 GB/s: where it had some at hand, the ratio was 0.85. For one of 1600x1200 the Huffman codes take most: 6.0
at a quarter of the size, 7.4 in full (TensorFlow 7.1 and 9.4). Of 8,000 small images one takes 0.026 to list, hash and
recognise and 0.041 to read, check, decode and mark, and two threads are hardly faster at it than one. For a clip of 1 s the log-mel
takes 0.3, in float64. Of the 42 to 50 for 32 augmented clips the vocoder takes 22, interpolation 10. Batches of photographs
that a cache holds are handed on without a copy, but are the same in each epoch; reshuffled examples have to be gathered, in a
pass over memory that takes 1.2 for 32 of 224x224.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import os
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # multicnn's default, set here because TensorFlow is imported first

import keras
import numpy as np
import soundfile
import tensorflow as tf
from PIL import Image

from multicnn import AudioPreprocess, DataSource, ImagePreprocess, TextPreprocess
from multicnn.data import pipeline, store
from multicnn.data.load import load_manifest
from multicnn.modalities.augmentation import augmentation

RANDOM = np.random.default_rng(0)
BATCH = 32
SIZE = (224, 224)
MEL = {"sample_rate": 16000, "n_fft": 512, "hop_length": 160, "n_mels": 40}


class Row(NamedTuple):
    """One row of the table: the number of examples, our run, each peer's with the target of its ratio, and the limit."""

    examples: int
    ours: Callable[[], object]
    peers: dict[str, tuple[Callable[[], object], float]]
    limit: Callable[[], object] | None = None


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", nargs="+", default=list(ROWS), choices=list(ROWS))
    arguments = parser.parse_args()
    print(
        f"{'row':<24}{'peer':<24}{'ours/s':>9}{'peer/s':>9}{'ratio':>7}   {'quartiles':<14}{'CPU time':>9}{'target':>7}{'limit':>8}"
    )
    for name in arguments.rows:
        with tempfile.TemporaryDirectory() as folder:
            for row_name, row in ROWS[name](Path(folder)).items():
                measure(row_name, row, arguments.rounds)


def measure(name: str, row: Row, rounds: int) -> None:
    """Time ours, the peers and the limit in turn, and print a line for each peer."""
    contestants = [row.ours, *(peer for peer, _ in row.peers.values()), *([row.limit] if row.limit else [])]
    for contestant in contestants:
        contestant()  # trace, start processes, fill the disk cache
    seconds = np.zeros((rounds, len(contestants), 2))  # wall-clock time, CPU time
    for turn in range(rounds):
        for i in np.roll(np.arange(len(contestants)), turn):
            wall, cpu = time.perf_counter(), time.process_time()
            contestants[i]()
            seconds[turn, i] = time.perf_counter() - wall, time.process_time() - cpu
    (ours, ours_cpu), *others = np.median(seconds, axis=0)
    limit = f"{others[-1][0] / ours:>8.0%}" if row.limit else ""
    for i, (peer, (_, target)) in enumerate(row.peers.items(), start=1):
        ratios = seconds[:, i, 0] / seconds[:, 0, 0]
        cpu_ratio = (
            "" if "processes" in peer else f"{others[i - 1][1] / ours_cpu:.2f}"
        )  # not counted in child processes
        low, high = np.quantile(ratios, [0.25, 0.75])
        print(
            f"{name:<24}{peer:<24}{row.examples / ours:>9,.0f}{row.examples / others[i - 1][0]:>9,.0f}"
            f"{np.median(ratios):>7.2f}   {f'{low:.2f} to {high:.2f}':<14}{cpu_ratio:>9}{target:>7}{limit}",
            flush=True,
        )


def drain(batches: Iterable) -> None:
    """Take every batch and do nothing with it."""
    for _ in batches:
        pass


class Ours:
    """Our pipeline over a source; the preprocess is fitted if it is not yet."""

    def __init__(self, source: Path, preprocess, **settings):
        self.source, self.preprocess, self.settings = source, preprocess, settings

    def read(self) -> None:
        """List and store the examples, and start the stream of batches."""
        source = DataSource(path=str(self.source), validation_fraction=0.0, test_fraction=0.0)
        self.manifest = load_manifest(source)
        fitted = self.preprocess
        if not fitted.fitted:
            fitted = fitted.fit(fitted.decode(self.manifest.raw_source(row)) for row in self.manifest.rows())
        self.changes = augmentation(fitted, self.settings)
        self.store, bad = store.load_examples(self.manifest, self.changes.stored, self.manifest.rows())
        assert not bad

        rows, changes = self.manifest.rows(), self.changes
        targets, augment = self.manifest.targets(rows), {"augment_stored": changes.before, "augment": changes.after}
        spec = pipeline.BatchSpec(self.store, rows, targets, changes.stored, BATCH, **augment)
        self.steps = spec.steps
        self.stream = pipeline.each(pipeline.batches(spec, epoch=0, epochs=None))

    def epoch(self) -> None:
        """Take the batches of the next epoch, as training does."""
        drain(itertools.islice(self.stream, self.steps))

    def first_epoch(self) -> None:
        """Do all the work up to the last batch of the first epoch."""
        self.read()
        self.epoch()

    def warm_up(self) -> None:
        """Take enough batches to trigger the compilation that starts late."""
        self.read()
        drain(itertools.islice(self.stream, 400))

    def copy(self) -> None:
        """Gather the stored examples in another order, and no more."""
        for indices in np.array_split(RANDOM.permutation(len(self.store)), -(-len(self.store) // BATCH)):
            self.store.array[indices]


def photograph(width: int, height: int) -> Image.Image:
    """Return an image whose amplitudes fall as 1/f, with chrominance weaker than luminance.

    A large one is blurred as by a camera's lens and sensor: otherwise its JPEG would be twice as large as a camera's.
    """
    frequency = np.hypot(*np.meshgrid(np.fft.rfftfreq(width), np.fft.fftfreq(height)))
    fall = 1 / np.maximum(frequency, 1 / max(width, height))
    if width > 1000:
        fall *= np.exp(-((frequency / 0.3) ** 2))
    spectrum = np.fft.rfft2(RANDOM.standard_normal((3, height, width))) * fall
    waves = np.fft.irfft2(spectrum, (height, width))
    waves /= waves.std()
    pixels = 128 + 50 * waves[:1] + 12 * waves + RANDOM.normal(0, 1, waves.shape)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8).transpose(1, 2, 0))


def write_images(folder: Path, count: int, size: tuple[int, int]) -> Path:
    """Write JPEGs of two classes; each is one of ten images shifted, so that no two have the same bytes."""
    originals = [photograph(*size) for _ in range(10)]
    for i in range(count):
        shifted = np.roll(np.asarray(originals[i % 10]), (i // 10 * 3, i // 10 * 5), axis=(0, 1))
        path = folder / f"class{i % 2}" / f"{i}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(shifted).save(path, quality=90)
    return folder


def from_directory(folder: Path, size: tuple[int, int], **settings) -> tf.data.Dataset:
    """Return Keras's loader of a folder of images."""
    settings = {"image_size": size, "batch_size": BATCH, "verbose": False, **settings}
    return keras.utils.image_dataset_from_directory(str(folder), **settings)


def decode_all(folder: Path, size: tuple[int, int]) -> None:
    """Decode every image, in one thread per core."""
    preprocess = ImagePreprocess(size=size, channels=3)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        drain(pool.map(preprocess.decode, folder.rglob("*.jpg")))


def image_rows(name: str, count: int, size: tuple[int, int], to: tuple[int, int], aims: tuple[float, float, float]):
    """Return a function that makes the rows of a folder of images: the first epoch, and later ones."""

    def rows(folder: Path) -> dict[str, Row]:
        write_images(folder, count, size)
        ours = Ours(folder, ImagePreprocess(size=to, channels=3, mean=(0.5,) * 3, std=(0.25,) * 3))
        ours.warm_up()
        first = {"from_directory": (lambda: drain(from_directory(folder, to)), aims[0])}
        again, cached = from_directory(folder, to), from_directory(folder, to).cache()
        shuffled = (
            from_directory(folder, to, batch_size=None, shuffle=False).cache().shuffle(count).batch(BATCH).prefetch(2)
        )
        later = {
            "from_directory": (lambda: drain(again), aims[1]),
            "... .cache().shuffle()": (lambda: drain(shuffled), aims[2]),
            "... .cache()": (lambda: drain(cached), aims[2]),
        }
        return {
            name: Row(count, ours.first_epoch, first, lambda: decode_all(folder, to)),
            f"{name}, later": Row(count, ours.epoch, later, ours.copy),
        }

    return rows


def write_clips(folder: Path, count: int, seconds: float, rate: int) -> Path:
    """Write 16-bit WAV files of two classes."""
    for i in range(count):
        path = folder / f"class{i % 2}" / f"{i}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, RANDOM.uniform(-0.5, 0.5, int(seconds * rate)), rate)
    return folder


def librosa_features(paths: list[str]) -> list[np.ndarray]:
    """Return log-mels of files, computed as with librosa."""
    import librosa

    features = []
    for path in paths:
        waveform, rate = librosa.load(path, sr=16000)
        mel = librosa.feature.melspectrogram(y=waveform, sr=rate, n_fft=512, hop_length=160, n_mels=40)
        features.append(librosa.power_to_db(mel))
    return features


def two_processes(folder: Path) -> Callable[[], object]:
    """Return a function that computes librosa's features of all files in two persistent processes."""
    pool = ProcessPoolExecutor(2, get_context("spawn"))
    paths = sorted(map(str, folder.rglob("*.wav")))
    chunks = [paths[i : i + 25] for i in range(0, len(paths), 25)]
    return lambda: drain(pool.map(librosa_features, chunks))


def keras_features(folder: Path) -> None:
    """Compute log-mels by Keras's loader and layer."""
    layer = keras.layers.MelSpectrogram(fft_length=512, sequence_stride=160, num_mel_bins=40, sampling_rate=16000)
    data = keras.utils.audio_dataset_from_directory(
        str(folder), batch_size=BATCH, output_sequence_length=16000, verbose=False
    )
    drain(data.map(lambda waveforms, labels: (layer(waveforms[..., 0]), labels), num_parallel_calls=tf.data.AUTOTUNE))


def clips(folder: Path) -> dict[str, Row]:
    write_clips(folder, 1000, 1.0, 16000)
    ours = Ours(folder, AudioPreprocess(seconds=1.0, mean=-40.0, std=10.0, **MEL))
    peers = {"Keras": (lambda: keras_features(folder), 1.0), "librosa, 2 processes": (two_processes(folder), 6.0)}
    return {"clips": Row(1000, ours.first_epoch, peers)}


def resampled(folder: Path) -> dict[str, Row]:
    write_clips(folder, 200, 2.0, 44100)
    ours = Ours(folder, AudioPreprocess(seconds=2.0, mean=-40.0, std=10.0, **MEL))

    def limit() -> None:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            drain(pool.map(ours.preprocess.decode, folder.rglob("*.wav")))

    peers = {"librosa, 2 processes": (two_processes(folder), 1.5)}
    return {"resampled": Row(200, ours.first_epoch, peers, limit)}


def texts(folder: Path) -> dict[str, Row]:
    import pandas as pd

    words = np.array(["".join(RANDOM.choice(list("etaoinshrdlu"), RANDOM.integers(2, 9))) for _ in range(20_000)])
    frequencies = 1 / np.arange(1, len(words) + 1)
    sentences = [" ".join(RANDOM.choice(words, 20, p=frequencies / frequencies.sum())) + "." for _ in range(2000)]
    lines = [f"{sentences[i % 2000]} {sentences[(7 * i + i // 2000) % 2000]}" for i in range(20_000)]
    pd.DataFrame({"text": lines, "label": [f"class{i % 2}" for i in range(20_000)]}).to_csv(
        folder / "t.csv", index=False
    )
    ours = Ours(folder / "t.csv", TextPreprocess(length=60))

    def vectorized() -> None:
        table = pd.read_csv(folder / "t.csv")
        layer = keras.layers.TextVectorization(max_tokens=20_002, output_sequence_length=60)
        data = tf.data.Dataset.from_tensor_slices((table["text"].to_numpy(), table["label"].to_numpy())).batch(BATCH)
        layer.adapt(data.map(lambda text, label: text))
        drain(data.map(lambda text, label: (layer(text), label), num_parallel_calls=tf.data.AUTOTUNE).prefetch(2))

    return {"texts": Row(20_000, ours.first_epoch, {"TextVectorization": (vectorized, 1.5)})}


def augmented(folder: Path) -> dict[str, Row]:
    write_images(folder, 160, (256, 256))
    settings = {"mirror": True, "shift": 20, "rotation": 15, "scale": 0.2, "brightness": 0.2, "contrast": 0.2}
    preprocess = ImagePreprocess(size=SIZE, channels=3, mean=(0.5,) * 3, std=(0.25,) * 3)
    ours = Ours(folder, preprocess, **settings)
    ours.read()
    layers = [
        keras.layers.RandomFlip("horizontal"),
        keras.layers.RandomTranslation(20 / 224, 20 / 224),
        keras.layers.RandomRotation(15 / 360),
        keras.layers.RandomZoom(0.2),
        keras.layers.RandomBrightness(0.2, value_range=(0, 255)),
        keras.layers.RandomContrast(0.2, value_range=(0, 255)),
    ]

    def augment(batch: tf.Tensor) -> tf.Tensor:
        for layer in layers:
            batch = layer(batch, training=True)
        return batch

    data = tf.data.Dataset.from_tensor_slices(ours.store.array).shuffle(160).batch(BATCH)
    peer = data.map(augment, num_parallel_calls=tf.data.AUTOTUNE).prefetch(2)
    return {"augmented": Row(160, ours.epoch, {"Keras layers in map": (lambda: drain(peer), 1.5)}, ours.copy)}


def augmented_audio(folder: Path) -> dict[str, Row]:
    if importlib.util.find_spec("audiomentations") is None:
        print("augmented_audio: the peer is not installed (pip install audiomentations)")
        return {}
    from audiomentations import AddGaussianSNR, Compose, Gain, PitchShift

    write_clips(folder, 64, 1.0, 16000)
    change = augmentation(
        AudioPreprocess(seconds=1.0, mean=-40.0, std=10.0, **MEL),
        {"pitch": 4, "gain_db": 12, "noise": "white", "snr_db": (5, 30)},
    ).before
    compiled = tf.function(change, autograph=False)
    waveforms = RANDOM.uniform(-0.5, 0.5, (64, 16000)).astype(np.float32)
    seeds = pipeline.augmentation_seeds(np.arange(64), 0, 0)
    theirs = Compose(
        [PitchShift(-4, 4, p=1.0), Gain(-12, 12, p=1.0), AddGaussianSNR(min_snr_db=5, max_snr_db=30, p=1.0)]
    )

    def batch() -> None:
        for i in range(0, 64, BATCH):
            compiled(tf.constant(waveforms[i : i + BATCH]), tf.constant(seeds[i : i + BATCH]))

    def one_by_one() -> None:
        for waveform in waveforms:
            theirs(waveform, sample_rate=16000)

    return {"augmented_audio": Row(64, batch, {"audiomentations": (one_by_one, 3.0)})}


ROWS = {
    "photographs": image_rows("photographs", 1000, (500, 375), SIZE, (1.1, 5.0, 1.0)),
    "large": image_rows("large", 100, (1600, 1200), SIZE, (2.0, 5.0, 1.0)),
    "small_images": image_rows("small_images", 20_000, (32, 32), (32, 32), (1.5, 10.0, 1.0)),
    "clips": clips,
    "resampled": resampled,
    "texts": texts,
    "augmented": augmented,
    "augmented_audio": augmented_audio,
}

if __name__ == "__main__":
    main()
