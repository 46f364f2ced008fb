"""Causes in the data: a window that cuts, labels that are noise, one answer to everything, too few examples to judge by."""

from __future__ import annotations

from collections.abc import Iterator

from multicnn.data.checks.rows import FEW_TO_CHOOSE
from multicnn.tasks.intervals import percent, wilson
from multicnn.training.diagnoses.evidence import LEARNED, Cause, Evidence

_CUT = 0.5  # of the training examples
_FLAT = 0.02  # of the loss: an epoch that lowers it by less is one of a network that has found what it will find
_EQUAL = 1e-6  # of two computations of one score


def of_labels(evidence: Evidence, explained: bool) -> Iterator[Cause]:
    """Yield what keeps a network from learning the labels.

    Args:
        evidence: The evidence of the run.
        explained: True where a fault of the network explains already that it has learned nothing.
    """
    if not explained:
        yield from list(_one_answer(evidence)) or _noise(evidence)


def limits(evidence: Evidence) -> Iterator[Cause]:
    """Yield what makes the numbers of the run worth little, however it was trained."""
    yield from _few_to_choose_by(evidence)
    for split in ("test", "val"):
        yield from _missing(evidence, split)


def of_inputs(evidence: Evidence) -> Iterator[Cause]:
    """Yield a window that cuts most examples, unless the network answers well all the same."""
    held_out = evidence.held_out
    if evidence.cut < _CUT or not evidence.length_field:
        return
    if held_out is not None and evidence.metric == "accuracy" and held_out[1]["accuracy"] >= LEARNED:
        return
    length = evidence.length
    now = "" if length is None else f" of {length:g}"
    yield Cause(
        "window too short",
        f"{evidence.cut:.0%} of the training examples are longer than the network's input ({evidence.length_field}{now}) and cut: "
        f"try a larger --set {evidence.length_field}=",
        {"cut": evidence.cut, **({} if length is None else {"length": float(length)})},
    )


def _noise(evidence: Evidence) -> Iterator[Cause]:
    """Nothing was found in the labels, or nothing of what was found holds for other examples."""
    if not evidence.majority or evidence.trained is None:
        return
    split, held_out = evidence.held_out or ("train", None)
    losses = evidence.curve("loss")
    guessed, trained = evidence.majority["train"], evidence.trained
    guessed_there = max(guessed, evidence.majority[split])
    beside = "the commonest class alone has"
    if wilson(trained, evidence.measured["train"]["n"])[0] <= guessed:
        if len(losses) > 1 and losses[-2] - losses[-1] > _FLAT * losses[-1]:
            return  # it is still about to learn
        shown = f"accuracy {trained:.1%} on training examples, where {beside} {guessed:.1%}"
        if _linear_knows(evidence):
            linear = evidence.measured["linear_baseline"]["accuracy"]
            why = f"the labels are not to blame, a linear model has {linear:.1%} on others: see `multicnn find-rate`"
        else:
            why = "labels that are noise, or inputs that do not show them? See `multicnn preview` and `multicnn doctor`"
        yield Cause("nothing learned", f"{shown}: {why}", {"accuracy": trained, "majority": guessed})
    elif held_out is not None and wilson(held_out["accuracy"], held_out["n"])[0] <= guessed_there:
        if held_out["n"] < FEW_TO_CHOOSE or _linear_knows(evidence):
            return
        yield Cause(
            "nothing learned that holds",
            f"accuracy {trained:.1%} on training examples, but {percent(held_out['accuracy'], held_out['n'])} on others, where "
            f"{beside} {guessed_there:.1%}: labels that are noise? See `multicnn doctor`",
            {"accuracy": trained, "held_out": held_out["accuracy"], "majority": guessed_there},
        )


def _linear_knows(evidence: Evidence) -> bool:
    """Return True where the linear baseline is better than always guessing: there is something in the labels."""
    linear = evidence.measured.get("linear_baseline")
    split = "test" if "test" in evidence.measured else "val"
    return linear is not None and wilson(linear["accuracy"], linear["n"])[0] > max(
        evidence.majority["train"], evidence.majority[split]
    )


def _one_answer(evidence: Evidence) -> Iterator[Cause]:
    """Recognise it by the scores: of one class that is always given, accuracy p, F1 is 2 p / (1 + p), of the others 0."""
    if evidence.held_out is None or evidence.metric != "accuracy":
        return
    split, metrics = evidence.held_out
    counts = {name: count for name, count in evidence.counts.get(split, {}).items() if count}
    share, n = metrics["accuracy"], metrics["n"]
    named = [name for name, count in counts.items() if abs(count / n - share) < _EQUAL]
    if sum(counts.values()) != n or len(counts) < 2 or not named:
        return
    if abs(metrics["macro_f1"] - 2 * share / (1 + share) / len(counts)) < _EQUAL:
        balance = max(counts.values()) / n > 1.5 / len(counts)
        remedy = "try --class-weights" if balance else "see `multicnn find-rate`"
        words = {"val": "validation", "test": "test"}[split]
        which = f"{named[0]!r}" if len(named) == 1 else "one class"
        yield Cause(
            "one answer to everything",
            f"{which} is predicted for all {n:,} {words} examples, of which {share:.1%} are of it: {remedy}",
            {"accuracy": share, "n": n},
        )


def _few_to_choose_by(evidence: Evidence) -> Iterator[Cause]:
    val = evidence.measured.get("val")
    if val is None or val["n"] >= FEW_TO_CHOOSE:
        return
    n = val["n"]
    told = f": accuracy {percent(val['accuracy'], n)}" if evidence.metric == "accuracy" else ""
    yield Cause(
        "small validation set",
        f"{n:,} validation examples are too few to choose an epoch by{told}: try --set data.validation_fraction=0.3, or "
        "`multicnn crossval`",
        {"n": n, **({"low": val["accuracy_low"], "high": val["accuracy_high"]} if "accuracy_low" in val else {})},
    )


def _missing(evidence: Evidence, split: str) -> Iterator[Cause]:
    counts = evidence.counts.get(split, {})
    missing = [name for name, count in counts.items() if not count]
    if not missing:
        return
    words, remedy = {
        "val": ("validation", "try --set data.validation_fraction=0.3"),
        "test": ("test", "give some by --test, or see `multicnn crossval`"),
    }[split]
    listed = ", ".join(missing[:5]) + (" ..." if len(missing) > 5 else "")
    yield Cause(
        f"classes without {words} examples",
        f"{len(missing)} of {len(counts)} ({listed}): the {words} accuracy knows nothing of them: {remedy}",
        {"missing": len(missing), "classes": len(counts)},
    )
