"""One route from source to example: a file, its bytes and its decoded content give the same, in training and in use."""

import io
import json

import numpy as np
import pytest
import soundfile
from PIL import Image
from sklearn.datasets import load_sample_images

from multicnn.blocks import chain, dense, flatten, network
from multicnn.data.manifest import Manifest, content_hash
from multicnn.data.store import load_examples
from multicnn.modalities import AudioPreprocess, ImagePreprocess, TextPreprocess
from multicnn.predictor import Predictor
from multicnn.recipe import Recipe, preprocess_from_dict, preprocess_to_dict
from multicnn.tasks import Classification

PHOTO = Image.fromarray(load_sample_images().images[0])  # 427 x 640
IMAGE = ImagePreprocess(size=(48, 48), channels=3, mean=(0.5, 0.4, 0.3), std=(0.2, 0.3, 0.2))
AUDIO = AudioPreprocess(sample_rate=8000, seconds=0.3, n_fft=256, hop_length=80, mean=-40.0, std=15.0)
TEXT = TextPreprocess(length=6, vocabulary=("a", "film", "joy"))


def encoded(image, kind):
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def wave():
    file = io.BytesIO()
    soundfile.write(file, 0.5 * np.sin(np.arange(3000) / 9), 11025, format="WAV")
    return file.getvalue()


FILES = {
    "large.jpg": (IMAGE, encoded(PHOTO, "JPEG")),
    "small.jpg": (IMAGE, encoded(PHOTO.resize((48, 48)), "JPEG")),
    "large.png": (IMAGE, encoded(PHOTO, "PNG")),
    "tiny.png": (IMAGE, encoded(PHOTO.resize((20, 30)), "PNG")),
    "clip.wav": (AUDIO, wave()),
    "review.txt": (TEXT, b"A film of joy, a film\n"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_stored_alike_in_training_and_in_use(name, tmp_path):
    preprocess, data = FILES[name]
    path = tmp_path / name
    path.write_bytes(data)
    source = data.decode() if preprocess.inline else str(path)
    manifest = Manifest.of(
        preprocess.modality, ids=[name], sources=[source], labels=["x"], hashes=[content_hash(data)], splits=["train"]
    )
    trained = load_examples(manifest, preprocess, [0])[0].array[0]
    ((_, window),) = preprocess.windows(preprocess.decode(source))
    np.testing.assert_array_equal(preprocess.example(window), trained)
    np.testing.assert_array_equal(preprocess.example(preprocess.decode(data)), trained)


@pytest.mark.parametrize("name", [name for name, (preprocess, _) in FILES.items() if preprocess is IMAGE])
def test_the_path_of_an_image_and_its_pixels_are_predicted_alike(name, tmp_path):
    path = tmp_path / name
    path.write_bytes(FILES[name][1])
    block = chain(flatten(), dense(2))
    predictor = Predictor(
        IMAGE, block, network(block, IMAGE.input_shape), Classification(("a", "b")), Recipe().to_dict()
    )
    pixels = np.asarray(Image.open(path))
    of_file, of_pixels = predictor.predict([path, pixels])
    assert of_file.probabilities == pytest.approx(of_pixels.probabilities, abs=1e-5)


def test_what_an_earlier_version_wrote_decodes_as_it_did(tmp_path):
    today = preprocess_to_dict(IMAGE)
    earlier = {name: value for name, value in today.items() if name != "reduced_decoding"}
    assert preprocess_from_dict(json.loads(json.dumps(today))) == IMAGE
    assert preprocess_from_dict(earlier).reduced_decoding
    recipe = Recipe.from_dict({"preprocess": earlier | {"mean": None, "std": None}})
    assert (
        recipe.preprocess.reduced_decoding
        and not Recipe.from_dict({"preprocess": {"modality": "image"}}).preprocess.reduced_decoding
    )
    data = FILES["large.jpg"][1]
    assert preprocess_from_dict(earlier).decode(data).shape == (54, 80, 3)  # an eighth
    assert IMAGE.decode(data).shape == (427, 640, 3)
