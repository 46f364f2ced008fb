"""The plot of transfer curves."""

import numpy as np
import pandas as pd
from PIL import Image

from multicnn.evaluation.transfer_figure import draw


def table(index, std):
    n = len(index)
    means = {"transfer": np.linspace(0.5, 0.9, n), "scratch": np.linspace(0.1, 0.9, n)}
    return pd.DataFrame({**means, **{f"{name}_std": [std] * n for name in means}}, index=index)


def test_a_panel_for_each_table(tmp_path):
    one = draw({"training examples": table([10, 30, 100], np.nan)}, tmp_path / "one.png")
    panels = {
        "training examples": table([10, 30, 100], 0.05),
        "training steps, 100 examples": table(range(4, 84, 4), 0.05),
    }
    two = draw(panels, tmp_path / "two.png")
    with Image.open(one) as narrow, Image.open(two) as wide:
        assert wide.width > 1.8 * narrow.width and abs(wide.height - narrow.height) < 30
