"""What README.md and the pages of docs/ name is there, where they say; and the pages made from the code leave nothing out."""

import ast
import importlib.util
import inspect
import itertools
import re
import shlex
from pathlib import Path

import pytest
import typer.main

import multicnn
import multicnn.blocks
from multicnn import Recipe, cli
from multicnn.models import MODELS

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]
TEXTS = {path: path.read_text(encoding="utf-8") for path in PAGES}

_spec = importlib.util.spec_from_file_location("docs_pages", ROOT / "tools" / "docs_pages.py")
docs_pages = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(docs_pages)


def fences(language, paths=PAGES):
    """The code blocks of a language, with their page, without indentation."""
    pattern = re.compile(rf"^( *)```{language}\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
    return [(path.name, inspect.cleandoc(code)) for path in paths for _, code in pattern.findall(TEXTS[path])]


def test_the_readme_is_short_and_its_images_are_small():
    assert len(README.read_bytes()) <= 9000
    images = list((ROOT / "docs" / "images").iterdir())
    assert images
    assert all(image.stat().st_size < 150_000 for image in images)


def test_every_block_is_in_the_table_of_topics():
    topics = TEXTS[ROOT / "docs" / "blocks.md"].split("\n## In a course's words\n")[1]
    made = {name for name, each in vars(multicnn.blocks).items() if docs_pages.is_block(each)}
    assert set(re.findall(r"\[`(\w+)`\]", topics)) == made - docs_pages.INNER_BLOCKS


def test_the_page_of_the_blocks_describes_each_and_its_file():
    page = docs_pages.blocks()
    sections = dict(re.findall(r"^## .*?\n\n.*? In `(.*?)`\.\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))
    for name in set(re.findall(r"\[`(\w+)`\]", TEXTS[ROOT / "docs" / "blocks.md"])):
        file = Path(inspect.getfile(getattr(multicnn.blocks, name))).relative_to(ROOT).as_posix()
        assert f"### {name}\n" in sections[file]


def test_the_page_of_the_models_lists_each():
    page = docs_pages.models()
    assert set(re.findall(r"^\| \[`(\w+)`\]", page, re.MULTILINE)) == set(MODELS)
    assert "| [`lenet5`](#lenet5) | 28 x 28 x 1 | 10 | any | 61,706 |" in page  # LeCun et al. 1998
    assert all(f"### {name}\n" in page for name in MODELS)


def test_the_page_of_the_recipe_lists_every_field():
    fields, groups = set(), list(Recipe().to_dict().items())
    for name, value in groups:
        if isinstance(value, dict) and value:
            groups += [(f"{name}.{inner}", each) for inner, each in value.items()]
        else:
            fields.add(name)
    assert "model.embedding.dims" in fields
    assert fields <= _documented_fields()


def test_the_page_of_the_command_line_has_every_command_and_its_help():
    page, command = docs_pages.command_line(), typer.main.get_command(cli.app)
    assert set(re.findall(r"^## multicnn (\S+)", page, re.MULTILINE)) == set(command.commands)
    for inner in command.commands.values():
        assert hasattr(inner, "commands") or inspect.cleandoc(inner.help) in page


def _documented_fields():
    return set(re.findall(r"^`([\w.]+)", docs_pages.recipe_fields() + "\n" + docs_pages.augmentations(), re.MULTILINE))


LINKS = sorted({(path, link) for path in PAGES for link in re.findall(r"\]\(([^)#:]+)[^)]*\)", TEXTS[path])})


@pytest.mark.parametrize("path, link", LINKS, ids=lambda each: getattr(each, "name", each))
def test_every_link_leads_somewhere(path, link):
    assert (path.parent / link).exists()


LINES = [
    line.split(" #")[0].strip()
    for _, code in fences("sh") + fences("")
    for line in re.findall(r"^(?:.*&& )?(multicnn .*)$", code, re.MULTILINE)
]


@pytest.mark.parametrize("line", LINES)
def test_every_command_is_one(line):
    """The commands, their options and the fields of --set exist; nothing is run."""
    command, words = typer.main.get_command(cli.app), shlex.split(line)[1:]
    name = words[0]
    while hasattr(command, "commands"):
        command, words = command.commands[words[0]], words[1:]
    command.make_context(line, list(words))
    if name != "inspect":  # there --set gives hyperparameters
        settings = {words[i + 1].split("=")[0] for i, word in enumerate(words) if word == "--set"}
        free = {field for field in settings if field == "model" or field.startswith(("model.arguments.", "members."))}
        assert settings - free <= _documented_fields()


@pytest.mark.parametrize("page, code", fences("python"))
def test_every_example_names_what_there_is(page, code):
    compile(code, page, "exec")
    used = set(re.findall(r"\bmulticnn\.(?!blocks|lessons|models|sklearn)([A-Za-z_]+)", code))
    imported = {n.strip() for names in re.findall(r"from multicnn import (.*)", code) for n in names.split(",")}
    assert all(hasattr(multicnn, name) for name in used | imported)
    assert all(hasattr(multicnn.blocks, name) for name in re.findall(r"\bmb\.(\w+)", code))


@pytest.mark.parametrize("page, code", fences("python", [ROOT / "docs" / "blocks.md", ROOT / "docs" / "models.md"]))
def test_examples_without_data_run(page, code):
    exec(compile(code, page, "exec"), {})


WALKS = TEXTS[ROOT / "docs" / "architecture.md"].split("\n## Three walks\n")[1].split("\n## ")[0]
NAMED = re.compile(r"`([\w/]+\.py):([\w.]+)`")


def _defined(file):
    """Return the dotted name of every function, method and class of a file of the package."""

    def names(body, prefix=""):
        for node in body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                yield prefix + node.name
                if isinstance(node, ast.ClassDef):
                    yield from names(node.body, f"{prefix}{node.name}.")

    return set(names(ast.parse((ROOT / "multicnn" / file).read_text(encoding="utf-8")).body))


@pytest.mark.parametrize("file, name", sorted(set(NAMED.findall(WALKS))), ids=":".join)
def test_every_function_of_the_walks_exists(file, name):
    assert name in _defined(file)


@pytest.mark.parametrize("walk", WALKS.split("\n### ")[1:], ids=lambda walk: walk.splitlines()[0])
def test_a_walk_returns_to_no_room_more_than_twice(walk):
    """A step stands for its first function; the others of its text are called from there."""
    steps = re.findall(r"^\d+\. (.*?)(?=^\d+\. |\Z)", walk, re.MULTILINE | re.DOTALL)
    rooms = [room for room, _ in itertools.groupby(NAMED.search(step)[1].split("/")[0] for step in steps)]
    assert len(steps) > 5 and max(map(rooms.count, rooms)) <= 3
