"""Error messages in the words of the command line."""

import pytest
import typer

from multicnn.cli import app
from multicnn.cli.messages import in_words_of_the_command


@pytest.mark.parametrize(
    ("command", "message", "expected"),
    [
        ("train", "`start.path` must exist. Received: start.path='x'", "--from must exist. Received: --from='x'"),
        (
            "train",
            "path must exist. Received: path='a b', seed=3",
            "DATA must exist. Received: DATA='a b', --seed=3",
        ),
        (
            "train",
            "label_column must be there. Received: data.label_column=0",
            "--label-column must be there. Received: --label-column=0",
        ),
        ("train", "test must be None. Received: test='x'", "--test must be None. Received: --test='x'"),
        ("evaluate", "test must be None. Received: test='x'", "test must be None. Received: test='x'"),
        ("train", "`batch_size` must be 1. Received: batch_size=0", "`batch_size` must be 1. Received: batch_size=0"),
        ("words", "`texts` must have words", "TEXTS must have words"),
        (
            "evaluate",
            "`path` must name a .keras file; nothing is there. Received: path='x'",
            "MODEL must name a .keras file; nothing is there. Received: MODEL='x'",
        ),
        (
            "train",
            "`path` must be a file of word vectors (empty). Received: path='x'",
            "--vectors must be a file of word vectors (empty). Received: --vectors='x'",
        ),
    ],
)
def test_names_are_those_of_the_command_line(command, message, expected):
    arguments = [command, "coverage"] if command == "words" else [command, "data"]
    assert in_words_of_the_command(message, typer.main.get_command(app), arguments) == expected
