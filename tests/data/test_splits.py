import dataclasses

import numpy as np
import pytest

from multicnn.data.manifest import Manifest, content_hash
from multicnn.data.splits import assign, folds, leave_group_out
from multicnn.tasks import Multilabel


def manifest(sizes, groups=None, splits=None, names=None):
    """A text manifest of classes of these sizes; `groups` and `names` (contents) are functions of (class, number)."""
    labels = [label for label, size in sizes.items() for _ in range(size)]
    numbers = [i for size in sizes.values() for i in range(size)]
    texts = [names(*each) if names else f"{each[0]} {each[1]}" for each in zip(labels, numbers, strict=True)]
    return Manifest.of(
        "text",
        ids=[str(i) for i in range(len(labels))],
        sources=texts,
        labels=labels,
        hashes=[content_hash(text) for text in texts],
        groups=[groups(*each) for each in zip(labels, numbers, strict=True)] if groups else None,
        splits=splits,
    )


def share(made, split, label):
    good = made.table[made.table["status"] == "good"]
    return (good.loc[good["label"] == label, "split"] == split).sum()


def within_the_bound(made, fractions):
    for label in made.labels:
        size = sum(share(made, split, label) for split in ("train", "val", "test"))
        for split, fraction in fractions.items():
            assert abs(share(made, split, label) - fraction * size) <= max(0.02 * size, 1) + 1e-9, (label, split)
        assert share(made, "train", label) > 0


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "sizes, val, test",
    [
        ({"a": 1000, "b": 1000}, 0.1, 0.1),
        ({"a": 1000, "b": 30, "c": 7}, 0.1, 0.2),
        ({f"class {i}": 20 for i in range(40)}, 0.1, 0.1),
        ({f"class {i}": 100 for i in range(20)}, 0.15, 0.25),
        ({"a": 1, "b": 2, "c": 3, "d": 4, "e": 50}, 0.2, 0.2),
        ({"a": 12, "b": 9}, 0.0, 0.3),
        ({"a": 5, "b": 5}, 0.5, 0.4),
    ],
)
def test_stratified(sizes, val, test, seed):
    made = assign(manifest(sizes), val, test, seed)
    within_the_bound(made, {"val": val, "test": test})
    for split, fraction in (("val", val), ("test", test)):
        assert bool(len(made.rows(split))) == bool(fraction)


@pytest.mark.parametrize("seed", range(3))
def test_of_several_labels_each_is_stratified(seed):
    rng = np.random.default_rng(seed)
    cells = ["|".join(np.array(["a", "b", "c", "d"])[rng.random(4) < (0.7, 0.3, 0.1, 0.02)]) for _ in range(2000)]
    rows = {"ids": list(map(str, range(2000))), "sources": cells, "labels": cells}
    made = Manifest.of("text", **rows, hashes=[content_hash(str(i)) for i in range(2000)])
    made = assign(dataclasses.replace(made, task=Multilabel(("a", "b", "c", "d"), "|")), 0.1, 0.2)
    targets = {split: made.targets(made.rows(split)).sum(axis=0) for split in ("train", "val", "test")}
    size = sum(targets.values())
    assert (targets["train"] > 0).all() and (made.table["split"][made.table["label"] == ""] == "val").any()
    for split, fraction in {"val": 0.1, "test": 0.2}.items():
        assert (np.abs(targets[split] - fraction * size) <= np.maximum(0.02 * size, 1) + 1e-9).all(), split
    assert sorted(np.concatenate([fold.rows("test") for fold in folds(made, 5)])) == list(range(2000))


def test_large_classes_never_move():
    """Where no class needs a repair the split of an example is a function of its content alone."""
    few = assign(manifest({"a": 5000, "b": 5000}))
    many = assign(manifest({"a": 9000, "b": 7000, "c": 100}))
    before = dict(zip(few.table["source"], few.table["split"], strict=True))
    after = dict(zip(many.table["source"], many.table["split"], strict=True))
    assert all(after[text] == split for text, split in before.items())


def test_few_move_in_small_classes():
    before, moved, total = None, 0, 0
    for size in range(60, 160, 10):
        made = assign(manifest({f"class {i}": size for i in range(10)}))
        after = dict(zip(made.table["source"], made.table["split"], strict=True))
        if before:
            moved += sum(after[text] != split for text, split in before.items())
            total += len(before)
        before = after
    assert moved / total < 0.02


