"""Real English sentences from the docstrings of installed libraries; the label is the library.

The libraries are ones multicnn needs itself, so they are always there. Their source files are read with `ast`, never
imported, and the sentences change with the installed versions; for one set of versions they are always the same.
"""

from __future__ import annotations

import ast
import importlib.util
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from multicnn.data.manifest import Manifest, content_hash
from multicnn.data.splits import assign

LIBRARIES = ("keras", "matplotlib", "pandas", "scipy")
PER_LIBRARY = 1000  # sentences
PER_MODULE = 25  # sentences: no module may fill a split
FILE_BYTES = 60_000  # larger source files are left out: parsing them takes most of the time
WORDS = (5, 40)
# A sentence that names any of the libraries would give the answer away.
NAMES = re.compile(
    r"keras|tensorflow|matplotlib|pyplot|numpy|pandas|scipy|sklearn|scikit|\b(?:mpl|plt|np|pd)\b", re.IGNORECASE
)
TEST_CODE = re.compile(r"\.(_?tests?|_?testing|conftest|externals|_external|_lib)\b|_test\b")  # or code of others
MARKUP = re.compile(r":[a-z]+:(?=`)|[`*]")
END = re.compile(r"(?<=[.!?])(?<!e\.g\.)(?<!i\.e\.)\s+(?=[A-Z])")
SENTENCE = re.compile(r"(?!\w+:)[A-Z](?:(?! --)[A-Za-z0-9 ,;:'\"()./%-])*[.!?]")
WORD = re.compile(r"[(\"']?[A-Za-z]+(?:['-][A-Za-z]+)*[)\"']?[.,;:!?)\"']*")


def load() -> Manifest:
    """Return up to 1,000 sentences of 5 to 40 words for each of four libraries, grouped and split by module.

    No sentence occurs twice, in one library or in two, apart from case, digits and punctuation; none names a library.
    """
    collected = {library: collect(library) for library in LIBRARIES}
    libraries = Counter(key for sentences in collected.values() for key in sentences)
    rows = [
        (library, module, text)
        for library, sentences in collected.items()
        for module, text in [row for key, row in sentences.items() if libraries[key] == 1][:PER_LIBRARY]
    ]
    labels, modules, texts = zip(*rows, strict=True)
    hashes = [content_hash(text) for text in texts]
    manifest = Manifest.of("text", ids=hashes, sources=texts, labels=labels, hashes=hashes, groups=modules)
    return assign(manifest, validation_fraction=0.1, test_fraction=0.2)


def collect(library: str) -> dict[str, tuple[str, str]]:
    """Return a dict of normalised sentence to (module, sentence), modules in the order of their hashes."""
    spec = importlib.util.find_spec(library)
    if spec is None or spec.origin is None:
        raise ImportError(f"{library} must be an installed package. Received: library={library!r}")
    root = Path(spec.origin).parent
    files = {".".join((library, *path.relative_to(root).with_suffix("").parts)): path for path in root.rglob("*.py")}
    collected: dict[str, tuple[str, str]] = {}
    for module in sorted(files, key=content_hash):
        if TEST_CODE.search(module) or files[module].stat().st_size > FILE_BYTES:
            continue
        fresh: dict[str, tuple[str, str]] = {}
        for text in sentences(files[module].read_text(encoding="utf-8")):
            key = normalised(text)
            if key not in collected:
                fresh.setdefault(key, (module, text))
        collected.update(list(fresh.items())[:PER_MODULE])
        if len(collected) >= PER_LIBRARY * 1.1:  # some are left out later: they occur in another library too
            break
    return collected


def sentences(source: str) -> Iterator[str]:
    """Yield the English sentences of the docstrings in Python source text."""
    for docstring in docstrings(ast.parse(source)):
        for block in blocks(docstring):
            yield from filter(is_prose, END.split(MARKUP.sub("", block)))


def docstrings(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    """Yield the docstrings of a module, of its classes and functions, and of theirs."""
    yield ast.get_docstring(node) or ""
    for child in node.body:
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield from docstrings(child)


def blocks(docstring: str) -> Iterator[str]:
    """Yield runs of lines with one indentation, joined: paragraphs and the descriptions of arguments."""
    lines: list[str] = []
    indent = 0
    for line in [*docstring.splitlines(), ""]:
        text = line.strip()
        if lines and (not text or len(line) - len(line.lstrip()) != indent):
            yield " ".join(lines)
            lines = []
        if text:
            lines.append(text)
            indent = len(line) - len(line.lstrip())


def is_prose(text: str) -> bool:
    """Return whether this is a sentence of plain English words that names no library."""
    words = text.split()
    if not WORDS[0] <= len(words) <= WORDS[1] or not SENTENCE.fullmatch(text) or NAMES.search(text):
        return False
    return sum(WORD.fullmatch(word) is not None for word in words) >= 0.9 * len(words)


def normalised(text: str) -> str:
    """Return the words in lower case, without digits and punctuation."""
    return " ".join(re.findall("[a-z]+", text.lower()))
