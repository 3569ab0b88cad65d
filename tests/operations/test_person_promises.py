"""Random tables of persons with several records under random policies: promises are about people.

A column that is released as it is tells which record of the source each released one is, so that
the persons of every class are known here, and nowhere in the release.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anon_dagster import RequestError, UnreachableError, anonymize
from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.core.privacy import (
    AlphaDeassociation,
    BetaLikeness,
    DeltaDisclosure,
    DistinctLDiversity,
    EnhancedBetaLikeness,
    EntropyLDiversity,
    EqualTCloseness,
    HierarchicalTCloseness,
    OrderedTCloseness,
    PrivacyModel,
    RecursiveLDiversity,
)
from tests.core.persons import Described, holds_by_definition
from tests.operations.test_promises import RULES, SICKNESS

ILL = ["acne", "cold", "flu", "rash"]
TREE = Hierarchy.from_labels([ILL, ["skin", "lung", "lung", "skin"], ["*"] * 4])
FACTOR = 10 if settings().max_examples >= 1_000 else 1
"""20,000 policies by make fuzz."""


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    records = draw(
        st.lists(
            st.tuples(
                st.integers(0, 14),  # the person
                st.integers(0, 9),
                st.sampled_from(["011", "012", "021"]),
                st.sampled_from(ILL),
                st.integers(0, 4),
            ),
            min_size=1,
            max_size=60,
        )
    )
    frame = pd.DataFrame(records, columns=["who", "age", "zip", "ill", "pay"])
    steady = draw(st.booleans())
    if steady:  # a person's quasi-identifiers are the same in all records, as ages and towns are
        frame["age"] = frame["who"] * 7 % 10
    frame["house"] = frame["who"] // draw(st.integers(1, 3))
    frame["row"] = [f"r{number:03}" for number in range(len(frame))]
    return frame


@st.composite
def panels(draw: st.DrawFn) -> pd.DataFrame:
    """Draw records of persons of whom many have the same, each as many as the others."""
    kinds = draw(st.lists(st.lists(st.integers(0, 2), min_size=2, max_size=2), max_size=3))
    steps = [sorted(kind) for kind in kinds for _ in range(draw(st.integers(1, 4)))]
    records = [
        (who, age, ["011", "012", "021"][age], draw(st.sampled_from(ILL)), draw(st.integers(0, 4)))
        for who, ages in enumerate(steps or [[0, 0]])
        for age in ages
    ]
    frame = pd.DataFrame(records, columns=["who", "age", "zip", "ill", "pay"])
    frame["house"] = frame["who"] // 2
    frame["row"] = [f"r{number:03}" for number in range(len(frame))]
    return frame


def _fraction(value: float) -> Fraction:
    return Fraction(str(value))


RULES_OF_VALUES: list[tuple[str, dict[str, Any], PrivacyModel]] = [
    ("l_diversity", {"attribute": "ill", "l": 2}, DistinctLDiversity(0, 2)),
    ("l_diversity", {"attribute": "pay", "l": 3}, DistinctLDiversity(1, 3)),
    (
        "l_diversity",
        {"attribute": "ill", "l": 1.5, "variant": "entropy"},
        EntropyLDiversity(0, _fraction(1.5)),
    ),
    (
        "l_diversity",
        {"attribute": "pay", "l": 2, "c": 1.5, "variant": "recursive"},
        RecursiveLDiversity(1, _fraction(1.5), 2),
    ),
    (
        "alpha_k_anonymity",
        {"attribute": "ill", "alpha": 0.6, "k": 2},
        AlphaDeassociation(0, _fraction(0.6)),
    ),
    (
        "t_closeness",
        {"attribute": "ill", "t": 0.4, "distance": "equal"},
        EqualTCloseness(0, _fraction(0.4)),
    ),
    (
        "t_closeness",
        {"attribute": "pay", "t": 0.3, "distance": "ordered"},
        OrderedTCloseness(1, _fraction(0.3), np.arange(5)),
    ),
    (
        "t_closeness",
        {"attribute": "ill", "t": 0.35, "distance": "hierarchical"},
        HierarchicalTCloseness(0, _fraction(0.35), TREE, np.arange(4, dtype=np.int32)),
    ),
    (
        "delta_disclosure",
        {"attribute": "ill", "delta": 1.5, "compare": "present"},
        DeltaDisclosure(0, _fraction(1.5), present_only=True),
    ),
    ("delta_disclosure", {"attribute": "pay", "delta": 2}, DeltaDisclosure(1, _fraction(2))),
    ("beta_likeness", {"attribute": "ill", "beta": 1}, BetaLikeness(0, _fraction(1))),
    (
        "beta_likeness",
        {"attribute": "pay", "beta": 1.5, "variant": "enhanced"},
        EnhancedBetaLikeness(1, _fraction(1.5)),
    ),
]


@st.composite
def policies(draw: st.DrawFn) -> dict[str, Any]:
    chosen = draw(st.lists(st.sampled_from(range(len(RULES_OF_VALUES))), max_size=2, unique=True))
    privacy: dict[str, Any] = {"k_anonymity": {"k": draw(st.integers(2, 5))}}
    for number in chosen:
        model, rule, _ = RULES_OF_VALUES[number]
        privacy.setdefault(model, []).append(rule)
    privacy["average_risk"] = draw(st.sampled_from([None, None, {"risk": 0.2}]))
    privacy["sample_uniqueness"] = draw(st.sampled_from([None, None, {"share": 0.05}]))
    people = draw(st.sampled_from(["persons", "persons", "both", "households"]))
    units: dict[str, Any] = {} if people == "households" else {"person": "who"}
    if people != "persons":
        units["household"] = {"by": "house", "k": draw(st.integers(2, 4))}
    return {
        **units,
        "attributes": {
            "who": {"role": "direct_identifier"},
            "house": {"role": "direct_identifier"},
            "age": draw(
                st.one_of(
                    st.fixed_dictionaries(
                        {
                            "role": st.just("quasi_identifier"),
                            "hierarchy": st.sampled_from(RULES),
                            "local_labels": st.sampled_from(["nodes", "ranges", "sets"]),
                        }
                    ),
                    st.fixed_dictionaries(
                        {
                            "role": st.just("quasi_identifier"),
                            "transformation": st.just("microaggregation"),
                            "aggregate": st.sampled_from(["mean", "median", "mode", "set"]),
                            "groups": st.sampled_from(["classes", "mdav"]),
                        }
                    ),
                )
            ),
            "zip": {
                "role": "quasi_identifier",
                "hierarchy": draw(st.sampled_from(RULES[:2])),
                "local_labels": draw(st.sampled_from(["nodes", "sets"])),
            },
            "ill": {"role": "sensitive", "hierarchy": SICKNESS},
            "pay": {"role": "sensitive"},
            "row": {"role": "non_sensitive"},
        },
        "privacy": privacy,
        "suppression_limit": draw(st.sampled_from([0, 0.1, 0.3, 1])),
        "suppressed_records": draw(st.sampled_from(["drop", "keep"])),
        "suppression_cost": draw(st.sampled_from([0, 0.5, 1])),
        "residual": {"given_back": "ignore", "alone": "ignore"},
        "recoding": draw(st.sampled_from(["global", "local"])),
    }


@given(tables(), policies())
@settings(max_examples=FACTOR * settings().max_examples)
def test_a_release_keeps_every_promise_about_persons(
    table: pd.DataFrame, policy: dict[str, Any]
) -> None:
    a_release_keeps_every_promise(table, policy)


@pytest.mark.slow
@given(tables(), policies())
@settings(max_examples=2_000)
def test_two_thousand_releases_keep_every_promise_about_persons(
    table: pd.DataFrame, policy: dict[str, Any]
) -> None:
    a_release_keeps_every_promise(table, policy)


@given(panels(), policies(), st.integers(2, 4))
@settings(max_examples=FACTOR * settings().max_examples)
def test_linked_records_of_a_person_read_like_those_of_several(
    table: pd.DataFrame, policy: dict[str, Any], k: int
) -> None:
    linked = {"person": "who", "trajectory": {"k": k}, "recoding": "global"}
    attributes = {**policy["attributes"], "who": {"role": "direct_identifier"}}
    attributes["who"]["redaction"] = "pseudonym"
    privacy = {"k_anonymity": policy["privacy"]["k_anonymity"]}
    asked = {**policy, **linked, "attributes": attributes, "privacy": privacy}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANON_KEY", "0123456789abcdef" * 4)
        try:
            df = anonymize({"policy": asked}, frame=table).df
        except UnreachableError:
            return
    assert df is not None
    whose = df["row"].map(dict(zip(table["row"], table["who"], strict=True)))
    both = set(zip(df["who"], whose, strict=True))
    assert len(both) == df["who"].nunique() == whose.nunique()
    read = df[["age", "zip"]].astype(str).agg("|".join, axis=1)
    for persons in (df["who"], whose):
        steps = ["/".join(sorted(each)) for _, each in read.groupby(persons)]
        assert all(steps.count(step) >= k for step in steps)


def links(table: pd.DataFrame) -> bool:
    """Tell whether a released column links records of half of the persons who have several."""
    if len(set(table["who"])) == 1:  # whose records are known to be hers
        return False
    several = (table.groupby("who").size() > 1).sum()
    for name in ("ill", "pay", "row"):
        own = table.groupby(name)["who"].transform("nunique") == 1
        times = table[own].groupby(["who", name]).size()
        linked = times[times > 1].index.get_level_values("who").nunique()
        if several and linked >= several / 2:
            return True
    return False


def a_release_keeps_every_promise(table: pd.DataFrame, policy: dict[str, Any]) -> None:
    refused = "person" in policy and links(table)
    try:
        df = anonymize({"policy": policy}, frame=table).df
    except UnreachableError:
        assert not refused
        return
    except RequestError:
        assert refused
        return
    assert df is not None
    assert not refused
    assert not {"who", "house"} & {*df.columns}
    allowed = Fraction(str(policy["suppression_limit"])) * len(table)
    lost = len(table) - len(df)
    assert 0 <= lost <= (allowed if policy["suppressed_records"] == "drop" else 0)
    whose = dict(zip(table["row"], table["who"], strict=True))
    df["who"] = df["row"].map(whose)
    df["house"] = df["row"].map(dict(zip(table["row"], table["house"], strict=True)))
    unit = "who" if "person" in policy else "row"
    classes = [c for _, c in df.groupby(["age", "zip"], dropna=False)]
    sizes = [c[unit].nunique() for c in classes]
    if "household" in policy:
        assert all(c["house"].nunique() >= policy["household"]["k"] for c in classes)
    privacy = policy["privacy"]
    assert min(sizes, default=privacy["k_anonymity"]["k"]) >= privacy["k_anonymity"]["k"]
    if privacy["average_risk"]:
        assert len(sizes) <= Fraction(str(privacy["average_risk"]["risk"])) * sum(sizes)
    if privacy["sample_uniqueness"]:
        share = Fraction(str(privacy["sample_uniqueness"]["share"]))
        assert sizes.count(1) <= share * sum(sizes)
    for reference in (df, table):
        for model, name in models_of(privacy):
            whole = described(reference, name, unit)
            of_classes = (described(c, name, unit) for c in classes)
            assert all(holds_by_definition(model, each, whole) for each in of_classes)


def models_of(privacy: dict[str, Any]) -> Iterator[tuple[PrivacyModel, str]]:
    for name, rule, model in RULES_OF_VALUES:
        if rule in (privacy.get(name) or []):
            yield model, rule["attribute"]


def described(frame: pd.DataFrame, name: str, unit: str) -> Described:
    values = frame[name].map(ILL.index) if name == "ill" else frame[name].astype(int)
    return Described.of(list(zip(frame[unit].tolist(), values.tolist(), strict=True)))
