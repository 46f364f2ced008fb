"""The canonical cell of boxes."""

import numpy as np
import pytest

from multicnn.tasks.boxes import cells
from multicnn.tasks.boxes.cells import TrueBox


def test_cells_and_boxes_are_inverse():
    boxes = [TrueBox("red cell", 1, 2, 3.5, 4), TrueBox("ü, b", 0, 0, 7, 8.25, "crowd")]
    cell = cells.cell_of(boxes)
    assert cell == '[["red cell", 1, 2, 3.5, 4], ["ü, b", 0, 0, 7, 8.25, "crowd"]]'
    assert cells.boxes_of(cell) == boxes and cells.cell_of(cells.boxes_of(cell)) == cell
    assert cells.boxes_of("") == cells.boxes_of("[]") == []


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("cat", "objects must be a list"),
        ('{"a": 1}', "objects must be a list"),
        ('["cat", 1, 2, 3, 4]', "an object must be"),
        ('[["cat", 1, 2, 3]]', "an object must be"),
        ('[["cat", 1, 2, 3, "wide"]]', "four numbers"),
        ('[["cat", 1, 2, 3, NaN]]', "four finite numbers"),
        ('[["cat", 3, 2, 3, 4]]', "holds nothing"),
        ('[["", 1, 2, 3, 4]]', "without a label"),
        ('[["cat", 1, 2, 3, 4, "blurred"]]', "flag"),
        ("[" * 100_000, "objects must be a list"),
    ],
)
def test_what_is_no_cell_has_a_short_reason(cell, reason):
    with pytest.raises(ValueError, match=reason) as raised:
        cells.boxes_of(cell)
    assert len(str(raised.value)) < 150


def test_targets_are_fractions_cut_to_the_image_and_padded():
    rows = cells.targets_of(
        [TrueBox("b", -5, 10, 50, 300), TrueBox("a", 0, 0, 100, 200, "difficult")], {"a": 0, "b": 1}, (200, 100)
    )
    np.testing.assert_allclose(rows, [[1, 0, 0.05, 0.5, 1, 0], [0, 0, 0, 1, 1, 1]])
    padded = cells.padded([rows, rows[:0]])
    assert padded.shape == (2, 2, 6) and padded.dtype == np.float32
    assert padded[..., 0].tolist() == [[1, 0], [-1, -1]]
    assert cells.padded([rows[:0]]).shape == (1, 1, 6)
