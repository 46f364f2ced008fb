"""The laws that hold across the package, for each of the three modalities."""

import dataclasses
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import multicnn
from multicnn.blocks import chain, conv, dense, drop, embed, global_average_pool, network
from multicnn.data import pipeline, store
from multicnn.data.decoded import decoded
from multicnn.data.load import load_manifest
from multicnn.modalities import lookup
from multicnn.predictor import Predictor, load
from multicnn.recipe import DataSource

SETS = {"image": "digits", "audio": "spoken_digits", "text": "docstrings"}


@pytest.fixture(scope="module", params=SETS)
def untrained(request):
    """Return a predictor with random weights, its manifest and some rows: the laws do not depend on training."""
    modality = request.param
    manifest = load_manifest(DataSource(path=SETS[modality]))
    rows = manifest.rows("train")[:300]
    raws = [lookup(modality)().decode(manifest.raw_source(row)) for row in rows]
    preprocess = lookup(modality)().fit(raws)
    body = chain(
        conv(8, 3, norm="batch", activation="relu"), global_average_pool(), drop(0.5), dense(len(manifest.labels))
    )
    block = chain(embed(preprocess.vocabulary_size, 8), body) if modality == "text" else body
    keras.utils.set_random_seed(1)
    built = network(block, preprocess.input_shape)
    return Predictor(preprocess, block, built, manifest.task, {"seed": 1}), manifest, rows


def _as_file(predictor, manifest, row, folder):
    """Return the row as a user would pass it to `predict`."""
    raw = manifest.raw_source(row)
    if predictor.preprocess.modality != "image":
        return raw
    from PIL import Image

    path = folder / f"{row}.png"
    Image.fromarray(np.squeeze(raw)).save(path)
    return path


def test_law_1_the_network_sees_the_same_bits_in_training_after_reload_and_in_predict(untrained, tmp_path):
    predictor, manifest, rows = untrained
    reloaded = load(predictor.save(tmp_path / "model.keras"))
    stored, bad = store.load_examples(manifest, predictor.preprocess, rows)
    assert not bad
    spec = pipeline.BatchSpec(stored, rows, manifest.targets(rows), predictor.preprocess, 64, seed=3)
    data = pipeline.batches(spec, epoch=2)
    in_training = np.concatenate([batch.numpy() for batch, _ in data])
    order = pipeline.order(rows, 3, 2)
    sources = [_as_file(predictor, manifest, row, tmp_path) for row in order]
    for made in (predictor, reloaded):
        alone = [
            made.preprocess.finish(decoded(source, 0, made.preprocess).examples[0][None]).numpy()[0]
            for source in sources
        ]
        np.testing.assert_array_equal(in_training, np.stack(alone))
    predictions = reloaded.predict(sources)
    logits = predictor.logits(stored.gather(order))
    labels = [(p.label, predictor.labels[i]) for p, i in zip(predictions, logits.argmax(1)) if len(p.windows) == 1]
    assert len(labels) > 200
    assert all(predicted == expected for predicted, expected in labels)


def test_law_5_logits_are_float32_and_the_artefact_is_too(untrained, tmp_path):
    predictor, manifest, rows = untrained
    stored, _ = store.load_examples(manifest, predictor.preprocess, rows[:20])
    for policy in ("mixed_bfloat16", "mixed_float16"):
        built = network(predictor.block, predictor.preprocess.input_shape, dtype=policy)
        inner = [layer for layer in built.layers if layer.name == "conv"]
        assert inner[0].compute_dtype == policy.removeprefix("mixed_")
        assert built.output.dtype == "float32"
        built.set_weights(predictor.network.get_weights())
        mixed = dataclasses.replace(predictor, network=built)
        # Token ids must reach the network unrounded: bfloat16 represents no odd number above 256.
        np.testing.assert_allclose(mixed.logits(stored.array), predictor.logits(stored.array), atol=0.02)
        reloaded = load(mixed.save(tmp_path / f"{policy}.keras"))
        assert {layer.compute_dtype for layer in reloaded.network.layers} == {"float32"}
        for ours, theirs in zip(reloaded.network.get_weights(), built.get_weights()):
            np.testing.assert_array_equal(ours, theirs)


def test_law_6_batch_neighbours_do_not_matter(untrained):
    """Not bitwise: TensorFlow's matrix product blocks its rows by the batch size, which moves the last bit or two."""
    predictor, manifest, rows = untrained
    stored, _ = store.load_examples(manifest, predictor.preprocess, rows[:256])
    together = predictor.logits(stored.array)
    for size in (1, 2, 7, 64):
        batched = np.concatenate([predictor.logits(stored.array[i : i + size]) for i in range(0, 64, size)])
        np.testing.assert_allclose(batched, together[: len(batched)], rtol=1e-5, atol=1e-5)
        np.testing.assert_array_equal(batched.argmax(1), together[: len(batched)].argmax(1))


