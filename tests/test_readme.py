"""What the README names is there, where it says, with the numbers it gives."""

import inspect
import re
import shlex
from pathlib import Path

import pytest
import typer.main

from multicnn import blocks, cli
from multicnn.blocks.cost import measure
from multicnn.models import MODELS, create

INNER = {"merged", "cut_to", "switched"}  # leaves that add, cropped and unpool are made of
ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def table(heading):
    """The rows of the last table of a section, without its head, as lists of cells."""
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows][2:]


def named(cell):
    """The names a cell calls, without their arguments: `conv(..., padding=)` is conv."""
    return [re.match(r"\w+", code)[0] for code in re.findall(r"`([^`]+)`", cell) if re.match(r"\w+", code)]


def is_block(each):
    if inspect.isclass(each):
        return issubclass(each, blocks.Block) and each is not blocks.Block
    return inspect.isfunction(each) and each.__annotations__["return"] == "Block" and each is not blocks.from_dict


def test_every_block_is_listed_beside_its_file():
    made = {name: Path(inspect.getfile(each)) for name, each in vars(blocks).items() if is_block(each)}
    listed, file = {}, None
    for _, names, where in table("The blocks"):
        file = file if where == "the same" else Path(re.search(r"\((.*)\)", where)[1])
        listed.update((name, ROOT / file) for name in named(names))
    assert listed == {name: file for name, file in made.items() if name not in INNER}


def test_every_network_is_listed_with_its_file_and_parameters():
    listed = {}
    for names, _, where, parameters in table("Networks"):
        files = re.findall(r"\(multicnn/models/(\w+)\.py\)", where)
        known = [name for name in named(names) if name in MODELS]
        counts = [int(count.replace(",", "")) for count in re.findall(r"[\d,]{3,}", parameters)]
        listed.update(zip(known, zip(files if len(files) == len(known) else files * len(known), counts, strict=True)))
    counted = {
        name: (model.module, measure(create(name, model.classes), model.input_shape).parameters)
        for name, model in MODELS.items()
    }
    assert listed == counted


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#]+)\)", README))))
def test_every_link_leads_somewhere(link):
    assert (ROOT / link).exists()


LINES = [line.split(" #")[0] for line in re.findall(r"^(?:.*&& )?(multicnn .*)$", README, re.M)]


@pytest.mark.parametrize("line", LINES)
def test_every_command_is_one(line):
    """The verbs and options of the command lines exist; nothing is run."""
    command, words = typer.main.get_command(cli.app), shlex.split(line)[1:]
    while hasattr(command, "commands"):
        command, words = command.commands[words[0]], words[1:]
    command.make_context(line, list(words))
