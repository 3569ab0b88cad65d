"""A notebook, a debugger and a traceback show objects by their repr: no cell is in it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import BaseModel

import anon_dagster
from anon_dagster.assessment.records import RecordRisks
from anon_dagster.client.result import JobResult
from anon_dagster.discreet import Discreet
from anon_dagster.operations.anonymize import findings_of
from anon_dagster.operations.preparation import as_request, open_table
from anon_dagster.releasing.stored_solution import from_document
from anon_dagster.report.gathering import gather

SOURCE = ("Zorblatt", "Quuxley", "Xanaduville", "Plughtown", "canaryflu", "canarycold", "8642")
LABELS = ("Northcanary", "Southcanary")
CANARIES = (*SOURCE, *LABELS)

TREE = {"Northcanary": ["Xanaduville"], "Southcanary": ["Plughtown"]}
POLICY: dict[str, Any] = {
    "attributes": {
        "name": {"role": "direct_identifier"},
        "town": {"role": "quasi_identifier", "hierarchy": {"type": "tree", "nodes": TREE}},
        "pay": {"role": "quasi_identifier", "hierarchy": {"type": "interval", "widths": [10, 20]}},
        "illness": {
            "role": "sensitive",
            "hierarchy": {"type": "order", "sizes": [2], "order": ["canaryflu", "canarycold"]},
        },
    },
    "privacy": {
        "k_anonymity": {"k": 4},
        "l_diversity": {"attribute": "illness", "l": 2},
        "alpha_k_anonymity": {
            "attribute": "illness",
            "alpha": 0.9,
            "k": 4,
            "guarded": ["canaryflu"],
        },
    },
    "suppression_limit": 0.5,
}


def people() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "name": ["Zorblatt", "Quuxley"] * 20,
            "town": ["Xanaduville"] * 20 + ["Plughtown"] * 20,
            "pay": [86420 + place % 7 for place in range(40)],
            "illness": ["canaryflu", "canarycold"] * 20,
        }
    )


def below(thing: object, seen: set[int] | None = None) -> Iterator[object]:
    """Give whatever of this library can be reached from a thing by its attributes."""
    seen = set() if seen is None else seen
    if id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, Mapping):
        inner: list[object] = list(thing.values())
    elif isinstance(thing, tuple | list | set | frozenset):
        inner = list(thing)
    elif type(thing).__module__.startswith("anon_dagster") and not callable(thing):
        yield thing
        inner = list(attributes(thing))
    else:
        return
    for each in inner:
        yield from below(each, seen)


def attributes(thing: object) -> Iterator[object]:
    """Give the fields, properties and cached properties of a thing; no method is called."""
    if isinstance(thing, BaseModel):
        yield from dict(thing).values()
        return
    kind = type(thing)
    names = {n for base in kind.__mro__ for n, a in vars(base).items() if hasattr(a, "__get__")}
    names |= set(getattr(thing, "__dict__", ()))
    names |= {field.name for field in fields(thing)} if is_dataclass(thing) else set()
    for name in sorted(names):
        if not name.startswith("__") and not callable(getattr(kind, name, None)):
            try:
                yield getattr(thing, name)
            except (AttributeError, anon_dagster.AnonError, NotImplementedError):
                continue


def shown(thing: object) -> str:
    page = getattr(thing, "_repr_html_", str)()
    return f"{thing!r}{thing!s}{page}"


def results(folder: Path) -> Iterator[object]:
    table = people()
    document = {"policy": POLICY}
    result = anon_dagster.anonymize(document, frame=table)
    yield result
    yield anon_dagster.risk_per_record(result, frame=table)
    yield anon_dagster.apply(result, frame=table)
    yield from_document(result.document())
    yield findings_of(result)
    yield gather(findings_of(result))
    yield anon_dagster.anonymize({"policy": {**POLICY, "recoding": "local"}}, frame=table)
    table.to_csv(folder / "people.csv", index=False)
    request = as_request({**document, "source": {"path": str(folder / "people.csv")}})
    yield request
    yield open_table(request)
    yield open_table(as_request(document), frame=table)
    yield anon_dagster.detect(table)
    yield JobResult(table, proposal="Zorblatt")


def test_nothing_that_can_be_reached_shows_a_cell(tmp_path: Path) -> None:
    kinds, leaking = set(), set()
    for result in results(tmp_path):
        for thing in below(result):
            kinds.add(type(thing))
            if any(canary in shown(thing) for canary in CANARIES):
                leaking.add(type(thing).__qualname__)
    assert leaking == set()
    assert {anon_dagster.AnonResult, RecordRisks, JobResult} <= kinds
    assert len(kinds) > 40, "the walk reaches what results are made of"


def test_a_result_tells_its_verdict_its_sizes_and_its_levels() -> None:
    result = anon_dagster.anonymize({"policy": POLICY}, frame=people())
    assert "promises kept" in repr(result)
    assert "records=40" in repr(result)
    assert f"levels={result.levels}" in repr(result)
    assert "highest_risk" in result._repr_html_()
    levels = ", ".join(f"{name}: {level}" for name, level in (result.levels or {}).items())
    assert f"<td>{levels}</td>" in result._repr_html_()
    assert "<td>records: 40, classes: " in result._repr_html_()
    highest = float(result.risk["release"]["prosecutor_highest"])
    assert f"highest_risk={highest!r}" in repr(result)
    for thing in below(result):
        assert not any(canary in shown(thing) for canary in CANARIES), type(thing)


def test_a_request_shows_what_it_asks_for_but_no_value_of_a_table() -> None:
    policy = anon_dagster.parse_request({"policy": POLICY}).policy
    assert "Northcanary" in str(policy.model_dump())
    for thing in below(policy):
        assert isinstance(thing, BaseModel)
        assert not any(canary in shown(thing) for canary in CANARIES)
    assert "suppression_limit=0.5" in repr(policy)


def test_a_dataclass_stays_discreet_with_slots_below_another_and_before_it_is_whole() -> None:
    @dataclass(frozen=True, slots=True)
    class Plain(Discreet, shown=("records",)):
        records: int
        cells: tuple[str, ...]

    @dataclass(frozen=True, slots=True)
    class Below(Plain):
        more: str

    assert repr(Plain(2, ("flu",))) == "Plain(records=2)"
    assert repr(Below(2, ("flu",), "gout")).endswith("Below(records=2)")
    assert "records" not in repr(object.__new__(Plain))
