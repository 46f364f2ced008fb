"""A table of pictures, tones and words of three classes, some cells of it empty or bad."""

import wave

import numpy as np
from PIL import Image

CLASSES, WORDS = "abc", ("red", "green", "blue")
COLUMNS = ["data.image_column=photo", "data.audio_column=voice", "data.text_column=words"]
NETWORK = [
    *COLUMNS,
    "preprocess.inputs.audio.sample_rate=4000",
    "preprocess.inputs.audio.n_mels=8",
    "preprocess.inputs.audio.n_fft=128",
    'model.arguments={"image": "linear", "audio": "linear", "text": "linear"}',
    "model.embedding.dims=4",
    "batch_size=32",
    "optimizer.learning_rate=0.02",
    "runtime.precision=float32",
]


def picture(label, random):
    """Return uint8 (9, 9), with a bright third."""
    pixels = random.integers(0, 90, (9, 9)).astype(np.uint8)
    pixels[:, 3 * label : 3 * label + 3] += 120
    return pixels


def tone(label, random):
    """Return float32 (1000,), a quarter of a second at 4 kHz."""
    steps = np.arange(1000) / 4000
    return (0.4 * np.sin(2 * np.pi * (300 + 500 * label) * steps) + 0.05 * random.normal(size=1000)).astype(np.float32)


def write_clip(path, samples):
    with wave.open(str(path), "wb") as clip:
        clip.setparams((1, 2, 4000, 0, "NONE", ""))
        clip.writeframes((samples * 20000).astype("<i2").tobytes())


def write_table(folder, n=72, missing=0.2):
    """Write n good rows, each with one input at least, then one with a damaged image, one without inputs; return the path."""
    random = np.random.default_rng(0)
    rows = ["photo,voice,words,label,split"]
    for i in range(n):
        label = i % 3
        Image.fromarray(picture(label, random)).save(folder / f"{i}.png")
        write_clip(folder / f"{i}.wav", tone(label, random))
        cells = [f"{i}.png", f"{i}.wav", f"the {WORDS[label]} one"]
        keep = random.random(3) >= missing
        keep[random.integers(3)] = True
        split = ("train", "train", "val", "test")[i // 3 % 4]
        rows.append(",".join([*(cell if kept else "" for cell, kept in zip(cells, keep)), CLASSES[label], split]))
    (folder / "damaged.png").write_bytes((folder / "0.png").read_bytes()[:40])
    rows += ["damaged.png,,red,a,train", "gone.png,1.wav,,b,train", ",,,c,train"]
    path = folder / "people.csv"
    path.write_text("\n".join(rows) + "\n")
    return path
