"""Looking inside predictors of each modality: what is found, the pages, and what is refused."""

import dataclasses

import keras
import numpy as np
import pytest
from support.html import Page

import multicnn
from multicnn import models
from multicnn.blocks import chain, conv, dense, embed, global_average_pool, max_pool, network, stage
from multicnn.explanations.synthesis import Descent
from multicnn.predictor import Predictor
from multicnn.tasks import Classification
from multicnn.tasks.time_steps import TimeSteps

FEW = Descent(steps=3)


def predictor_of(preprocess, block, seed=0):
    keras.utils.set_random_seed(seed)
    return Predictor(preprocess, block, network(block, preprocess.input_shape), Classification(("a", "b")))


def images(seed=0):
    preprocess = multicnn.ImagePreprocess(size=(12, 12), channels=1, mean=(0.5,), std=(0.25,))
    first = stage("one", conv(3, 3, activation="relu"), max_pool(2))
    return predictor_of(preprocess, chain(first, global_average_pool(), dense(2)), seed)


def audio():
    preprocess = multicnn.AudioPreprocess(
        sample_rate=8000, seconds=0.2, n_fft=256, hop_length=80, n_mels=12, mean=-40.0, std=20.0
    )
    first = stage("one", conv(3, 3, activation="relu"), max_pool(2))
    return predictor_of(preprocess, chain(first, global_average_pool(), dense(2)))


def texts():
    preprocess = multicnn.TextPreprocess(length=8).fit(["a fine film", "a bad story of a man"])
    return predictor_of(preprocess, chain(embed(preprocess.vocabulary_size, 4), models.create("textcnn", 2, filters=3)))


def data(kind):
    random, labels = np.random.default_rng(0), ["a", "b"] * 4
    if kind == "images":
        return random.integers(0, 256, size=(8, 12, 12), dtype=np.uint8), labels
    if kind == "audio":
        return [(random.normal(size=1600).astype(np.float32) * 0.1, 8000) for _ in labels], labels
    return ["a fine film", "a bad story", "a man of a story", "film"] * 2, labels


PREDICTORS = {"images": images, "audio": audio, "texts": texts}


@pytest.mark.parametrize("kind", PREDICTORS)
def test_pages_need_no_other_file_and_name_every_filter(kind, tmp_path):
    predictor = PREDICTORS[kind]()
    layers = multicnn.filters(predictor, tmp_path / "filters.html")
    page = Page((tmp_path / "filters.html").read_text(encoding="utf-8"))
    assert all(view.caption in page.text for layer in layers for view in layer.views)
    found = multicnn.feature_map(predictor, data(kind), tmp_path / "map.html", filters=2, top=3)
    assert 1 <= len(found) <= 2 and all(len(each.strongest) == 3 for each in found)
    page = Page((tmp_path / "map.html").read_text(encoding="utf-8"))
    assert page.needs_nothing_else() and bool(page.all("audio")) == (kind == "audio")
    for each in found:
        assert f"{each.stage}:{each.filter}" in page.text
    if kind == "texts":
        assert found[0].strongest[0].words and set(found[0].strongest[0].words.split()) <= set(
            "a fine film bad story of man".split()
        )


def test_a_part_is_cut_out_of_the_image_that_is_named():
    predictor, (x, y) = images(), data("images")
    (best, *_) = multicnn.feature_map(predictor, (x, y), stage="one", filters=1, top=1)
    one = best.strongest[0]
    (top, bottom), (left, right) = one.window
    assert one.words == f"x {left} to {right - 1}, y {top} to {bottom - 1}"
    (shown,) = predictor.preprocess.excerpt(x[one.row][..., np.newaxis], one.window)
    np.testing.assert_array_equal(shown.content[..., 0], x[one.row, top:bottom, left:right])


def test_the_seconds_of_a_part_are_those_that_its_frames_see():
    preprocess = audio().preprocess
    assert preprocess.where(((5, 8), (2, 4))).startswith(
        f"{(5 * 80 - 128) / 8000:.3f} to {(7 * 80 + 128) / 8000:.3f} s"
    )
    clip = np.arange(1600, dtype=np.float32) / 1600
    *_, played = preprocess.excerpt(clip, ((5, 8), (2, 4)))
    np.testing.assert_array_equal(played.content, clip[272:688])


def test_another_network_is_asked_for_the_classes_that_were_raised(tmp_path):
    made, agreement = multicnn.maximize(images(), tmp_path / "max.png", other=images(), settings=Descent(steps=30))
    assert made.names == ("a", "b") and (made.after > made.before).all() and agreement.inputs == 2
    given = images().network.predict_on_batch(made.inputs).argmax(axis=1)  # the other is the same
    assert agreement.maximized == int((given == [0, 1]).sum())
    assert (tmp_path / "max.png").read_bytes().startswith(b"\x89PNG")
    made, agreement = multicnn.maximize(images(), stage="one", filters=2, settings=FEW)
    assert made.names == ("one:0", "one:1") and agreement is None


def test_the_errors_of_all_stages_stand_on_the_page_of_an_inversion(tmp_path):
    x, _ = data("images")
    made = multicnn.invert(images(), x[:2], tmp_path / "inverted.html", settings=FEW)
    assert [each.stage for each in made] == ["one"]
    text = " ".join(Page((tmp_path / "inverted.html").read_text(encoding="utf-8")).text)
    assert f"error {made[0].errors[0]:.3f}" in text and "another given input" in text


def placed():
    block = chain(stage("one", conv(3, 3, padding="same")), conv(2, 1))
    preprocess = audio().preprocess
    return Predictor(preprocess, block, network(block, preprocess.input_shape), TimeSteps(("none", "a")))


def of_any_size():
    preprocess = dataclasses.replace(images().preprocess, own_size=True)
    return dataclasses.replace(images(), preprocess=preprocess)


REFUSED = {
    "size": (lambda: multicnn.invert(of_any_size(), []), "`model` must have inputs of one size"),
    "map": (lambda: multicnn.feature_map(of_any_size(), data("images")), "`model` must have inputs of one size"),
    "placed": (lambda: multicnn.maximize(placed()), "`stage` must be given where no logit is that of a whole input"),
    "stage": (lambda: multicnn.feature_map(images(), data("images"), stage="two"), "`stage` must be one of one, "),
    "suffix": (lambda: multicnn.filters(images(), "filters.gif"), "`out` must end in .html or .png"),
    "texts": (lambda: multicnn.maximize(texts()), "token ids cannot be changed"),
    "label": (lambda: multicnn.maximize(images(), labels=["c"]), "Received: labels='c'"),
    "other": (lambda: multicnn.maximize(images(), other=audio()), "`other` must have the classes and the input"),
    "both": (lambda: multicnn.maximize(images(), stage="one", other=images()), "not for filters of a stage"),
    "input": (lambda: multicnn.invert(images(), ["nothing.png"]), "`inputs` must be readable"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_wrong_argument_is_refused_in_one_line(name):
    call, message = REFUSED[name]
    with pytest.raises(ValueError) as raised:
        call()
    assert message in str(raised.value) and "\n" not in str(raised.value)
