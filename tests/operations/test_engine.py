"""Every call that reads a table takes an engine, and works with that one alone."""

import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pandas as pd
import pytest

import anon_dagster
from anon_dagster.engine import LocalEngine
from anon_dagster.errors import RequestError

FRAME = pd.DataFrame(
    {
        "age": [str(20 + n % 7) for n in range(60)],
        "sex": ["f", "m"] * 30,
        "illness": ["flu", "cold", "none"] * 20,
    }
)
POLICY = {
    "attributes": {
        "age": {"role": "quasi_identifier", "hierarchy": {"type": "interval", "widths": [5, 10]}},
        "sex": {"role": "quasi_identifier"},
        "illness": {"role": "sensitive"},
    },
    "privacy": {"k_anonymity": {"k": 3}},
}
REQUEST = {"policy": POLICY}
WITHOUT = {"detect", "classify_columns", "propose_hierarchies", "data_domains"} | {
    *("append", "erase", "audit", "build_anonymized_assets")
}
"""What reads no table, or a sample of one, which is drawn in the process that calls; or files that
add up, which are read there one by one; or what Dagster runs, whose resource says it."""


@pytest.fixture(scope="module")
def result() -> anon_dagster.AnonResult:
    return anon_dagster.anonymize(REQUEST, frame=FRAME)


Call = Callable[[Any], object]


@pytest.fixture
def calls(result: anon_dagster.AnonResult) -> dict[str, Call]:
    assert result.df is not None
    released, evidence = result.df, result.evidence(share=True)
    return {
        "anonymize": lambda e: anon_dagster.anonymize(REQUEST, frame=FRAME, engine=e).df,
        "measure": lambda e: anon_dagster.measure(REQUEST, frame=FRAME, engine=e),
        "apply": lambda e: anon_dagster.apply(result, frame=FRAME, engine=e).df,
        "verify": lambda e: anon_dagster.verify(POLICY, released, engine=e).to_frame(),
        "audit_versions": lambda e: (
            anon_dagster.audit_versions([released, released], request=REQUEST, engine=e).table
        ),
        "check_evidence": lambda e: anon_dagster.check_evidence(
            evidence, released, engine=e
        ).to_frame(),
        "auto_anonymize": lambda e: (
            anon_dagster.auto_anonymize(FRAME, seconds=0.1, engine=e).detection.table
        ),
        "examine_residual": lambda e: (
            anon_dagster.examine_residual(result, frame=FRAME, engine=e).findings
        ),
        "export_hierarchy": lambda e: anon_dagster.export_hierarchy(
            REQUEST, "age", frame=FRAME, engine=e
        ),
        "risk_per_record": lambda e: (
            anon_dagster.risk_per_record(result, frame=FRAME, engine=e).release
        ),
    }


def test_every_public_call_takes_one_except_those_that_read_where_they_are_called(
    calls: dict[str, Call],
) -> None:
    functions = {name for name in anon_dagster.__all__ if is_call(getattr(anon_dagster, name))}
    taking = {n for n in functions if "engine" in parameters(getattr(anon_dagster, n))}
    reading = functions - WITHOUT - {"load_request", "parse_request"}
    assert taking == reading == set(calls)


def is_call(value: object) -> bool:
    return inspect.isfunction(value)


def parameters(function: Callable[..., object]) -> Iterable[str]:
    return inspect.signature(function).parameters


@pytest.mark.parametrize(
    "name",
    sorted(
        set(anon_dagster.__all__)
        & {
            *("anonymize", "measure", "apply", "verify", "auto_anonymize", "examine_residual"),
            *("export_hierarchy", "risk_per_record", "check_evidence"),
        }
    ),
)
def test_a_call_works_with_the_engine_that_it_is_given_and_gives_the_same(
    name: str, calls: dict[str, Call], monkeypatch: pytest.MonkeyPatch
) -> None:
    used: set[int] = set()
    map_of_threads = LocalEngine.map

    def spy(self: LocalEngine, work: Any, jobs: Any) -> Iterator[Any]:
        used.add(self.threads)
        return map_of_threads(self, work, jobs)

    monkeypatch.setattr(LocalEngine, "map", spy)
    monkeypatch.setenv("ANON_ENGINE", "threads: 2")
    expected = calls[name](None)
    assert used <= {2}
    used.clear()
    given = calls[name]({"type": "local", "threads": 5})
    assert used <= {5}
    assert used or name == "risk_per_record"
    if isinstance(expected, pd.DataFrame):
        pd.testing.assert_frame_equal(given, expected)  # type: ignore[arg-type]
    else:
        assert given == expected


def test_what_is_no_engine_is_refused_by_every_call(calls: dict[str, Call]) -> None:
    for call in calls.values():
        with pytest.raises(RequestError, match=r"engine\.type must be one of local, dask"):
            call("ray")


def test_a_request_with_an_engine_is_refused() -> None:
    with pytest.raises(RequestError, match="ANON_ENGINE in the environment"):
        anon_dagster.anonymize({**REQUEST, "engine": {"type": "local"}}, frame=FRAME)
