import numpy as np
import pytest
from sklearn.datasets import load_digits


@pytest.fixture(scope="module")
def manifest(embedded):
    return embedded("digits")


def test_images_are_those_of_scikit_learn(manifest):
    original = load_digits()
    assert manifest.arrays.shape == (1797, 8, 8) and manifest.arrays.dtype == np.uint8
    assert manifest.arrays.min() == 0 and manifest.arrays.max() == 255
    np.testing.assert_allclose(manifest.arrays / 255 * 16, original.images, atol=0.5 / 255 * 16)
    assert manifest.table["label"].tolist() == [str(digit) for digit in original.target]
    assert manifest.labels == tuple("0123456789")


@pytest.mark.parametrize("row", [0, 100, 1796])
def test_raw_source_is_the_image(manifest, row):
    np.testing.assert_array_equal(manifest.raw_source(row), manifest.arrays[row])


def test_each_class_keeps_its_share_of_each_split_to_two_points(manifest):
    table = manifest.table
    whole = table["label"].value_counts(normalize=True)
    for split in ("train", "val", "test"):
        share = table.loc[table["split"] == split, "label"].value_counts(normalize=True)
        assert (share - whole).abs().max() <= 0.02, split
