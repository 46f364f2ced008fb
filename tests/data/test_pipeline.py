import threading

import numpy as np
import pytest
import tensorflow as tf

from multicnn.data import pipeline
from multicnn.data.manifest import Manifest
from multicnn.data.pipeline import BatchSpec, augmentation_seeds, batches, each, epoch_by_epoch, order
from multicnn.data.store import Store, load_examples
from multicnn.modalities.audio.preprocess import AudioPreprocess
from multicnn.modalities.image import augment_geometry
from multicnn.modalities.image.preprocess import ImagePreprocess
from multicnn.modalities.text.preprocess import TextPreprocess


class Plain:
    """A stand-in for preprocessing that finishes by a cast."""

    def finish(self, batch):
        return tf.cast(batch, tf.float32)

    def finish_of(self):
        return None


N = 23
ROWS = np.arange(N) * 2 + 1  # only the odd rows of the manifest are stored
LOOKUP = np.full(2 * N, -1)
LOOKUP[ROWS] = np.arange(N)
STORE = Store(ROWS, np.repeat(ROWS[:, None], 4, axis=1).astype(np.int32), LOOKUP)
TARGETS = (ROWS % 5).astype(np.int32)


OF_EPOCHS = ("epoch", "start_step", "epochs", "shard")


def made_of(store=STORE, targets=TARGETS, rows=ROWS, preprocess=None, batch_size=5, **settings):
    """The batches of a spec."""
    epochs = {name: settings.pop(name) for name in OF_EPOCHS if name in settings}
    return batches(BatchSpec(store, rows, targets, preprocess or Plain(), batch_size, **settings), **epochs)


def collect(**settings):
    return [(x.numpy(), y.numpy()) for x, y in made_of(**settings)]


def rows_of(made):
    return np.concatenate([x[:, 0] for x, _ in made]).astype(int).tolist()


def test_in_order_for_evaluation():
    made = collect()
    assert rows_of(made) == ROWS.tolist()
    assert [len(x) for x, _ in made] == [5, 5, 5, 5, 3]
    assert made[0][0].dtype == np.float32 and made[0][1].dtype == np.int32
    assert np.concatenate([y for _, y in made]).tolist() == TARGETS.tolist()


def test_an_epoch_is_a_permutation_that_seed_and_epoch_decide():
    orders = {key: rows_of(collect(seed=key[0], epoch=key[1])) for key in [(0, 0), (0, 1), (1, 0)]}
    assert all(sorted(each) == ROWS.tolist() for each in orders.values())
    assert len(set(map(tuple, orders.values()))) == 3
    assert orders[0, 1] == rows_of(collect(seed=0, epoch=1)) == order(ROWS, 0, 1).tolist()


def test_targets_follow_their_examples():
    for x, y in collect(epoch=3):
        assert (x[:, 0] % 5 == y).all()


@pytest.mark.parametrize("epoch", [None, 2])
@pytest.mark.parametrize("start", [0, 1, 4, 5])
def test_starting_at_a_step_gives_the_batches_from_there_on(epoch, start):
    def noise(batch, seeds):
        return batch + tf.cast(seeds[:, 1:] * 1000, tf.float32)

    whole = collect(epoch=epoch, augment=noise)
    rest = collect(epoch=epoch, augment=noise, start_step=start)
    assert len(rest) == len(whole) - start
    for (x, y), (a, b) in zip(whole[start:], rest, strict=True):
        np.testing.assert_array_equal(x, a)
        np.testing.assert_array_equal(y, b)


@pytest.mark.parametrize("start", [0, 3])
@pytest.mark.parametrize("epochs", [2, None])
def test_epochs_on_end_are_those_epochs(epochs, start):
    def noise(batch, seeds):
        return batch + tf.cast(seeds[:, :1] % 1009 + seeds[:, 1:] * 1000, tf.float32)

    settings = {"augment": noise}
    one_by_one = [batch for epoch in (4, 5) for batch in collect(epoch=epoch, **settings)][start:]
    data = made_of(epoch=4, start_step=start, epochs=epochs, **settings)
    on_end = [(x.numpy(), y.numpy()) for x, y in data.take(len(one_by_one) if epochs is None else -1)]
    for (x, y), (a, b) in zip(one_by_one, on_end, strict=True):
        np.testing.assert_array_equal(x, a)
        np.testing.assert_array_equal(y, b)


@pytest.mark.parametrize("epoch", [None, 2])
def test_a_store_on_disk_gives_the_same_batches(epoch, tmp_path):
    on_disk = np.memmap(tmp_path / "examples", STORE.array.dtype, "w+", shape=STORE.array.shape)
    on_disk[:] = STORE.array
    store = Store(STORE.rows, on_disk, STORE.lookup)
    for (x, y), (a, b) in zip(collect(epoch=epoch), made_of(store, epoch=epoch), strict=True):
        np.testing.assert_array_equal(x, a)
        np.testing.assert_array_equal(y, b)


