"""What a table cannot tell, or a policy asks in vain, is never taken for kept."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anon_dagster import anonymize
from anon_dagster.errors import SchemaMismatchError
from anon_dagster.reading import part
from anon_dagster.request import Policy
from anon_dagster.storage.sources import open_frame
from anon_dagster.verification import Promise, verify, verify_frame
from anon_dagster.verification.verify import counted_release

ROLES = {
    "who": {"role": "direct_identifier", "redaction": "pseudonym", "key_variable": "ANON_KEY"},
    "age": {"role": "quasi_identifier", "hierarchy": {"type": "interval", "widths": [10]}},
    "ill": {"role": "sensitive"},
}


def policy(*, privacy: dict[str, Any], **rest: Any) -> Policy:
    attributes = ROLES if "person" in rest else {n: r for n, r in ROLES.items() if n != "who"}
    return Policy.model_validate({"attributes": attributes, "privacy": privacy, **rest})


def release(ill: list[str]) -> pd.DataFrame:
    who = [f"{n:032x}" for n in range(len(ill))]
    return pd.DataFrame({"who": who, "age": "[30, 40)", "ill": ill})


def verified(ill: list[str], persons: str | None, rule: dict[str, Any]) -> list[Promise]:
    kind = "t_closeness" if "t" in rule else "alpha_k_anonymity"
    rest = {} if persons is None else {"person": persons}
    asked = policy(privacy={kind: [{"attribute": "ill", **rule}]}, **rest)
    frame = release(ill) if persons else release(ill).drop(columns="who")
    found = verify_frame(frame, asked)
    return [promise for promise in found.promises if promise.attribute == "ill"]


@pytest.mark.parametrize("persons", [None, "who"])
def test_guarded_values_that_do_not_occur_are_asked_for_in_vain(persons: str | None) -> None:
    rule = {"alpha": 0.5, "k": 2}
    (promise,) = verified(["flu", "flu"], persons, {**rule, "guarded": ["flue"]})
    assert not promise.holds
    assert promise.untold is not None
    assert "guarded value" in promise.untold
    (promise,) = verified(["flu", "flu", "cold"], persons, {**rule, "guarded": ["flue", "cold"]})
    assert promise.holds
    (promise,) = verified(["flu", "flu", "cold"], persons, {**rule, "guarded": ["flu"]})
    assert (promise.untold, promise.holds, promise.records_failing) == (None, False, 3)


@pytest.mark.parametrize("persons", [None, "who"])
def test_values_without_an_order_are_at_no_distance_along_it(persons: str | None) -> None:
    rule = {"t": 1, "distance": "ordered"}
    (promise,) = verified(["flu", "cold"], persons, rule)
    assert not promise.holds
    assert promise.untold == "2 values cannot be put in an order with the others"
    (promise,) = verified(["1", "2"], persons, rule)
    assert promise.holds


@pytest.mark.parametrize("persons", [None, "who"])
def test_no_table_is_held_against_values_without_an_order(persons: str | None) -> None:
    rest = {} if persons is None else {"person": persons}
    rule = {"attribute": "ill", "t": 1, "distance": "ordered"}
    asked = policy(privacy={"t_closeness": [rule]}, **rest)
    frame = release(["flu", "cold"]) if persons else release(["flu", "cold"]).drop(columns="who")
    counted = counted_release(open_frame(frame), asked, decimal=".")
    found = verify(counted, asked, source_count=counted).promises
    told = [promise for promise in found if promise.attribute == "ill"]
    assert len({promise.name for promise in told}) == 2
    assert all(promise.untold is not None and not promise.holds for promise in told)


def test_labels_that_no_level_has_tell_nothing_of_the_population(tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_text("age\n" + "31\n45\n" * 5, encoding="utf-8")
    asked = policy(privacy={"k_map": {"k": 2}}, population={"path": str(people)})
    frame = release(["flu", "cold"]).drop(columns="who")
    assert verify_frame(frame, asked).holds
    frame["age"] = ["[30, 40)", "45"]
    with pytest.raises(SchemaMismatchError, match="age of the release has labels that are not of"):
        verify_frame(frame, asked)


@pytest.mark.parametrize(
    ("redaction", "names", "left"),
    [
        ({"redaction": "constant"}, ["*"] * 9, 0),
        ({"redaction": "constant"}, [f"Ann {n}" for n in range(9)], 9),
        ({"redaction": "constant"}, [*(f"Ann {n}" for n in range(8)), None], 8),
        (
            {"redaction": "pseudonym", "key_variable": "ANON_KEY"},
            [f"{n:032x}" for n in range(9)],
            0,
        ),
        ({"redaction": "pseudonym", "key_variable": "ANON_KEY"}, [f"A{n}" for n in range(9)], 9),
    ],
)
def test_identifiers_too_many_to_be_kept_are_counted_as_they_stand(
    redaction: dict[str, str],
    names: list[str | None],
    left: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(part, "MOST_VALUES", 5)
    attributes = {"name": {"role": "direct_identifier", **redaction}, "age": ROLES["age"]}
    asked = {"attributes": attributes, "privacy": {"k_anonymity": {"k": 2}}}
    frame = pd.DataFrame({"name": pd.array(names, dtype="string"), "age": "[30, 40)"})
    promise = verify_frame(frame, Policy.model_validate(asked)).promises[0]
    assert (promise.attribute, promise.records_failing) == ("name", left)
    assert promise.holds == (left == 0)


@pytest.mark.parametrize("most", [5, 100])
@pytest.mark.parametrize("shared", [0, 1, 4])
def test_no_value_of_the_source_is_a_pseudonym_however_many_there_are(
    most: int, shared: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part, "MOST_VALUES", most)
    asked = policy(privacy={"k_anonymity": {"k": 2}}, person="who")
    there = [f"{n:032x}" for n in range(9)]
    for released in (
        [f"{n + 9 - shared:032x}" for n in range(9)],
        [f"{n + 9 - shared:032x}" for n in range(4)],  # so few that they are kept
    ):
        release, source = (
            counted_release(
                open_frame(pd.DataFrame({"who": names, "age": "[30, 40)", "ill": "flu"})),
                asked,
                decimal=".",
            )
            for names in (released, there)
        )
        promise = verify(release, asked, source_count=source).promises[0]
        assert (promise.attribute, promise.reached, promise.holds) == ("who", shared, not shared)


def test_what_must_be_out_is_told_as_so_many_records_and_no_classes() -> None:
    attributes = {
        "age": {"role": "quasi_identifier"},
        "town": {"role": "quasi_identifier", "lowest_level": 1, "hierarchy": {"type": "mask"}},
        "name": {"role": "direct_identifier"},
        "stands_for": {"role": "weight"},
    }
    asked = {"attributes": attributes, "privacy": {"k_anonymity": {"k": 2}}}
    frame = pd.DataFrame(
        {
            "age": ["a"] * 4,
            "town": ["11", "12", "1*", "**"],
            "name": pd.array(["Ann", "*", "Eve", None], dtype="string"),
            "stands_for": [1.5, None, 2.5, 3.5],
        }
    )
    found = verify_frame(frame, Policy.model_validate(asked)).promises
    told = {p.attribute: p for p in found if p.attribute is not None}
    for name, records in (("name", 2), ("stands_for", 3)):
        promise = told[name]
        assert (promise.asked, promise.reached, promise.holds) == (0, records, False)
        assert (promise.classes_failing, promise.records_failing) == (0, records)


def test_what_nobody_can_tell_has_no_numbers() -> None:
    asked = policy(privacy={"k_anonymity": {"k": 2}}, person="who")
    found = verify_frame(release(["flu", "cold"]).drop(columns="who"), asked)
    (untold,) = (promise for promise in found.promises if promise.untold)
    numbers = untold.asked, untold.reached, untold.classes_failing, untold.records_failing
    assert numbers == (0, None, 0, 0)


def test_what_is_promised_of_persons_is_not_told_of_a_table_without_them() -> None:
    asked = policy(privacy={"k_anonymity": {"k": 2}}, person="who")
    found = verify_frame(release(["flu", "cold"]).drop(columns="who"), asked)
    assert not found.holds
    (untold,) = (promise for promise in found.promises if promise.untold)
    assert str(untold).endswith("cannot be told: " + str(untold.untold))
    assert "does not tell whose its records are; it needs who" in str(untold)
    assert verify_frame(release(["flu", "cold"]), asked).classes == found.classes


def test_persons_hold_a_value_however_their_records_write_it() -> None:
    dice = np.random.default_rng(2)
    who, pills = np.arange(60) // 2, dice.integers(1, 4, 60)
    frame = pd.DataFrame({"who": [f"p{n}" for n in who], "age": 30 + who % 3 * 10})
    alike = [str(number) for number in pills]
    mixed = [f"{number}.0" if place % 3 else str(number) for place, number in enumerate(pills)]
    asked = {
        "attributes": ROLES,
        "person": "who",
        "privacy": {
            "t_closeness": {"attribute": "ill", "t": 0.5, "distance": "ordered"},
            "l_diversity": {"attribute": "ill", "l": 2},
        },
    }
    attributes = {**ROLES, "who": {"role": "direct_identifier"}}
    one, other = (
        anonymize({"policy": {**asked, "attributes": attributes}}, frame=frame.assign(ill=ill))
        for ill in (alike, mixed)
    )
    assert one.release.verification.holds
    assert one.release.verification == other.release.verification


@pytest.mark.parametrize("parts", [None, "."])
@pytest.mark.parametrize("side", ["left", "right"])
@settings(max_examples=settings().max_examples // 2)
@given(
    labels=st.lists(st.none() | st.text("ab*.", min_size=1, max_size=7), min_size=1),
    keep=st.integers(0, 2),
)
def test_a_mask_leaves_so_many_characters_or_parts_at_one_side(
    labels: list[str | None], keep: int, side: str, parts: str | None
) -> None:
    rule = {"type": "mask", "from": side, "keep": keep, "parts": parts}
    attribute = {"role": "quasi_identifier", "lowest_level": 1, "hierarchy": rule}
    asked = Policy.model_validate(
        {
            "attributes": {"age": {"role": "quasi_identifier"}, "number": attribute},
            "privacy": {"k_anonymity": {"k": 2}},
        }
    )
    frame = pd.DataFrame({"age": "a", "number": pd.array(labels, dtype="string")})
    piece, between = (".", "") if parts is None else (r"[^.]*", r"\.")
    shown, some = [piece] * keep, rf"\*(?:{between}\*)*"
    kept = between.join([some, *shown] if side == "left" else [*shown, some])
    left = [n for n in labels if n is not None and not re.fullmatch(f"{kept}|{some}", n)]
    (promise,) = (p for p in verify_frame(frame, asked).promises if p.attribute == "number")
    assert (promise.holds, promise.records_failing) == (not left, len(left))
    assert (promise.asked, promise.reached, promise.classes_failing) == (0, len(left), 0)


def test_a_notebook_shows_what_is_broken_first_and_what_nobody_can_tell() -> None:
    rules = [{"attribute": "ill", "alpha": 0.5, "k": 2, "guarded": each} for each in (["x"], ["y"])]
    frame = release(["x", "x", "x", "z", "z"]).drop(columns="who")
    found = verify_frame(
        frame, policy(privacy={"k_anonymity": {"k": 5}, "alpha_k_anonymity": rules})
    )
    shown = found._repr_html_()
    verdicts = re.findall(r"<td[^>]*>(holds|BROKEN|cannot be told)</td>", shown)
    assert len(verdicts) == len(found.promises)
    assert {"BROKEN", "cannot be told", "holds"} == {*verdicts}
    assert verdicts.index("holds") == len(found.failures)
    assert found.verdict in shown
    assert not re.search(r">[xyz]<", shown), "no value of the table"