def test_order_of_the_rows_does_not_matter():
    first = assign(manifest({f"class {i}": 25 for i in range(8)}))
    shuffled = manifest({f"class {i}": 25 for i in reversed(range(8))})
    second = assign(shuffled)
    assert dict(zip(first.table["source"], first.table["split"], strict=True)) == dict(
        zip(second.table["source"], second.table["split"], strict=True)
    )


def test_seeds_differ():
    made = [assign(manifest({"a": 200, "b": 200}), seed=seed).table["split"].tolist() for seed in (0, 0, 1)]
    assert made[0] == made[1] != made[2]


def test_duplicates_share_a_split_even_across_classes():
    made = assign(manifest({"a": 300, "b": 300}, names=lambda label, i: f"text {i // 3 if i < 150 else (label, i)}"))
    assert (made.table.groupby("hash")["split"].nunique() == 1).all()
    within_the_bound(made, {"val": 0.1, "test": 0.1})


@pytest.mark.parametrize("n_groups", [10, 20, 57])
@pytest.mark.parametrize("seed", range(3))
def test_ten_groups_or_more(n_groups, seed):
    made = assign(manifest({"a": 570, "b": 570, "c": 570}, groups=lambda label, i: f"g{i % n_groups}"), seed=seed)
    assert (made.table.groupby("group")["split"].nunique() == 1).all()
    within_the_bound(made, {"val": 0.1, "test": 0.1})


def test_groups_of_one_class_each():
    """Patients who have one label: every class is in every split, though no group can be divided."""
    made = assign(manifest({"ill": 200, "well": 200}, groups=lambda label, i: f"{label} {i % 8}"))
    assert (made.table.groupby("group")["split"].nunique() == 1).all()
    for label in made.labels:
        assert all(share(made, split, label) for split in ("train", "val", "test"))


def test_many_groups_do_not_move_when_others_are_added():
    few = assign(manifest({"a": 4000, "b": 4000}, groups=lambda label, i: f"g{i % 2000}"))
    many = assign(manifest({"a": 6000, "b": 6000}, groups=lambda label, i: f"g{i % 3000}"))
    before, after = (dict(zip(each.table["group"], each.table["split"], strict=True)) for each in (few, many))
    assert all(after[group] == split for group, split in before.items())


@pytest.mark.parametrize("seed", range(5))
def test_few_groups_are_taken_whole(seed):
    made = assign(manifest({"a": 300, "b": 300}, groups=lambda label, i: f"g{i % 6}"), 0.1, 0.3, seed)
    assert (made.table.groupby("group")["split"].nunique() == 1).all()
    assert len(made.rows("test")) == 200  # two of six groups of 100: the first would be 17 %
    assert len(made.rows("val")) == 100


@pytest.mark.parametrize(
    "groups, fractions",
    [
        (lambda label, i: f"g{i % 2}", (0.1, 0.1)),  # two groups for three splits
        (lambda label, i: "only", (0.0, 0.1)),
        (lambda label, i: label, (0.0, 0.1)),  # to hold a group out is to lose its class
    ],
)
def test_too_few_groups(groups, fractions):
    with pytest.raises(ValueError, match=r"leave-one-group-out.* Received: \w+_fraction=0.1, . groups \(") as caught:
        assign(manifest({"a": 30, "b": 30}, groups=groups), *fractions)
    assert "\n" not in str(caught.value)


def test_given_splits_stay():
    splits = ["train"] * 200 + ["test"] * 50 + ["train"] * 200 + ["test"] * 30
    made = assign(manifest({"a": 250, "b": 230}, splits=splits), 0.1, 0.1)
    assert made.rows("test").tolist() == [i for i, split in enumerate(splits) if split == "test"]
    assert 40 - 8 <= len(made.rows("val")) <= 40 + 8
    assert not len(made.rows(""))


def test_all_given_is_all_kept():
    splits = ["train"] * 5 + ["val"] * 5 + ["test"] * 5 + ["train"] * 5
    assert assign(manifest({"a": 15, "b": 5}, splits=splits)).table["split"].tolist() == splits


