"""What holds for every embedded data set."""

import importlib
import subprocess
import sys
import time

import pytest

from multicnn.data.builtin import BUILTIN

MODALITIES = {"digits": "image", "docstrings": "text", "spoken_digits": "audio"}


@pytest.fixture(scope="module", params=sorted(BUILTIN))
def name(request):
    return request.param


@pytest.fixture(scope="module")
def manifest(name, embedded):
    return embedded(name)


def test_every_data_set_is_named_and_described():
    assert set(BUILTIN) == set(MODALITIES)
    assert all(text and "\n" not in text for text in BUILTIN.values())


def test_sense_and_splits(name, manifest):
    table = manifest.table
    assert manifest.modality == MODALITIES[name]
    assert set(table["status"]) == {"good"}
    assert set(table["split"]) == {"train", "val", "test"}
    shares = table["split"].value_counts(normalize=True)
    assert 0.08 < shares["val"] < 0.13 and 0.18 < shares["test"] < 0.23
    assert table["id"].is_unique


def test_each_class_has_about_the_same_share_of_each_split(manifest):
    counts = manifest.table.groupby(["split", "label"]).size().unstack()
    shares = counts.div(counts.sum(axis=1), axis=0)
    assert (shares.max(axis=1) - shares.min(axis=1)).max() < 0.12
    assert tuple(counts.columns) == manifest.labels


def test_no_content_occurs_twice(manifest):
    assert manifest.table["hash"].is_unique


def test_two_loads_are_equal_and_quick(name, manifest):
    start = time.process_time()
    again = importlib.import_module(f"multicnn.data.builtin.{name}").load()
    assert time.process_time() - start < 15  # seconds; measured 2.3 at most, the rest is for slow and busy machines
    assert again.fingerprint() == manifest.fingerprint()
    assert again.table["source"].equals(manifest.table["source"])


def test_the_docstrings_are_the_same_in_another_process_and_no_library_is_imported(embedded):
    code = (
        "import sys; from multicnn.data.builtin import docstrings; before = set(sys.modules); m = docstrings.load();"
        "new = {n.split('.')[0] for n in set(sys.modules) - before}; print(m.fingerprint(), *new)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert out[0] == embedded("docstrings").fingerprint()
    assert not {"keras", "tensorflow", "matplotlib", "scipy", "sklearn"} & set(out[1:])
