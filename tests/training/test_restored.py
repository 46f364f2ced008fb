"""A finished run whose artefact is damaged has it made again from its checkpoints."""

import hashlib

import numpy as np
import pytest
from support.reporters import Recorder

import multicnn


def digest(predictor):
    return hashlib.sha256(b"".join(np.asarray(w).tobytes() for w in predictor.network.get_weights())).hexdigest()


def flipped(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(data)


def cut(path):
    path.write_bytes(path.read_bytes()[:100])


@pytest.mark.slow
@pytest.mark.parametrize("damage", [flipped, cut])
@pytest.mark.parametrize("members", [(), ({"seed": 1}, {"seed": 2})])
def test_the_artefact_is_made_again_with_the_same_bits(members, damage, bright_and_dark, tmp_path):
    data = bright_and_dark(20)
    made = multicnn.train(data, tmp_path / "run", model="linear", epochs=2, members=members)
    path = tmp_path / "run" / "model.keras"
    damage(path)
    with pytest.raises(ValueError, match="damaged archive"):
        multicnn.load(path)
    reporter = Recorder()
    again = multicnn.train(resume=tmp_path / "run", reporter=reporter)
    assert any("model.keras is damaged and is made again from the checkpoints" in line for line in reporter.lines)
    assert digest(again) == digest(multicnn.load(path)) == digest(made)
    same = ("train", "val", "test")
    assert {split: again.metrics[split] for split in same} == {split: made.metrics[split] for split in same}
