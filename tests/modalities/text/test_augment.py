"""Texts with words missing, out of order and misspelt."""

import numpy as np
import pytest

from multicnn.modalities.text.augment import augment

N = 200
IDS = np.tile(np.r_[np.arange(2, 42), np.zeros(10, int)].astype(np.int32), (N, 1))
SEEDS = np.stack([np.arange(N), np.zeros(N)], 1).astype(np.int32)


def test_word_dropout_makes_words_unknown_each_by_its_own_seed():
    dropped = augment(IDS, SEEDS, word_dropout=0.3).numpy()
    assert dropped.dtype == np.int32 and (dropped[:, 40:] == 0).all()
    changed = dropped != IDS
    assert (dropped[changed] == 1).all() and abs(changed[:, :40].mean() - 0.3) < 0.02
    assert len(np.unique(changed, axis=0)) == N
    np.testing.assert_array_equal(augment(IDS, SEEDS), IDS)


def test_a_word_becomes_one_of_its_nearest():
    nearest = np.random.default_rng(0).integers(100, 200, (30, 3)).astype(np.int32)
    nearest[0] = 0
    replaced = augment(IDS, SEEDS, nearest=nearest, neighbours=0.3).numpy()
    changed = replaced != IDS
    assert replaced.dtype == np.int32 and not changed[:, 28:].any()  # ids from 30 on have none
    assert abs(changed[:, :28].mean() - 0.3) < 0.02 and len(np.unique(changed, axis=0)) == N
    for word in range(2, 30):
        assert {*replaced[:, word - 2]} == {word, *nearest[word]}
    with pytest.raises(ValueError, match=r"that have given vectors. Received: neighbours=0.3"):
        augment(IDS, SEEDS, neighbours=0.3)


@pytest.mark.parametrize("window", [1, 3, 80])
def test_shuffled_tokens_pass_none_that_is_further_away_than_the_window(window):
    shuffled = augment(IDS, SEEDS, shuffle=window).numpy()
    assert (np.sort(shuffled[:, :40], axis=1) == IDS[:, :40]).all() and (shuffled[:, 40:] == 0).all()
    places = np.argsort(shuffled[:, :40], axis=1)
    moved = np.abs(places - np.arange(40))
    assert moved.max() <= window and (moved.max() == window or window == 80)
    assert len(np.unique(shuffled, axis=0)) > 0.9 * N
    for row in places:
        late, early = np.triu_indices(40, window + 1)
        assert (row[late] < row[early]).all()


def test_a_word_goes_with_its_subwords():
    ids = np.stack([IDS, IDS * 10, IDS * 10 + 1], axis=-1)
    made = augment(ids, SEEDS, level="subwords", word_dropout=0.3, shuffle=2).numpy()
    words = augment(IDS, SEEDS, word_dropout=0.3, shuffle=2).numpy()
    np.testing.assert_array_equal(made[..., 0], words)
    dropped = words == 1
    assert dropped.any() and (made[dropped][:, 1:] == 0).all()
    kept = made[~dropped]
    np.testing.assert_array_equal(kept[:, 1], kept[:, 0] * 10)


def edits(before, after):
    """Levenshtein's distance, where two neighbours that change places are one edit."""
    table = np.add.outer(np.arange(len(before) + 1), np.arange(len(after) + 1))
    for i in range(1, len(before) + 1):
        for j in range(1, len(after) + 1):
            table[i, j] = min(
                table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + (before[i - 1] != after[j - 1])
            )
            if i > 1 and j > 1 and before[i - 1] == after[j - 2] and before[i - 2] == after[j - 1]:
                table[i, j] = min(table[i, j], table[i - 2, j - 2] + 1)
    return table[-1, -1]


def test_typos_are_as_many_edits_as_asked_for():
    misspelt = augment(IDS, SEEDS, level="characters", typos=0.1).numpy()
    assert misspelt.shape == IDS.shape and misspelt.dtype == np.int32
    lengths = (misspelt != 0).sum(1)
    for row, length in zip(misspelt, lengths, strict=True):
        assert (row[:length] != 0).all() and set(row[:length]) <= set(IDS[0, :40])
    made = np.array([edits(IDS[0, :40], row[:length]) for row, length in zip(misspelt, lengths, strict=True)])
    assert abs(made.mean() - 4) < 0.5
    longer, shorter = (lengths > 40).mean(), (lengths < 40).mean()
    assert 0.2 < longer < 0.6 and 0.2 < shorter < 0.6


def test_a_short_text_keeps_a_character_and_a_long_one_its_length():
    one = np.zeros((N, 5), np.int32)
    one[:, 0] = 7
    assert (augment(one, SEEDS, level="characters", typos=0.9).numpy()[:, 0] == 7).all()
    full = np.arange(2, 42, dtype=np.int32)[None].repeat(N, 0)
    assert augment(full, SEEDS, level="characters", typos=0.5).shape == (N, 40)


def test_typos_are_for_characters():
    with pytest.raises(ValueError, match=r"word_dropout is for words. Received: typos=0.1"):
        augment(IDS, SEEDS, level="words", typos=0.1)


@pytest.mark.parametrize("setting", [{"neighbours": 1}, {"word_dropout": 1.0}, {"shuffle": -1}, {"typos": -0.5}])
def test_wrong_settings_are_named(setting):
    ((name, value),) = setting.items()
    with pytest.raises(ValueError, match=f"{name} must be .* Received: {name}={value}"):
        augment(IDS, SEEDS, level="characters", **setting)
