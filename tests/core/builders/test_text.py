"""Masks and suppression."""

from hypothesis import given

from anon_dagster.core.builders import Mask, by_mask, by_suppression
from tests.core.builders.examples import domain, level, path, texts


@given(texts)
def test_a_mask_keeps_the_length(values: list[str]) -> None:
    hierarchy = by_mask(domain(*values))
    for value in values:
        assert {len(str(label)) for label in path(hierarchy, value)[:-1]} == {len(value)}


def test_masks_from_the_right_until_a_character_is_left() -> None:
    assert path(by_mask(domain("10115", "80331")), "10115") == [
        *("10115", "1011*", "101**", "10***", "1****", "*")
    ]


def test_masks_from_the_left_with_a_character_of_ones_own() -> None:
    hierarchy = by_mask(domain("10115"), mask=Mask("left", "x"), per_level=2, levels=3)
    assert path(hierarchy, "10115") == ["10115", "xx115", "xxxx5", "xxxxx", "*"]


def test_masks_of_values_of_different_lengths() -> None:
    hierarchy = by_mask(domain("123", "12345"), levels=4)
    assert path(hierarchy, "123") == ["123", "12*", "1**", "***", "***", "*"]


def test_suppression_has_two_levels() -> None:
    assert path(by_suppression(domain("a", "b", None)), "b") == ["b", "*"]


def test_masks_of_whole_parts() -> None:
    dots = Mask(parts=".")
    assert path(by_mask(domain("10.2.33.4", "8.8.8.8"), mask=dots), "10.2.33.4") == [
        *("10.2.33.4", "10.2.33.*", "10.2.*.*", "10.*.*.*", "*")
    ]
    left = by_mask(domain("a@b.example"), mask=Mask("left", "#", "@"), levels=1)
    assert path(left, "a@b.example") == ["a@b.example", "#@b.example", "*"]
    pairs = by_mask(domain("1-2-3-4-5"), mask=Mask(parts="-"), per_level=2)
    assert path(pairs, "1-2-3-4-5") == ["1-2-3-4-5", "1-2-3-*-*", "1-*-*-*-*", "*"]
    kept = by_mask(domain("10.2.33.4", "10"), mask=dots, keep=2)
    assert level(kept, 1) == {"10.2.33.4": "10.2.*.*", "10": "*"}
