"""Execute the notebooks' sources, and write them as .ipynb with their outputs.

    python tools/notebooks.py                      # all of notebooks/src
    python tools/notebooks.py 02_why_convolution   # one
    MULTICNN_LESSON=quick python tools/notebooks.py --check    # execute only, with smaller sizes where a notebook trains

A source is a Python file of cells in Jupytext's percent format. Change the source, never the .ipynb.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
SOURCES, NOTEBOOKS = ROOT / "notebooks" / "src", ROOT / "notebooks"
LARGEST = 300_000  # bytes of a notebook
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def sources() -> list[Path]:
    """Return the sources in the order of the notebooks."""
    return sorted(SOURCES.glob("*.py"))


def read(source: Path) -> nbformat.NotebookNode:
    """Return the notebook of a source, without outputs; it is the same each time."""
    notebook = jupytext.read(source, fmt="py:percent")
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": {"name": "python"}})
    for number, cell in enumerate(notebook.cells):
        cell.id, cell.metadata = f"cell-{number:02}", nbformat.from_dict({})
    return notebook


def execute(notebook: nbformat.NotebookNode, *, timeout: float = 300) -> nbformat.NotebookNode:
    """Execute a notebook in an empty folder, with this checkout of the package, and return it with its outputs."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "TF_CPP_MIN_LOG_LEVEL": "3"}
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook, timeout=timeout, resources={"metadata": {"path": folder}}, record_timing=False
        )
        client.execute(env=environment)
    for cell in notebook.cells:  # what TensorFlow says of the machine when it is imported is no part of the story
        cell.outputs = [output for output in cell.get("outputs", []) if output.get("name") != "stderr"]
        if cell.cell_type != "code":
            del cell["outputs"]
    return notebook


def main() -> None:
    """Execute notebooks, and write them unless they are only checked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="the names of sources, without .py; by default all")
    parser.add_argument("--check", action="store_true", help="execute, and write nothing")
    options = parser.parse_args()
    chosen = [source for source in sources() if not options.names or source.stem in options.names]
    if not chosen or len(chosen) < len(options.names):
        sys.exit(f"notebooks: known are {', '.join(source.stem for source in sources())}")
    for source in chosen:
        started = time.monotonic()
        notebook = execute(read(source))
        text = nbformat.writes(notebook) + "\n"
        size = len(text.encode())
        print(f"{source.stem:32} {time.monotonic() - started:6.1f} s {size / 1000:8.0f} kB", flush=True)
        if size > LARGEST:
            sys.exit(f"notebooks: {source.stem} must be under {LARGEST:,} bytes, and has {size:,}")
        if not options.check:
            (NOTEBOOKS / f"{source.stem}.ipynb").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
