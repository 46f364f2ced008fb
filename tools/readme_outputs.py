"""Run the examples of README.md and write their output into it: `python tools/readme_outputs.py`.

A block of `text` right below a block of `sh` or `python` is that one's output. The blocks run one after another in an empty
folder in which `docs` is the documentation; a Python block whose first line is a comment with a file name is saved there under
that name instead. Lists and tables are printed in ASCII, 112 columns wide; of many epochs, the first and the last are shown,
without what depends on how busy the machine is.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
EXAMPLE = re.compile(r"```(sh|python)\n(.*?)```\n(?:\n```text\n(.*?)```\n)?", re.DOTALL)
EPOCHS = re.compile(r"(epoch +1 .*\n)(?:.*\n)+(epoch +\d+ .*\n)")
WAITED = re.compile(r"  \(the network waited[^)]*\)")
FILE_NAME = re.compile(r"# (\w+\.py)\n")
ENVIRONMENT = {"COLUMNS": "112", "PYTHONIOENCODING": "ascii", "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}


def output(language: str, code: str, folder: Path) -> str:
    """Return what an example prints.

    Raises:
        SystemExit: The example fails.
    """
    multicnn = f'multicnn() {{ "{sys.executable}" -m multicnn.cli "$@"; }}\n'
    command = ["bash", "-ec", multicnn + code] if language == "sh" else [sys.executable, "-c", code]
    # The command line reports progress on stderr and silences TensorFlow there; plain Python does not.
    errors = subprocess.STDOUT if language == "sh" else subprocess.DEVNULL
    done = subprocess.run(
        command, cwd=folder, env=os.environ | ENVIRONMENT, stdout=subprocess.PIPE, stderr=errors, text=True
    )
    if done.returncode:
        raise SystemExit(f"this example fails:\n{code}\n{done.stdout}")
    printed = "".join(line.rstrip() + "\n" for line in done.stdout.splitlines() if line.strip())
    return EPOCHS.sub(r"\1...\n\2", WAITED.sub("", printed))


def main() -> None:
    """Rewrite the outputs in README.md."""
    readme = ROOT / "README.md"

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "docs").symlink_to(ROOT / "docs")

        def again(example: re.Match[str]) -> str:
            language, code, printed = example.groups()
            if file := FILE_NAME.match(code):
                (folder / file[1]).write_text(code, encoding="utf-8")
            if printed is None:
                return example[0]
            return f"```{language}\n{code}```\n\n```text\n{output(language, code, folder)}```\n"

        readme.write_text(EXAMPLE.sub(again, readme.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