@pytest.mark.parametrize("on_disk", [False, True])
@pytest.mark.parametrize("changed", [False, True])
def test_large_pictures_are_finished_to_the_same_bits(changed, on_disk, tmp_path, monkeypatch):
    pictures = np.random.default_rng(0).integers(0, 256, (N, 6, 5, 3), dtype=np.uint8)
    if on_disk:
        array = np.memmap(tmp_path / "examples", np.uint8, "w+", shape=pictures.shape)
        array[:] = pictures
        array = np.memmap(tmp_path / "examples", np.uint8, "r", shape=pictures.shape)
    store = Store(ROWS, array if on_disk else pictures, LOOKUP)
    preprocess = ImagePreprocess(size=(6, 5), channels=3, mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.4))
    settings = {"epoch": 0, "epochs": 70}
    if changed:
        settings["augment_stored"] = lambda batch, seeds: 255 - batch
    made = {}
    for large in (1, 2**40):
        monkeypatch.setattr(pipeline, "_LARGE", large)
        # All are held at once, and they are more than are made before anything is compiled.
        made[large] = list(made_of(store, preprocess=preprocess, **settings))
    assert len(made[1]) == 350
    for (x, y), (a, b) in zip(*made.values(), strict=True):
        assert x.numpy().tobytes() == a.numpy().tobytes()
        np.testing.assert_array_equal(y, b)
    first = pictures[LOOKUP[order(ROWS, 0, 0)[:5]]]
    np.testing.assert_array_equal(made[1][0][0], preprocess.finish(255 - first if changed else first))


def test_batches_are_made_ahead_where_operations_are_deterministic(tmp_path):
    """TensorFlow would make each batch only when it is asked for, if it had to call Python with a state for it."""
    array = np.memmap(tmp_path / "examples", STORE.array.dtype, "w+", shape=STORE.array.shape)
    array[:] = STORE.array
    ahead = threading.Event()

    class Watched(Store):
        def gather(self, rows, *take):
            if set(rows) & set(second):
                ahead.set()
            return super().gather(rows, *take)

    second = order(ROWS, 0, 0)[5:10]
    tf.config.experimental.enable_op_determinism()
    for data in (
        made_of(Watched(ROWS, array, LOOKUP), epoch=0, shard=lambda n: slice(n)),
        epoch_by_epoch(BatchSpec(Watched(ROWS, array, LOOKUP), ROWS, TARGETS, Plain(), 5)),
    ):
        ahead.clear()
        next(iterator := iter(data))
        assert ahead.wait(60), "the second batch, though nobody has asked for it"
        del iterator


def test_each_iteration_is_the_next_epoch():
    def noise(batch, seeds):
        return batch + tf.cast(seeds[:, :1] % 1009 + seeds[:, 1:] * 1000, tf.float32)

    data = epoch_by_epoch(BatchSpec(STORE, ROWS, TARGETS, Plain(), 5, augment=noise))
    assert int(data.cardinality()) == 5
    for epoch in range(3):
        for (x, y), (a, b) in zip(data, collect(epoch=epoch, augment=noise), strict=True):
            np.testing.assert_array_equal(x, a)
            np.testing.assert_array_equal(y, b)


@pytest.mark.parametrize("settings", [{}, {"epoch": 2, "start_step": 3}, {"epoch": 0, "epochs": 3}])
def test_each_batch_is_that_of_the_dataset(settings):
    made = made_of(**settings)
    for ours, theirs in zip(each(made), made, strict=True):
        for one, other in zip(ours, theirs, strict=True):
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one, other)


def test_what_fails_in_a_batch_is_told_and_nothing_follows():
    failing = each(tf.data.Dataset.range(4).map(lambda i: (tf.debugging.check_numerics(1 / (2 - i), "no number"),)))
    assert [float(next(failing)[0]) for _ in range(2)] == [0.5, 1.0]
    with pytest.raises(tf.errors.InvalidArgumentError, match="no number"):
        next(failing)
    assert list(failing) == []


def test_cardinality_is_known():
    data = made_of(start_step=2)
    assert int(data.cardinality()) == 3
    assert data.element_spec[0].shape.as_list() == [None, 4]


def test_no_augmentation_without_an_epoch():
    def fail(batch, seeds):
        raise AssertionError

    assert rows_of(collect(augment=fail, augment_stored=fail)) == ROWS.tolist()


def test_stored_batches_are_augmented_before_they_are_finished():
    class Half(Plain):
        def finish(self, batch):
            return tf.cast(batch, tf.float32) / 2

    def more(batch, seeds):
        return batch + 2 * tf.cast(seeds[:, 1:], batch.dtype)

    made = made_of(preprocess=Half(), epoch=0, augment_stored=more, augment=more)
    for (x, _), (plain, _) in zip(made, collect(epoch=0), strict=True):
        np.testing.assert_array_equal(x, (plain + 2 * plain) / 2 + 2 * plain)


