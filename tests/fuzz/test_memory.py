"""Where memory runs out there is one clear line or a bad row; the other examples are predicted, and nothing is lost."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support.allocations import Allocations
from support.command_line import call
from support.fuzzing.files import MODALITIES, predictor, saved
from support.fuzzing.seeds import seeds

from multicnn.backends.in_batches import TOO_SMALL
from multicnn.data.load import load_unsplit
from multicnn.data.store import load_examples
from multicnn.recipe import DataSource

REASON = "there is not enough memory to read it"
EACH = pytest.mark.parametrize("every", [10, pytest.param(1, marks=pytest.mark.slow)])


def files(modality, folder):
    """Write whole files of every format that is predicted, in two classes, and return them in the order of a walk."""
    model = predictor(modality)
    whole = [seed for seed in seeds(modality) if not seed.table and model.predict([seed.data])[0].error is None]
    for i, seed in enumerate(whole[:8]):
        path = folder / "ab"[i % 2] / f"{i:02d}{seed.suffix}"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(seed.data)
    return sorted(folder.rglob("*.*"))


@EACH
@pytest.mark.parametrize("modality", MODALITIES)
def test_an_allocation_that_fails_costs_one_prediction_or_is_reported(modality, every, tmp_path):
    model, paths = predictor(modality), files(modality, tmp_path)
    sources = [path.read_bytes() if model.preprocess.inline else path for path in paths]
    whole = [each.probabilities for each in model.predict(sources)]
    with Allocations() as counted:
        model.predict(sources)
    errors = 0
    for at in range(1, counted.done + 1, every):
        with Allocations(at) as allocations:
            try:
                predictions = model.predict(sources)
            except MemoryError:
                errors += 1
                continue
        assert allocations.failed
        assert [each.error for each in predictions].count(REASON) <= 1
        for prediction, probabilities in zip(predictions, whole, strict=True):
            assert prediction.error == REASON or prediction.probabilities == pytest.approx(probabilities, abs=1e-6)
    assert errors <= max(counted.done // every // 2, 1)


@EACH
@pytest.mark.parametrize("modality", MODALITIES)
def test_an_allocation_that_fails_makes_a_bad_row_or_is_reported(modality, every, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 1)  # so that the numbers mean the same each time
    files(modality, tmp_path)
    manifest = load_unsplit(DataSource(path=str(tmp_path), modality=modality))
    rows = manifest.rows()
    whole, _ = load_examples(manifest, MODALITIES[modality], rows)
    with Allocations() as counted:
        load_examples(manifest, MODALITIES[modality], rows)
    bad = 0
    for at in range(1, counted.done + 1, every):
        with Allocations(at) as allocations:
            try:
                store, reasons = load_examples(manifest, MODALITIES[modality], rows)
            except MemoryError:
                continue
        assert allocations.failed
        assert set(reasons.values()) <= {REASON} and len(store) + len(reasons) == len(rows)
        assert np.array_equal(store.array, whole.gather(store.rows))
        bad += len(reasons)
    assert bad or MODALITIES[modality].inline  # strings are no arrays


def test_the_command_line_reports_it_in_one_line(tmp_path, monkeypatch, capsys):
    (tmp_path / "model.keras").write_bytes(saved("image"))
    paths = files("image", tmp_path)
    for at in (1, 5, 40):
        with Allocations(at, lasting=True):
            code, out, err = call(monkeypatch, capsys, "predict", tmp_path / "model.keras", *paths, "--json")
        lines = [json.loads(line) for line in out.splitlines()]
        assert (code == 2 and len(err.splitlines()) == 1 and "the memory is too small" in err) or (
            code == 1 and len(lines) == len(paths) and {line.get("error") for line in lines} & {REASON, TOO_SMALL}
        )


LIMITED = """
import resource, sys
from pathlib import Path
import multicnn
from multicnn import cli

model = multicnn.load(sys.argv[1])
model.predict(sys.argv[2])  # whatever is imported and compiled at first
used = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmSize"))
resource.setrlimit(resource.RLIMIT_AS, (1024 * used + int(sys.argv[3]) * 2**20,) * 2)
sys.argv = ["multicnn", "predict", *sys.argv[1:3], *sys.argv[4:], sys.argv[2], "--json"]
cli.main()
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the size of the process is read from /proc")
@pytest.mark.parametrize("more", [100, 250, 600])
def test_a_process_that_may_have_no_more_memory_predicts_what_fits(more, tmp_path):
    """Large images of three formats between two small ones; `more` is what the process may have beyond its start, in MiB.

    With less than the kernels of TensorFlow need themselves, they end the process.
    """
    from PIL import Image

    (tmp_path / "model.keras").write_bytes(saved("image"))
    small = files("image", tmp_path)[0]
    large = [tmp_path / name for name in ("large.png", "large.jpeg", "large.webp")]
    for path in large:
        Image.new("RGB", (8000, 8000), (9, 99, 199)).save(path)
    command = [sys.executable, "-c", LIMITED, tmp_path / "model.keras", small, more, *large]
    env = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]),
    }
    done = subprocess.run(list(map(str, command)), env=env, capture_output=True, text=True, timeout=300)
    assert "Traceback" not in done.stderr, done.stderr
    if done.returncode == 2:
        assert "the memory is too small" in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr
        return
    assert done.returncode in (0, 1), done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["input"] for row in rows] == list(map(str, [small, *large, small]))
    assert "error" not in rows[0] and "error" not in rows[-1]
    for row in rows[1:-1]:
        # The second is what Pillow says where libwebp gets no memory.
        assert row.get("error", REASON) in (REASON, "damaged WebP: could not create decoder object"), row
