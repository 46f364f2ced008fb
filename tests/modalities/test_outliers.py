"""Examples far from all others, and placeholders that stand in several classes."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import multicnn
from multicnn.modalities.outliers import outliers

ROWS = np.arange(100, 200)
RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("values", "far"),
    [
        ([*RNG.uniform(0.8, 1.2, 98), 40.0, 0.01], (198, 199)),
        ([1.0] * 99 + [20.0], (199,)),
        ([1.0] * 99 + [4.0], ()),  # not far enough
        ([1.0] * 90 + [50.0] * 10, ()),  # the data are like that
        (np.exp(RNG.normal(0, 2, 100)), ()),
    ],
)
def test_outliers(values, far):
    findings = outliers(np.array(values), ROWS, "outlier sizes", "are far larger or smaller", 8.0)
    assert [row for finding in findings for (row,) in finding.groups] == list(far)
    assert not any(finding.decision for finding in findings)


def test_the_doctor_finds_placeholders_dark_and_odd_images_and_lists_all_of_them(tmp_path):
    placeholder = Image.new("RGB", (32, 24), (200, 200, 200))
    placeholder.paste((60, 60, 60), (4, 8, 28, 12))
    dark = np.tile(np.linspace(0, 4095, 32).astype(np.uint16), (24, 1))
    for i in range(60):
        folder = tmp_path / "data" / "ab"[i % 2]
        folder.mkdir(parents=True, exist_ok=True)
        coarse = Image.fromarray(RNG.integers(0, 256, (3, 4, 3), np.uint8)).resize((32, 24))
        coarse.save(folder / f"{i}.png")
        if i < 12:
            placeholder.save(folder / f"none{i}.png")
    Image.fromarray(dark).save(folder / "dark.png")
    coarse.resize((320, 240)).rotate(90).save(folder / "large.png")
    diagnosis = multicnn.doctor(tmp_path / "data", tmp_path / "page.html")
    found = {finding.name: finding for finding in diagnosis.examination.findings}
    assert "12 examples of 2 classes" in found["placeholders among exact duplicates"].message
    ids = diagnosis.examination.manifest.table["id"]
    assert [ids[row] for (row,) in found["dark images"].groups] == ["b/dark.png"]
    assert [ids[row] for (row,) in found["outlier sizes"].groups] == ["b/large.png"]
    listed = pd.read_csv(diagnosis.listed)
    counts = {name: sum(map(len, finding.groups)) for name, finding in found.items() if finding.groups}
    assert listed["finding"].value_counts().to_dict() == counts
    assert diagnosis.listed.name == "page.findings.csv"
    assert "all are in page.findings.csv" not in (tmp_path / "page.html").read_text()  # they fit on the page