def test_a_test_set_does_not_change_who_validates():
    alone = assign(manifest({"a": 3000, "b": 3000}), 0.1, 0.0)
    beside = assign(manifest({"a": 3000, "b": 3000}), 0.1, 0.1)
    assert alone.rows("val").tolist() == beside.rows("val").tolist()


def test_bad_rows_are_left_out():
    made = assign(manifest({"a": 50, "b": 50}).with_bad({3: "truncated"}))
    assert made.table["split"][3] == ""
    assert 3 not in made.rows()


@pytest.mark.parametrize(
    "fractions, message",
    [
        ((-0.1, 0.1), "must be 0 or more.*validation_fraction=-0.1"),
        ((0.5, 0.5), "under 1 together"),
        ((0.1, float("nan")), "test_fraction=nan"),
    ],
)
def test_fraction_errors(fractions, message):
    with pytest.raises(ValueError, match=message):
        assign(manifest({"a": 5, "b": 5}), *fractions)


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (manifest({"a": 1, "b": 1}), "the data have only 1 distinct example of class 'a'. "),
        (
            manifest({"b": 9, "a": 9}, names=lambda label, i: label),
            "the data have only 1 distinct example of class 'a'. ",
        ),
        (
            manifest({"a": 2, "b": 4}).with_bad({0: "empty", 3: "empty", 4: "empty", 5: "empty"}),
            "only 1 distinct example of class 'a'; 4 of 6 examples are bad. ",
        ),
    ],
)
def test_too_few_examples(made, why):
    with pytest.raises(ValueError, match=r"must leave every class a training example") as error:
        assign(made)
    assert f"{why}Received: test_fraction=0.1 of {len(made.rows())}" in str(error.value)


def test_nothing_to_train_on():
    with pytest.raises(ValueError, match="there are no training examples: all belong to other splits"):
        assign(manifest({"a": 1, "b": 1}, splits=["test", "test"]))


def test_leave_group_out():
    made = leave_group_out(manifest({"a": 6, "b": 6}, groups=lambda label, i: f"g{i % 3}"), "g1")
    assert set(made.table.loc[made.table["split"] == "test", "group"]) == {"g1"}
    assert len(made.rows("train")) == 8
    with pytest.raises(ValueError, match=r"\(g0, g1, g2\). Received: data.leave_out='g7'"):
        leave_group_out(made, "g7")


def test_leave_group_out_then_validation():
    left = leave_group_out(manifest({"a": 60, "b": 60}, groups=lambda label, i: f"g{i % 6}"), "g1")
    made = assign(left, 0.1, 0.1)
    assert made.rows("test").tolist() == left.rows("test").tolist()
    assert len(set(made.table.loc[made.table["split"] == "val", "group"])) == 1


@pytest.mark.parametrize("sizes", [{"a": 500, "b": 333}, {"a": 11, "b": 10, "c": 3}])
def test_folds_are_stratified(sizes):
    made = folds(manifest(sizes), 10)
    tests = [each.rows("test") for each in made]
    assert sorted(np.concatenate(tests).tolist()) == list(range(sum(sizes.values())))
    assert max(map(len, tests)) - min(map(len, tests)) <= 1
    for label in sizes:
        locked = [share(each, "test", label) for each in made]
        assert max(locked) - min(locked) <= 1
    assert all(len(each.rows("train")) + len(each.rows("test")) == sum(sizes.values()) for each in made)


def test_fixed_folds():
    made = folds(manifest({"a": 20, "b": 20}, groups=lambda label, i: str(i % 5 + 1)), 5)
    assert [set(each.table.loc[each.table["split"] == "test", "group"]) for each in made] == [
        {f"{i}"} for i in range(1, 6)
    ]


def test_more_groups_than_folds():
    made = folds(manifest({"a": 70, "b": 70}, groups=lambda label, i: f"g{i % 14}"), 5)
    for each in made:
        assert (each.table.groupby("group")["split"].nunique() == 1).all()
        assert 20 <= len(each.rows("test")) <= 30


@pytest.mark.parametrize("k", [1, 7])
def test_folds_errors(k):
    with pytest.raises(ValueError, match=rf"folds must be 2 to the number of groups \(6\). Received: folds={k}"):
        folds(manifest({"a": 12, "b": 12}, groups=lambda label, i: f"g{i % 6}"), k)
