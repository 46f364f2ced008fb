"""`multicnn show`: each command writes the figure of its notebook, and refuses what cannot be drawn in one line."""

import numpy as np
import pytest
from PIL import Image
from support.command_line import call


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["convolution"], ["     11       4", "     -1       3"]),
        (["convolution", "--image", "0,0,1,0,0", "--kernel", "1,2,3", "--flipped"], ["      1       2       3"]),
        (["convolution", "--image", "1,2;3,4", "--kernel", "identity", "--padding", "1"], ["      1       2"]),
        (["padding", "--image", "photo.png", "--padding", "3"], ["symmetric  BAABCCB"]),
        (
            ["filters", "--image", "photo.png", "--filter", "sobel_x", "--filter", "edge8"],
            ["new/figure.png: 2 filters"],
        ),
        (["activations", "--activation", "sigmoid"], ["sigmoid                slope 0.018 to 0.250"]),
        (["losses", "--reach", "2"], ["new/figure.png: 5 losses, and the cross-entropy"]),
        (["optimizers", "--optimizer", "rprop", "--steps", "20"], ["rprop     rate 0.1: 14 steps"]),
        (
            ["optimizers", "--optimizer", "sgd", "--learning-rate", "0.3", "--steps", "9"],
            ["sgd       rate 0.3: not at the bottom"],
        ),
        pytest.param(["initialization", "--depth", "2"], ["new/figure.png: 6 initialisations"], marks=pytest.mark.slow),
        (["receptive-field", "--model", "lenet5"], ["S4                   16 x 16 px"]),
        (
            ["receptive-field", "--model", "textcnn", "--input", "9,4", "--modality", "text"],
            ["concat.1.conv        3 tokens"],
        ),
    ],
)
def test_a_figure_is_written(arguments, expected, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(np.arange(600, dtype=np.uint8).reshape(20, 30)).save("photo.png")
    code, out, err = call(monkeypatch, capsys, "show", *arguments, "--out", "new/figure.png")
    assert (code, err) == (0, "")
    assert set(expected) <= set(out.splitlines())
    with Image.open("new/figure.png") as image:
        assert image.width > 150


@pytest.mark.parametrize(
    "arguments",
    [
        ["convolution", "--image", "1,2;3"],
        ["convolution", "--image", "nothing.png"],
        ["convolution", "--image", ""],
        ["convolution", "--image", "1,nan"],
        ["convolution", "--kernel", "sobel"],
        ["convolution", "--kernel", "1,2,3,4,5;1,2,3,4,5"],
        ["convolution", "--padding-mode", "mirror"],
        ["convolution", "--stride", "0"],
        ["convolution", "--out", "figure.gif"],
        ["convolution", "--out", "photo.png/figure.png"],
        ["padding", "--image", "nothing"],
        ["filters", "--filter", "blur"],
        ["activations", "--activation", "bent"],
        ["losses", "--reach", "0"],
        ["optimizers", "--optimizer", "bogus"],
        ["optimizers", "--surface", "hill"],
        ["optimizers", "--learning-rate", "nan"],
        ["optimizers", "--learning-rate", "0"],
        ["optimizers", "--steps", "0"],
        ["initialization", "--depth", "0"],
        ["initialization", "--activation", "bogus"],
        ["receptive-field", "--model", "nothing"],
        ["receptive-field", "--model", "lenet5", "--input", "x"],
        ["receptive-field", "--model", "linear"],
        ["padding", "--image", "broken.png"],
        ["padding", "--image", "photo.png", "--padding", "500"],
    ],
    ids=" ".join,
)
def test_a_wrong_call_is_one_line(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(np.zeros((20, 30), np.uint8)).save("photo.png")
    (tmp_path / "broken.png").write_bytes(b"no image")
    before = sorted(tmp_path.iterdir())
    code, out, err = call(monkeypatch, capsys, "show", *arguments)
    assert code == 2
    assert out == ""
    assert err.startswith("Usage: ") or (
        err.startswith("multicnn: --") and err.count("\n") == 1 and "Received: " in err
    )
    assert sorted(tmp_path.iterdir()) == before
