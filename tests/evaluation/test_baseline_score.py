"""The linear model of a run's examples: that of the examples themselves, of which few are in memory at once."""

import numpy as np
import pytest

from multicnn.data.load import load_manifest
from multicnn.data.store import Store, load_examples
from multicnn.evaluation.baseline import linear_baseline
from multicnn.evaluation.baseline_score import linear_score
from multicnn.modalities import lookup
from multicnn.recipe import DataSource


@pytest.mark.parametrize("name", ["digits", "spoken_digits", "docstrings"])
def test_it_is_the_linear_model_of_all_examples_and_few_are_read_at_once(name, monkeypatch):
    manifest = load_manifest(DataSource(path=name))
    preprocess = lookup(manifest.modality)()
    preprocess = preprocess.fit(preprocess.decode(manifest.raw_source(row)) for row in manifest.rows("train"))
    stored, _ = load_examples(manifest, preprocess, manifest.rows())

    expected = []
    for rows in (manifest.rows("train"), manifest.rows("test")):
        texts = [manifest.raw_source(row) for row in rows]
        whole = texts if name == "docstrings" else preprocess.finish(stored.gather(rows)).numpy()
        expected += [whole, manifest.targets(rows)]
    expected = linear_baseline(manifest.modality, *expected)

    read, gather = [], Store.gather
    monkeypatch.setattr(Store, "gather", lambda self, rows: read.append(len(rows)) or gather(self, rows))
    found = linear_score(manifest, stored, preprocess)
    assert found.pop("model") == expected.pop("model") and found == pytest.approx(expected, rel=1e-2)
    assert max(read, default=0) <= 32 and np.sum(read) >= (0 if name == "docstrings" else len(manifest.rows("test")))