def test_augmentation_depends_on_seed_epoch_and_row_alone():
    pixels = np.random.default_rng(0).integers(0, 256, (N, 8, 8, 3), dtype=np.uint8)
    store = Store(ROWS, pixels, LOOKUP)
    preprocess = ImagePreprocess(size=(8, 8), channels=3, mean=(0.5,) * 3, std=(0.5,) * 3)

    def augmented(batch_size, seed=0, epoch=0, rows=ROWS):
        def augment(batch, seeds):
            return augment_geometry.augment(batch, seeds, mirror=True, shift=3)

        data = made_of(store, rows, rows, preprocess, batch_size, seed=seed, epoch=epoch, augment=augment)
        return {int(row): x for batch, rows in data for x, row in zip(batch.numpy(), rows.numpy(), strict=True)}

    first = augmented(4)
    for other in (augmented(7), augmented(23), augmented(5, rows=ROWS[::2])):
        assert all((first[row] == x).all() for row, x in other.items())
    for other in (augmented(4, epoch=1), augmented(4, seed=1)):
        assert sum((first[row] == x).all() for row, x in other.items()) < N / 2


@pytest.mark.parametrize("mixed", [False, True])
def test_the_shards_of_a_batch_are_the_batch(mixed):
    def noise(batch, seeds):
        return batch + tf.cast(seeds[:, 1:] * 1000, tf.float32)

    def mix(batch, targets, seeds):
        return batch + batch[::-1], tf.one_hot(targets, 5)

    settings = {"epoch": 1, "augment": noise, "mix": mix if mixed else None}
    whole = collect(**settings)
    low, high = (collect(**settings, shard=shard) for shard in (lambda n: slice(0, n // 2), lambda n: slice(n // 2, n)))
    for (x, y), (a, b), (c, d) in zip(whole, low, high, strict=True):
        np.testing.assert_array_equal(x, np.concatenate([a, c]))
        np.testing.assert_array_equal(y, b)
        np.testing.assert_array_equal(y, d)


def test_augmentation_seeds():
    seeds = augmentation_seeds(np.array([3, 5]), seed=1, epoch=2)
    assert seeds.dtype == np.int64 and seeds.shape == (2, 2)
    assert seeds[0, 0] == seeds[1, 0] and seeds[:, 1].tolist() == [3, 5]
    broadcast = {int(augmentation_seeds([0], seed, epoch)[0, 0]) for seed in range(20) for epoch in range(20)}
    assert len(broadcast) == 400


def modality_of(name):
    rng = np.random.default_rng(0)
    if name == "image":
        return rng.integers(0, 256, (9, 7, 6, 3), dtype=np.uint8), ImagePreprocess(size=(5, 5))
    if name == "audio":
        waves = rng.standard_normal((9, 4000)).astype(np.float32) / 10
        return waves, AudioPreprocess(sample_rate=8000, n_fft=256, hop_length=80)
    return [f"word{i} and word{i * 7 % 5} again"[: 9 + i] for i in range(9)], TextPreprocess()


@pytest.mark.parametrize("name", ["image", "audio", "text"])
def test_no_skew(name):
    """What the network sees in training is bitwise what `finish` makes of one example outside the pipeline."""
    examples, preprocess = modality_of(name)
    ids = [str(i) for i in range(9)]
    manifest = Manifest.of(
        name,
        ids=ids,
        sources=examples if name == "text" else range(9),
        labels=["x", "y", "z"] * 3,
        hashes=ids,
        arrays=None if name == "text" else examples,
        sample_rate=8000 if name == "audio" else None,
    )
    rows = manifest.rows()
    preprocess = preprocess.fit(preprocess.decode(manifest.raw_source(i)) for i in rows)
    store, reasons = load_examples(manifest, preprocess, rows)
    assert not reasons
    data = made_of(store, manifest.targets(rows), rows, preprocess, batch_size=4, epoch=0)
    seen = np.concatenate([x.numpy() for x, _ in data])
    assert seen.shape[1:] == preprocess.input_shape
    for x, row in zip(seen, order(rows, 0, 0), strict=True):
        raw = preprocess.decode(manifest.raw_source(row))
        alone = preprocess.finish(preprocess.example(raw)[None]).numpy()[0]
        assert x.dtype == alone.dtype and x.tobytes() == alone.tobytes()


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"batch_size": 0}, "batch_size must be 1 or more"),
        ({"seed": -1}, "seed must be 0 or more. Received: seed=-1"),
        ({"epoch": -1}, "epoch must be 0 or more. Received: epoch=-1"),
        ({"start_step": 6}, "start_step must be 0 to 5. Received: start_step=6"),
    ],
)
def test_setting_errors(settings, message):
    with pytest.raises(ValueError, match=message):
        collect(**settings)


def test_row_errors():
    with pytest.raises(ValueError, match=r"rows must be in the store. Received: rows=\[2\]"):
        BatchSpec(STORE, np.array([1, 2]), TARGETS[:2], Plain(), 1)
    with pytest.raises(ValueError, match="targets must be one per row"):
        BatchSpec(STORE, ROWS, TARGETS[:2], Plain(), 1)
