"""Recognise the names of splits: single words such as "valid", and whole sets of folders such as training_set, test_set."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

_WORDS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
    "": "",
}
_EVALUATION = ("eval", "evaluation")  # the validation set, or the test set where another one is for validation
_IN_NAMES = {word: split for word, split in _WORDS.items() if word} | dict.fromkeys(_EVALUATION, "val")
# Words beside that of the split which say nothing more.
_FILLERS = {
    *("of", "set", "sets", "data", "dataset", "split", "folder", "files", "file", "samples", "examples"),
    *("images", "image", "imgs", "img", "pictures", "photos", "pics"),
    *("audio", "wav", "wavs", "clips", "sounds", "recordings", "speech", "text", "texts"),
}
_UNLABELLED = {"unsup", "unsupervised", "unlabeled", "unlabelled", "pred", "predict", "prediction", "predictions"}
_TOKEN = re.compile(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+|\d+")


def plain_split(word: str) -> str | None:
    """Return "train", "val" or "test" for a single word such as "valid" or "Testing", "" for "", None for any other."""
    return _WORDS.get(word.strip().lower())


def split_named(word: str) -> str | None:
    """Return the split of a word such as "valid", "training_set", "test-images" or "val2017", "" for "", None for any other."""
    split, rest = _parsed(word)
    return split if split is not None and not rest else plain_split(word)


def splits_named(words: Iterable[str]) -> dict[str, str | None]:
    """Return the split of each of the words that one data set uses; "eval" is its validation set, or beside one the test set."""
    splits = {word: split_named(word) for word in words}
    evaluation = [word for word in splits if _is_evaluation(word)]
    others = {split for word, split in splits.items() if word not in evaluation}
    if "val" in others and "test" not in others:
        splits |= dict.fromkeys(evaluation, "test")
    return splits


def split_folders(names: Collection[str]) -> dict[str, str]:
    """Return the split of each of these folders, those beside each other, that is one; none where they are classes.

    They are splits if all of them are, or if some are and the training set is among them. A class may be called "train",
    and names of more words are believed only beside a training set.
    """
    splits = {name: split for name, split in splits_named(names).items() if split}
    if not splits:
        splits = _alike(names)
    plain = all(plain_split(name) for name in splits)
    if len(splits) == len(names) and (plain or "train" in splits.values()):
        return splits
    return splits if "train" in splits.values() and len(splits) > 1 and len(set(splits.values())) > 1 else {}


def like_splits(names: Iterable[str]) -> list[str]:
    """Return the names, sorted, that are or hold the word for a split; none where it is one name of more words."""
    like = {name: split for name in names if (split := _parsed(name)[0]) is not None}
    return sorted(like) if len(set(like.values())) > 1 or any(map(plain_split, like)) else []


def is_unlabelled(name: str) -> bool:
    """Return True for the name of a folder of examples without labels, such as "unsup" or "seg_pred"."""
    return any(token.lower() in _UNLABELLED for token in _TOKEN.findall(name))


def evaluation_words(splits: dict[str, str]) -> list[str]:
    """Return the names of splits, sorted, that may mean the validation set or the test set."""
    return sorted(name for name in splits if _is_evaluation(name))


def _alike(names: Collection[str]) -> dict[str, str]:
    """Return the splits of names that differ in the word for the split only, each another, as "big_train" and "big_test"."""
    parsed = {name: _parsed(name) for name in names}
    splits = {name: split for name, (split, _) in parsed.items() if split is not None}
    rests = {parsed[name][1] for name in splits}
    return splits if len(rests) == 1 and len(set(splits.values())) == len(splits) > 1 else {}


def _parsed(name: str) -> tuple[str | None, tuple[str, ...]]:
    """Return the split that a word in a name is for, None for no or two such words, and the other words that mean something."""
    tokens = [token.lower() for token in _TOKEN.findall(name)]
    tokens = [token.removesuffix("set") if token.removesuffix("set") in _IN_NAMES else token for token in tokens]
    splits = [_IN_NAMES[token] for token in tokens if token in _IN_NAMES]
    rest = tuple(token for token in tokens if token not in _IN_NAMES and token not in _FILLERS and not token.isdigit())
    return (splits[0] if len(splits) == 1 else None), rest


def _is_evaluation(name: str) -> bool:
    return any(token.lower() in _EVALUATION for token in _TOKEN.findall(name))
