"""The notebooks are their sources, executed; they only tell the story, and all that draws is in the package."""

import ast
import sys
from pathlib import Path

import nbformat
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))
import notebooks

SOURCES = notebooks.sources()
# These run by default; of the others the functions are tested, and all cells run with `-m slow` and in .ci/run.
QUICKEST = ("01_from_neuron_to_network", "one_vocabulary")
LINES = 15  # of a code cell


def code_cells(notebook):
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def test_every_notebook_has_its_source():
    assert {path.stem for path in notebooks.NOTEBOOKS.glob("*.ipynb")} == {path.stem for path in SOURCES}


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_the_notebook_is_its_source_executed(source):
    path = notebooks.NOTEBOOKS / f"{source.stem}.ipynb"
    written, expected = nbformat.read(path, as_version=4), notebooks.read(source)
    nbformat.validate(written)
    assert [(cell.cell_type, cell.source) for cell in written.cells] == [
        (cell.cell_type, cell.source) for cell in expected.cells
    ]
    code = [cell for cell in written.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert not [output for cell in code for output in cell.outputs if output.output_type == "error"]
    assert path.stat().st_size < notebooks.LARGEST


def test_all_notebooks_together_are_small():
    assert sum(path.stat().st_size for path in notebooks.NOTEBOOKS.glob("*.ipynb")) < 3_000_000


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_a_notebook_tells_one_story(source):
    cells = code_cells(notebooks.read(source))
    assert 5 <= len(cells) <= 15
    for cell in cells:
        assert len(cell.splitlines()) <= LINES, cell
        for node in ast.walk(ast.parse(cell)):
            assert not isinstance(node, ast.FunctionDef | ast.ClassDef), f"figures belong into the package: {cell}"
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [node.attr] if isinstance(node, ast.Attribute) else []
            parts = [part for name in names for part in name.split(".")]
            assert not [part for part in parts if part.startswith("_") or part in ("matplotlib", "plt")], cell


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(source, id=source.stem, marks=() if source.stem in QUICKEST else pytest.mark.slow)
        for source in SOURCES
    ],
)
def test_a_notebook_runs(source):
    notebooks.execute(notebooks.read(source))
