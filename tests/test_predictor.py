"""A predictor in other processes: it pickles, and after a fork it answers or says what to do."""

import copy
import io
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import joblib
import numpy as np
import pytest

import multicnn
from multicnn.blocks import chain, dense, flatten, network
from multicnn.modalities import ImagePreprocess
from multicnn.predictor import Predictor
from multicnn.tasks import Classification

ARTEFACTS = Path(__file__).parent / "artefacts" / "0.1.0"
INPUTS = {"digits": "digits_4.png", "spoken_digits": "eight_belinda.ogg"}


PIXELS = np.arange(4, dtype=np.uint8).reshape(2, 2)


@pytest.fixture(scope="module")
def started():
    """Return a predictor that has computed, so that TensorFlow runs."""
    preprocess = ImagePreprocess(size=(2, 2), channels=1, mean=(0.5,), std=(0.25,))
    block = chain(flatten(), dense(2))
    predictor = Predictor(preprocess, block, network(block, (2, 2, 1)), Classification(("a", "b")))
    assert predictor.predict(PIXELS)[0].error is None
    return predictor


def through_joblib(predictor):
    file = io.BytesIO()
    joblib.dump(predictor, file)
    return joblib.load(io.BytesIO(file.getvalue()))


COPIES = {
    "pickle": lambda predictor: pickle.loads(pickle.dumps(predictor)),
    "joblib": through_joblib,
    "deepcopy": copy.deepcopy,
}


@pytest.mark.parametrize("how", COPIES)
def test_a_copy_predicts_alike(how, started, tmp_path):
    predictor = multicnn.load(started.save(tmp_path / "model.keras"))
    (tmp_path / "model.keras").unlink()
    other = COPIES[how](predictor)
    assert other.predict(PIXELS) == predictor.predict(PIXELS) == started.predict(PIXELS)
    assert (other.preprocess, other.block, other.task) == (predictor.preprocess, predictor.block, predictor.task)
    assert (other.recipe, other.metrics, other.versions) == (predictor.recipe, predictor.metrics, predictor.versions)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize(("name", "source"), INPUTS.items())
def test_a_copy_of_an_earlier_release_predicts_alike(name, source):
    predictor = multicnn.load(ARTEFACTS / f"{name}.keras")
    assert pickle.loads(pickle.dumps(predictor)).predict(ARTEFACTS / source) == predictor.predict(ARTEFACTS / source)


OWN_BLOCK = """
import numpy as np, pickle, sys
from multicnn.blocks import Block, chain, dense, flatten, network
from multicnn.modalities import ImagePreprocess
from multicnn.models.user_code import import_code
from multicnn.predictor import Predictor
from multicnn.tasks import Classification
net = import_code("own.py").doubled(2)
preprocess = ImagePreprocess(size=(4, 4), channels=1, mean=(0.5,), std=(0.25,))
predictor = Predictor(preprocess, net, network(net, (4, 4, 1)), Classification(("a", "b")))
with open("pickled", "wb") as file:
    pickle.dump(predictor, file)
"""


@pytest.mark.slow
def test_a_block_of_ones_own_is_found_again(tmp_path):
    (tmp_path / "own.py").write_text(
        "from multicnn.blocks import Block, chain, dense, flatten\n"
        "class twice(Block):\n    def build(self, x, builder):\n        return x + x\n"
        "def doubled(classes):\n    return chain(twice(), flatten(), dense(classes))\n"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(multicnn.__file__).parents[1])}
    for script in (OWN_BLOCK, "import pickle\nprint(pickle.load(open('pickled', 'rb')).labels)"):
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    assert done.stdout == "('a', 'b')\n"


def first(predictor):
    return predictor.predict(ARTEFACTS / "digits_4.png")[0]


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["loky", "spawn"])
def test_other_processes_predict_alike(backend):
    predictor = multicnn.load(ARTEFACTS / "digits.keras")
    if backend == "loky":
        answers = joblib.Parallel(n_jobs=2)(
            joblib.delayed(Predictor.predict)(predictor, ARTEFACTS / "digits_4.png") for _ in "ab"
        )
        answers = [answer for (answer,) in answers]
    else:
        with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
            answers = [each[0] for each in pool.map(predictor.predict, [ARTEFACTS / "digits_4.png"] * 2)]
    assert answers == [first(predictor)] * 2


AFTER_FORK = {
    "predict": lambda predictor: predictor.predict(PIXELS),
    "stream": lambda predictor: list(predictor.stream([PIXELS])),
    "logits": lambda predictor: predictor.logits(np.zeros((1, 2, 2, 1), np.uint8)),
    "evaluate": lambda predictor: predictor.evaluate("digits"),
    "features": lambda predictor: multicnn.features(predictor, "digits"),
    "save": lambda predictor: predictor.save("nowhere.keras"),
    "load": lambda predictor: multicnn.load(ARTEFACTS / "digits.keras"),
    "train": lambda predictor: multicnn.train("digits"),
    "doctor": lambda predictor: multicnn.doctor("digits"),
}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.parametrize("name", AFTER_FORK)
def test_after_a_fork_it_says_what_to_do(name, started):
    received, sent = os.pipe()
    child = os.fork()
    if child == 0:  # it must not come back into pytest
        signal.alarm(60)
        try:
            message = repr(AFTER_FORK[name](started))
        except BaseException as error:
            message = f"{type(error).__name__}: {error}"
        os.write(sent, message.encode())
        os._exit(0)
    os.close(sent)
    with open(received, encoding="utf-8") as pipe:
        message = pipe.read()
    assert os.waitpid(child, 0)[1] == 0, "it hung"
    assert message.startswith("RuntimeError: ") and "spawn" in message and "\n" not in message


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_pool_of_forked_workers_gives_the_message_back(started):
    with multiprocessing.get_context("fork").Pool(1) as pool:
        answer = pool.apply_async(Predictor.predict, (started, PIXELS))
        with pytest.raises((RuntimeError, TypeError), match="spawn"):
            answer.get(timeout=60)
        answer = pool.apply_async(first, (started,))
        with pytest.raises(RuntimeError, match="spawn"):
            answer.get(timeout=60)
