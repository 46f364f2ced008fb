"""Files that promise too much, or never end, in every command: one line or one row, at once."""

import json
import os
import shutil
import socket
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image
from support import hostile
from support.command_line import call

ARTEFACTS = Path(__file__).parents[1] / "artefacts" / "0.1.0"
MODEL = {"image": "digits", "audio": "spoken_digits", "text": "docstrings"}
GOOD = {"image": "digits_4.png", "audio": "eight_belinda.ogg"}


def model(modality):
    return ARTEFACTS / f"{MODEL[modality]}.keras"


@pytest.fixture
def irregular(tmp_path, monkeypatch):
    """Make a pipe, a link to one, a device and a socket in the current folder; return their names."""
    monkeypatch.chdir(tmp_path)
    server = socket.socket(socket.AF_UNIX)
    server.bind("socket")
    os.mkfifo("pipe")
    os.symlink("pipe", "link")
    os.symlink("/dev/zero", "device")
    yield ["pipe", "link", "device", "socket"]
    server.close()


@pytest.mark.parametrize("modality", ["image", pytest.param("audio", marks=pytest.mark.slow)])
def test_predict_answers_what_never_ends_with_an_error_in_its_row(modality, irregular, monkeypatch, capsys):
    inputs = [*irregular, ARTEFACTS / GOOD[modality]]
    code, out, _ = call(monkeypatch, capsys, "predict", model(modality), *inputs, "--json")
    *bad, good = map(json.loads, out.splitlines())
    assert code == 1 and "label" in good and [row["input"] for row in bad] == irregular
    assert all("not a file but a" in row["error"] for row in bad)


COMMANDS = [
    ["predict", "{}.keras", "x"],
    ["doctor", "{}"],
    ["train", "{}.npz"],
    ["words", "nearest", "{}", "a"],
    *(
        pytest.param(each, marks=pytest.mark.slow)
        for each in [
            ["predict", model("text"), "{}"],
            ["evaluate", "{}.keras", "digits"],
            ["evaluate", model("image"), "{}"],
            ["doctor", "{}.csv"],
            ["train", "{}.json"],
            ["train", "digits", "--test", "{}"],
            ["train", "digits", "--from", "{}.npz"],
            ["train", "digits", "--from", "{}.keras"],
            ["words", "nearest", "{}.keras", "a"],
            ["words", "coverage", model("text"), "{}.txt"],
        ]
    ),
]


@pytest.mark.parametrize("arguments", COMMANDS)
def test_what_never_ends_is_refused_in_one_line(arguments, irregular, monkeypatch, capsys):
    name = "link"
    for suffix in (".keras", ".csv", ".npz", ".json", ".txt"):
        os.symlink(name, name + suffix)
    code, _, err = call(monkeypatch, capsys, *(str(each).replace("{}", name) for each in arguments))
    assert code == 2 and len(err.strip().splitlines()) == 1 and name in err and err.strip().startswith("multicnn: ")
    assert not Path("runs").exists()


def images(folder, count):
    random = np.random.default_rng(0)
    for i in range(count):
        (folder / "ab"[i % 2]).mkdir(parents=True, exist_ok=True)
        level = 60 + 120 * (i % 2)
        pixels = random.normal(level, 30, (8, 8)).clip(0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / "ab"[i % 2] / f"{i}.png")
    return folder


HUGE = {
    "tall.png": hostile.png(1, 99_999_999),
    "wide.png": hostile.png(99_999_999, 1),
    "empty.png": hostile.png(9_999, 9_999),
    "huge.png": hostile.png(20_000, 20_000),
}


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_images_that_promise_more_than_they_hold_are_rows_of_predict(tmp_path, monkeypatch, capsys):
    for name, data in HUGE.items():
        (tmp_path / name).write_bytes(data)
    paths = [tmp_path / name for name in HUGE]
    code, out, _ = call(monkeypatch, capsys, "predict", model("image"), *paths, ARTEFACTS / GOOD["image"], "--json")
    *bad, good = map(json.loads, out.splitlines())
    assert code == 1 and "label" in good and len(bad) == len(HUGE)
    for row in bad:
        assert row["error"].startswith(("too large: ", "truncated PNG")), row


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_images_that_promise_more_than_they_hold_are_bad_files_of_doctor(tmp_path, monkeypatch, capsys):
    folder = images(tmp_path / "data", 40)
    for name, data in HUGE.items():
        (folder / "a" / name).write_bytes(data)
    out_page = tmp_path / "page.html"
    code, out, _ = call(monkeypatch, capsys, "doctor", folder, "--out", out_page, "--json")
    assert code == 1 and "4" in out and out_page.read_text().count("too large: ") >= 3


