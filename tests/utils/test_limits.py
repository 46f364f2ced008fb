"""What a file may make the program allocate, and how that is raised."""

import dataclasses
from pathlib import Path

import pytest

from multicnn.utils import limits


@pytest.fixture
def setting(monkeypatch):
    return lambda text: monkeypatch.setenv("MULTICNN_LIMITS", text)


def test_over_a_limit_the_message_has_the_limit_and_a_setting_that_allows_it(setting):
    with pytest.raises(ValueError, match=r"too large: 7 pixels.*limit 6") as refused:
        setting("image_pixels=6")
        limits.check("image_pixels", 7, "large: 7 pixels")
    setting(str(refused.value).split("MULTICNN_LIMITS=")[1].rstrip(")"))
    limits.check("image_pixels", 7, "large: 7 pixels")


def test_several_are_set_at_once_and_the_others_stay(setting):
    setting("image_pixels=4e8, table_bytes=8e9")
    now = limits.current()
    assert (now.image_pixels, now.table_bytes) == (400_000_000, 8_000_000_000)
    assert now.image_side == limits.Limits().image_side


@pytest.mark.parametrize(
    "text", ["pixels=3", "image_pixels", "image_pixels=many", "image_pixels=-1", "image_pixels=inf"]
)
def test_what_is_no_setting_is_refused_with_the_names(text, setting):
    setting(text)
    with pytest.raises(ValueError, match=r"image_pixels.*table_bytes.*Received: MULTICNN_LIMITS="):
        limits.current()


def test_an_archive_may_unpack_to_more_than_the_limit_only_if_it_is_large_itself(setting):
    setting("unpacked_bytes=1000")
    limits.check_unpacked(1000, 1, "it")
    limits.check_unpacked(20_000, 1000, "it")
    with pytest.raises(ValueError, match="it unpacks to 20,001 bytes"):
        limits.check_unpacked(20_001, 1000, "it")


def test_the_documentation_has_each_limit():
    page = (Path(__file__).parents[2] / "docs" / "limits.md").read_text(encoding="utf-8")
    for name, value in dataclasses.asdict(limits.Limits()).items():
        assert f"| `{name}` | {value:,} |" in page
