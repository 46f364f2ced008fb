"""The tables and the page of a run, whatever has become of its files since."""

import numpy as np
import pandas as pd
from PIL import Image

from multicnn.data.load import load_manifest
from multicnn.evaluation import run_report
from multicnn.modalities.image.preprocess import ImagePreprocess
from multicnn.recipe import DataSource


def test_a_mistake_whose_file_has_vanished_is_listed_without_its_picture(tmp_path):
    for label in "ab":
        (tmp_path / "data" / label).mkdir(parents=True)
        for i in range(4):
            Image.fromarray(np.full((4, 4), 30 * i + ord(label), np.uint8)).save(tmp_path / "data" / label / f"{i}.png")
    manifest = load_manifest(DataSource(path=str(tmp_path / "data"), validation_fraction=0, test_fraction=0))
    (tmp_path / "data" / "a" / "1.png").unlink()
    (tmp_path / "run").mkdir()
    run_report.report(tmp_path / "run", ImagePreprocess(), manifest, lambda rows: np.tile([[0.0, 1.0]], (len(rows), 1)))
    assert "a/1.png" in pd.read_csv(tmp_path / "run" / "mistakes.csv")["id"].tolist()
    page = (tmp_path / "run" / "report.html").read_text()
    assert "a/1.png" in page and page.count('alt="a/') == 3
