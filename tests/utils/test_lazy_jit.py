import numba
import numpy as np
import pytest

from multicnn.utils.lazy_jit import LazyJit


def _twice(values):
    return 2 * values


def test_the_first_times_there_is_nothing():
    late = LazyJit(_twice, few=3)
    got = [late.get() for _ in range(5)]
    assert got[:3] == [None] * 3
    assert got[3] is got[4]
    np.testing.assert_array_equal(got[3](np.arange(4)), [0, 2, 4, 6])
    assert got[3].signatures  # it was compiled


@pytest.mark.parametrize("kept", [True, False])
def test_where_what_is_compiled_cannot_be_kept_it_is_compiled_all_the_same(kept, monkeypatch):
    def njit(cache=False, **options):
        if cache and not kept:
            raise RuntimeError("cannot cache function: no locator available")
        return really(cache=cache, **options)

    really = numba.njit
    monkeypatch.setattr(numba, "njit", njit)
    assert LazyJit(_twice, few=0).get()(4) == 8
