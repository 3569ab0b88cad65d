"""What goes with a release tells who has the release nothing, whatever else she knows.

The attacker here knows the release, the request, and every record of the source but one. She tries
out what that one may be: for each candidate she makes the release and the evidence herself, and
keeps the candidates for which both are as published. The evidence tells her something if it leaves
her fewer candidates than the release alone.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anon_dagster import anonymize
from anon_dagster.operations.anonymize import AnonResult
from anon_dagster.operations.evidence import evidence_of
from anon_dagster.report.handover import Named, commitment, html, internal_document

NAMED = Named("people", "2026-01-01T00:00:00Z", None, {"anon-dagster": "1"})
K = 3
POLICY: dict[str, Any] = {
    "attributes": {
        "age": {"role": "quasi_identifier", "hierarchy": {"type": "interval", "widths": [10, 20]}},
        "sex": {"role": "quasi_identifier"},
        "illness": {"role": "sensitive"},
    },
    "privacy": {
        "k_anonymity": {"k": K},
        "l_diversity": {"attribute": "illness", "l": 2},
        "t_closeness": {"attribute": "illness", "t": 0.9},
    },
    "suppression_limit": 0.4,
}
OF_A_PERSON = [*product([25, 97], ["f", "m"], ["flu", "gout", "HIV"])]
Evidence = Callable[[AnonResult, pd.DataFrame], Any]


def told(result: AnonResult, _: pd.DataFrame) -> Any:
    return evidence_of(result.decision.request, frame_of(result), NAMED)


def frame_of(result: AnonResult) -> pd.DataFrame:
    assert result.df is not None
    return result.df


def where_differences_are_none_or_large(result: AnonResult, source: pd.DataFrame) -> Any:
    """Count the source by each value, and tell it if it differs from the release by 0 or by k."""
    released = frame_of(result)
    found = [("records", len(source), len(source) - len(released))]
    for name in ("sex", "illness"):
        of_release = released[name].value_counts()
        found += [
            (f"{name} {value}", count, count - of_release.get(value, 0))
            for value, count in source[name].value_counts().items()
        ]
    return {name: count for name, count, apart in found if apart == 0 or apart >= K}


def rounded(result: AnonResult, source: pd.DataFrame) -> Any:
    """Tell how many records the source has, rounded to multiples of k, whatever the difference."""
    return K * round(len(source) / K), len(frame_of(result))


def only_if_all_of_them_are(result: AnonResult, source: pd.DataFrame) -> Any:
    """Tell all counts, or none of them and not why."""
    all_found = where_differences_are_none_or_large(result, source)
    counts = 1 + source["sex"].nunique() + source["illness"].nunique()
    return all_found if len(all_found) == counts else None


@dataclass(frozen=True)
class Attack:
    """Somebody who knows all records but one."""

    others: pd.DataFrame
    evidence: Evidence
    policy: Mapping[str, Any] = field(default_factory=lambda: POLICY)

    def published(self, candidate: tuple[Any, ...] | None) -> tuple[Any, Any]:
        source = self.others
        if candidate is not None:
            own = pd.DataFrame([candidate], columns=source.columns)
            source = pd.concat([source, own], ignore_index=True)
        result = anonymize({"policy": self.policy}, frame=source)
        return frame_of(result).to_csv(), self.evidence(result, source)

    def learns(self) -> Iterator[str]:
        """Name each candidate, or nobody, of whom the evidence tells more than the release."""
        possible = {each: self.published(each) for each in (None, *OF_A_PERSON)}
        for truth, (release, evidence) in possible.items():
            by_release = {c for c, (r, _) in possible.items() if r == release}
            by_both = {c for c in by_release if possible[c][1] == evidence}
            if by_both != by_release:
                yield str(truth)


def people(seed: int, records: int = 24) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": draw.integers(20, 70, records),
            "sex": draw.choice(["f", "m"], records),
            "illness": draw.choice(["flu", "gout", "HIV"], records, p=[0.5, 0.3, 0.2]),
        }
    )


slow = pytest.mark.slow
OTHERWISE: tuple[dict[str, Any], ...] = (
    {"recoding": "local"},
    {"suppressed_records": "keep"},
    {"privacy": {"k_anonymity": {"k": K}, "average_risk": {"risk": 0.25}}},
)


@pytest.mark.parametrize("seed", [0, *(pytest.param(each, marks=slow) for each in range(1, 12))])
def test_who_knows_all_records_but_one_learns_nothing_from_the_evidence(seed: int) -> None:
    assert list(Attack(people(seed), told).learns()) == []


@pytest.mark.slow
@pytest.mark.parametrize("otherwise", OTHERWISE, ids=[next(iter(each)) for each in OTHERWISE])
def test_nor_does_she_of_other_policies(otherwise: dict[str, Any]) -> None:
    assert list(Attack(people(3), told, POLICY | otherwise).learns()) == []


@pytest.mark.parametrize(
    ("rule", "records"),
    [
        (where_differences_are_none_or_large, 24),
        pytest.param(rounded, 25, marks=slow),
        pytest.param(only_if_all_of_them_are, 24, marks=slow),
    ],
)
def test_the_attack_finds_the_person_by_figures_of_the_source(rule: Evidence, records: int) -> None:
    assert list(Attack(people(0, records), rule).learns())


@pytest.mark.parametrize("suppressed", [1, 2, 5])
def test_suppressed_persons_leave_no_trace(suppressed: int) -> None:
    """Figures of the source, each of them large, would tell who they are by subtraction."""
    them = pd.DataFrame({"age": [97, 98, 99, 99, 99], "sex": [*"mmfmf"], "illness": ["HIV"] * 5})
    source = pd.concat([them[:suppressed], people(5, 400)], ignore_index=True)
    policy = POLICY | {"suppression_limit": 0.05, "privacy": {"k_anonymity": {"k": 6}}}
    with_them = anonymize({"policy": policy}, frame=source)
    without = anonymize({"policy": policy}, frame=source.drop(range(suppressed)))
    assert with_them.decision.suppressed == suppressed
    assert without.decision.suppressed == 0
    assert told(with_them, source) == told(without, source)
    assert html(told(with_them, source)) == html(told(without, source))


def test_the_commitment_tells_nothing_without_its_key() -> None:
    """Who tries out a source has to draw 256 bits besides; each evidence has its own."""
    facts = {"identity": {"of_source": {"sha256": "0" * 64}}}
    first, second = internal_document(facts), internal_document(facts)
    assert commitment(first) == commitment(dict(first))
    assert commitment(first) == commitment(first | {"signature": {}})
    assert commitment(first) != commitment(second)
    assert commitment(first) != commitment(first | {"identity": {}})