def test_law_9_a_saved_predictor_predicts_the_same_after_loading(untrained, tmp_path):
    predictor, manifest, rows = untrained
    reloaded = load(predictor.save(tmp_path / "model.keras"))
    assert reloaded.block == predictor.block
    assert reloaded.preprocess == predictor.preprocess
    assert (reloaded.labels, reloaded.recipe, reloaded.versions) == (
        predictor.labels,
        {"seed": 1},
        predictor.versions,
    )
    stored, _ = store.load_examples(manifest, predictor.preprocess, rows[:50])
    np.testing.assert_array_equal(reloaded.logits(stored.array), predictor.logits(stored.array))
    plain = keras.saving.load_model(tmp_path / "model.keras")  # plain Keras, once our layers are imported
    assert [layer.name for layer in plain.layers] == [layer.name for layer in predictor.network.layers]


def test_law_9_the_artefacts_of_each_release_stay_loadable():
    folder = Path(__file__).parent / "artefacts"
    recorded = sorted(folder.glob("*/*.json"))
    assert len(recorded) >= 3
    for answers in recorded:
        predictor = load(answers.with_suffix(".keras"))
        for expected in json.loads(answers.read_text(encoding="utf-8")):
            source = (
                expected["input"] if predictor.preprocess.modality == "text" else answers.parent / expected["input"]
            )
            (prediction,) = predictor.predict(source)
            assert prediction.error is None
            assert prediction.label == expected["label"]
            for label, probability in expected["probabilities"].items():
                assert prediction.probabilities[label] == pytest.approx(probability, abs=1e-5)


def digests(runs, folder):
    """Train one epoch on each path with its settings; return the SHA-256 of each run's weights."""
    hashes = []
    for run, (path, *settings) in enumerate(runs):
        predictor = multicnn.train(path, Path(folder) / str(run), epochs=1, settings=settings)
        hashes.append(
            hashlib.sha256(b"".join(weight.tobytes() for weight in predictor.network.get_weights())).hexdigest()
        )
    return hashes


_OTHER_PROCESS = """
import json, sys
sys.path.insert(0, sys.argv[1])
from test_laws import digests
print(*digests(json.loads(sys.argv[2]), sys.argv[3]))
"""


def _small_sets(folder):
    """Write images, audio and texts of three classes; return their paths with settings that use every random seed."""
    rng, y = np.random.default_rng(0), np.arange(90) % 3
    np.savez(folder / "images.npz", x=rng.integers(0, 256, (90, 8, 8), np.uint8), y=y)
    np.savez(folder / "audio.npz", x=rng.normal(0, 0.1, (90, 3200)).astype(np.float32), y=y)
    words = [" ".join(rng.choice(["red", "green", "blue", "grey"], 5)) for _ in y]
    (folder / "texts.csv").write_text("text,label\n" + "".join(f"{i} {text},{i % 3}\n" for i, text in enumerate(words)))
    return [
        (str(folder / "images.npz"), "augment.shift=1", "model.arguments.width=8", "baseline=off"),
        (
            str(folder / "audio.npz"),
            "data.modality=audio",
            "augment.time_mask=4",
            "model.arguments.maps=8",
            "baseline=off",
        ),
        (
            str(folder / "texts.csv"),
            "augment.word_dropout=0.1",
            "model.arguments.filters=8",
            "model.embedding.dims=8",
            "baseline=off",
        ),
    ]


def test_law_2_the_same_seed_gives_the_same_weights_in_two_processes(tmp_path):
    small = _small_sets(tmp_path)

    command = [sys.executable, "-c", _OTHER_PROCESS, Path(__file__).parent, json.dumps(small), tmp_path / "elsewhere"]
    environment = os.environ | {"PYTHONHASHSEED": "random"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=environment)
    other = digests([*small, (*small[0], "seed=1")], tmp_path / "here")
    one = process.communicate()[0].split()
    assert process.returncode == 0
    assert len(set(one)) == len(small) and {len(digest) for digest in one} == {hashlib.sha256().digest_size * 2}
    assert other[: len(one)] == one
    assert other[-1] not in one, "another seed, other weights"


def test_law_8_help_and_version_import_nothing_heavy():
    heavy = ["tensorflow", "keras", "gensim", "librosa", "sklearn", "pandas", "numpy", "matplotlib"]
    code = (
        "import sys, multicnn\nfrom multicnn import cli\nfrom typer.testing import CliRunner\n"
        "result = CliRunner().invoke(cli.app, ['--help'])\nassert result.exit_code == 0 and 'predict' in result.output\n"
        "result = CliRunner().invoke(cli.app, ['--version'])\n"
        "assert (result.exit_code, result.output) == (0, f'multicnn {multicnn.__version__}\\n')\n"
        f"assert not (found := [name for name in {heavy} if name in sys.modules]), found"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