@pytest.mark.slow
def test_a_tall_array_is_refused_like_a_tall_file():
    import multicnn

    predicted = multicnn.load(model("image")).predict([np.zeros((200_000, 1), np.uint8)])
    assert predicted[0].error.startswith("too large: 1 x 200000 pixels")


def test_a_limit_is_raised_by_one_variable(tmp_path, monkeypatch):
    from multicnn.modalities.image import decode

    Image.new("L", (300, 200)).save(tmp_path / "x.png")
    data = (tmp_path / "x.png").read_bytes()
    monkeypatch.setenv("MULTICNN_LIMITS", "image_pixels=59999")
    with pytest.raises(ValueError, match="too large: 300 x 200 pixels"):
        decode.from_bytes(data)
    monkeypatch.setenv("MULTICNN_LIMITS", "image_pixels=60000")
    assert decode.from_bytes(data).shape == (200, 300, 1)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)  # Pillow's own limit
    assert decode.from_bytes(data).shape == (200, 300, 1) and Image.MAX_IMAGE_PIXELS == 100


@pytest.mark.parametrize("suffix", ["png", "gif", "tiff", "webp", "bmp", "jpeg", "jp2", "avif", "ppm"])
def test_every_format_is_measured_by_its_header(suffix, tmp_path, monkeypatch):
    from multicnn.modalities.image import decode

    Image.new("RGB", (300, 200)).save(
        tmp_path / f"x.{suffix}", **({"save_all": True} if suffix in ("gif", "tiff", "webp") else {})
    )
    monkeypatch.setenv("MULTICNN_LIMITS", "image_side=299")
    with pytest.raises(ValueError, match=r"too large: 300 x 200 pixels \(limit 299;"):
        decode.from_bytes((tmp_path / f"x.{suffix}").read_bytes())


def test_a_jpeg_of_a_thousand_scans_is_refused():
    from multicnn.modalities.image import decode

    scan = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\x00"
    frame = b"\xff\xc2\x00\x0b\x08" + (9_000).to_bytes(2, "big") * 2 + b"\x01\x01\x11\x00"
    with pytest.raises(ValueError, match="too large: 1,000 scans of 9000 x 9000 pixels"):
        decode.from_bytes(b"\xff\xd8" + frame + scan * 1000 + b"\xff\xd9")


@pytest.mark.parametrize("channels", [1, 7])
@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "aiff"])
def test_a_long_clip_is_refused_before_all_of_it_is_there(suffix, channels, tmp_path, monkeypatch):
    from multicnn.modalities.audio import decode

    path = tmp_path / f"x.{suffix}"
    soundfile.write(path, np.zeros((20_000, channels)), 8000)
    assert len(decode.from_bytes(path.read_bytes())[0]) == 20_000
    monkeypatch.setenv("MULTICNN_LIMITS", "audio_samples=10000")
    with pytest.raises(ValueError, match=r"too long.*20000 samples|too long.*or more"):
        decode.from_bytes(path.read_bytes())


def test_a_clip_that_becomes_too_long_at_another_rate_is_refused(monkeypatch):
    from multicnn.modalities.audio import decode

    monkeypatch.setenv("MULTICNN_LIMITS", "audio_samples=10000")
    with pytest.raises(ValueError, match="too long: 1 s, 16000 samples at 16000 Hz"):
        decode.resample(np.zeros(1000, np.float32), 1000, 16000)


@pytest.mark.parametrize("name", ["x.csv", pytest.param("x.jsonl", marks=pytest.mark.slow)])
def test_a_table_over_the_limit_is_refused_before_it_is_read(name, tmp_path, monkeypatch, capsys):
    with open(tmp_path / name, "wb") as file:
        file.truncate(2**40)
    code, _, err = call(monkeypatch, capsys, "train", tmp_path / name, "--out", tmp_path / "run")
    assert code == 2 and "too large: 1,099,511,627,776 bytes" in err and "MULTICNN_LIMITS=table_bytes=" in err
    assert not (tmp_path / "run").exists()


