"""Folders of runs that failed before their first step."""

import keras
import pytest

import multicnn
from multicnn import Recipe
from multicnn.training import setup, unstarted
from multicnn.utils.reporter import Reporter

RECIPE = Recipe(data={"path": "digits"}, model={"name": "linear"}, epochs=1)
BAD = "id,source,reason\na.png,a.png,empty file\n"


class Failing(Reporter):
    """Raises an exception in the first step of a run."""

    def __init__(self, error):
        self.error = error

    def callbacks(self):
        class Callback(keras.callbacks.Callback):
            def on_train_batch_begin(callback, batch, logs=None):
                raise self.error

        return [Callback()]


def test_a_run_that_fails_in_its_first_step_does_not_block_the_corrected_one(tmp_path):
    out = tmp_path / "runs" / "x"
    with pytest.raises(ValueError, match="too large"):
        multicnn.train(RECIPE, out, reporter=Failing(ValueError("too large")))
    assert not out.parent.exists()


@pytest.mark.slow
def test_a_folder_that_an_earlier_call_made_stays(tmp_path):
    out = tmp_path / "runs" / "x"
    with pytest.raises(ValueError, match="too large"):
        multicnn.crossval(RECIPE, out, folds=2, reporter=Failing(ValueError("too large")))
    assert not out.parent.exists()
    with pytest.raises(KeyboardInterrupt):
        multicnn.train(RECIPE, out, reporter=Failing(KeyboardInterrupt()))
    with pytest.raises(ValueError, match="too large"):
        multicnn.train(resume=out, reporter=Failing(ValueError("too large")))
    assert (out / "recipe.json").exists(), "it is no folder of this call"
    assert multicnn.train(resume=out).metrics["test"]


@pytest.mark.parametrize(
    ("files", "error", "left"),
    [
        ({"recipe.json": "{}", "checkpoints/epoch-00000-step-0000000.npz": "x"}, ValueError, []),
        ({"recipe.json": "{}", "checkpoints/epoch-00001-step-0000000.npz": "x"}, ValueError, None),
        ({"recipe.json": "{}", "model.keras": "x"}, ValueError, None),
        ({"recipe.json": "{}"}, OSError, None),
        ({"recipe.json": "{}"}, KeyboardInterrupt, None),
        ({"fold-01/recipe.json": "{}", "plan.json": "{}"}, MemoryError, []),
        ({"fold-01/model.keras": "x", "fold-02/recipe.json": "{}", "plan.json": "{}"}, ValueError, None),
        ({"recipe.json": "{}", "bad_files.csv": BAD}, ValueError, ["bad_files.csv"]),
        ({"recipe.json": "{}", "bad_files.csv": "id,source,reason\n"}, ValueError, []),
        ({"recipe.json": "{}", "notes.txt": "of the user"}, ValueError, ["notes.txt"]),
    ],
    ids=str,
)
def test_only_what_is_of_no_value_is_removed(files, error, left, tmp_path):
    folder = tmp_path / "run"
    with pytest.raises(error), unstarted.removed(folder):
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        raise error
    found = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    assert found == (sorted(files) if left is None else left)
    assert folder.exists() == bool(found)
    if set(found) <= {"bad_files.csv"}:
        assert setup.new_folder(folder, RECIPE) == folder