def test_a_parquet_that_unpacks_to_more_is_refused(tmp_path, monkeypatch, capsys):
    import pyarrow
    from pyarrow import parquet

    column = pyarrow.array(["x" * 10_000]).take(pyarrow.array(np.zeros(5000, np.int32)))
    parquet.write_table(pyarrow.table({"text": column, "label": column}), tmp_path / "x.parquet", compression="zstd")
    assert (tmp_path / "x.parquet").stat().st_size < 100_000
    monkeypatch.setenv("MULTICNN_LIMITS", "table_bytes=20e6")
    code, _, err = call(monkeypatch, capsys, "train", tmp_path / "x.parquet", "--out", tmp_path / "run")
    assert code == 2 and "too large: " in err and "(limit 20,000,000;" in err and len(err.strip().splitlines()) == 1


def test_a_text_over_the_limit_is_a_bad_file_and_refused_by_predict(tmp_path, monkeypatch, capsys):
    for i in range(20):
        (tmp_path / "data" / "ab"[i % 2]).mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / "ab"[i % 2] / f"{i}.txt").write_text(f"{i} " * 20 if i else "b" * 500)
    monkeypatch.setenv("MULTICNN_LIMITS", "text_bytes=100")
    from multicnn.data.load import load_manifest
    from multicnn.recipe import DataSource

    bad = load_manifest(DataSource(path=str(tmp_path / "data"))).bad_rows()
    assert bad["id"].tolist() == ["a/0.txt"] and bad["reason"][0].startswith("too large: 500 bytes (limit 100;")
    code, _, err = call(monkeypatch, capsys, "predict", model("text"), tmp_path / "data" / "a" / "0.txt")
    assert code == 2 and "too large: 500 bytes" in err


AS_DATA_AND_AS_WEIGHTS = pytest.mark.parametrize(
    "arguments", [["train", "{}"], pytest.param(["train", "digits", "--from", "{}"], marks=pytest.mark.slow)]
)


@AS_DATA_AND_AS_WEIGHTS
def test_an_npz_bomb_is_refused(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MULTICNN_LIMITS", "unpacked_bytes=1e6")
    bomb = str(hostile.npz_bomb(tmp_path / "x.npz", 2**20))
    arguments = [each.replace("{}", bomb) for each in arguments]
    code, _, err = call(monkeypatch, capsys, *arguments, "--out", tmp_path / "run")
    assert code == 2 and "unpacks to 4,194," in err and "MULTICNN_LIMITS=unpacked_bytes=" in err
    assert not (tmp_path / "run").exists()


@AS_DATA_AND_AS_WEIGHTS
def test_a_pickle_in_an_npz_is_not_read(arguments, tmp_path, monkeypatch, capsys):
    path = str(hostile.pickled_npz(tmp_path / "x.npz", tmp_path / "trap"))
    arguments = [each.replace("{}", path) for each in arguments]
    code, _, err = call(monkeypatch, capsys, *arguments, "--out", tmp_path / "run")
    assert code == 2 and "pickled Python objects" in err and len(err.strip().splitlines()) == 1
    assert not (tmp_path / "trap").exists()


def test_a_recipe_may_not_be_deep_or_large(tmp_path, monkeypatch, capsys):
    path = tmp_path / "recipe.json"
    path.write_text('{"data": ' + "[" * 200_000 + "]" * 200_000 + "}")
    code, _, err = call(monkeypatch, capsys, "train", path)
    assert code == 2 and "nested too deeply" in err and len(err.strip().splitlines()) == 1
    path.write_text('{"model": ' + '{"type": "chain", "blocks": [' * 150 + "]}" * 150 + "}")
    code, _, err = call(monkeypatch, capsys, "train", path)
    assert code == 2 and "over 200 levels" in err
    shutil.copy(os.devnull, path)
    code, _, err = call(monkeypatch, capsys, "train", path)
    assert code == 2 and str(path) in err


def test_a_list_in_a_json_file_is_a_table_and_no_recipe(tmp_path, monkeypatch):
    from multicnn.cli.options import recipe_or_path

    (tmp_path / "x.json").write_text('\ufeff [{"text": "a", "label": "b"}]')
    assert recipe_or_path(str(tmp_path / "x.json"), None) == str(tmp_path / "x.json")
