"""What the phases of a job are made of: its own functions on the same file, one after another.

What is part of something longer is measured by itself, and the longer one without it is the
difference of the two. Each is measured once, so that a difference that is small may even come out
below zero; and what was measured apart need not add up to what a whole job took.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from anon_dagster.engine import using
from anon_dagster.operations.preparation import as_request, count_records, open_table
from anon_dagster.planning.deciding import decide
from anon_dagster.planning.decision import Decision
from anon_dagster.planning.plan import plan, table_attributes
from anon_dagster.reading.counting import Count
from anon_dagster.reading.part import count_part
from anon_dagster.reading.scanning import PLAIN, Piece, pieces
from anon_dagster.releasing.publication import count_release_of, verify_release
from anon_dagster.releasing.recipe import Recipe, recipe
from anon_dagster.releasing.recoder import blocks, write_records
from anon_dagster.releasing.schemas import release_problems
from anon_dagster.request import Request, Target
from anon_dagster.storage.sources import OpenSource, open_source
from anon_dagster.storage.targets import stage
from benchmarks.scale.tables import request_for

_R = TypeVar("_R")

MEANINGS: Mapping[str, Mapping[str, str]] = {
    "count": {
        "read": "the batches of the source, and nothing done with them",
        "encode": "each part into codes, counts of values and packed tuples",
        "join": "parts into one table; equal values that are written differently",
    },
    "write": {
        "read": "the source again",
        "recode": "records by the codes of their values",
        "order": "recoded records into blocks, and each block sorted",
        "store": "ordered blocks into the file",
    },
    "verify": {
        "read": "the stored release",
        "count": "its parts encoded and joined",
        "measure": "every promise",
        "check": "columns, labels and gaps against what was decided",
    },
}
"""The inner shares of each phase."""


def shares(
    source: Path, target: Path, kind: str, policy: Mapping[str, Any]
) -> tuple[dict[str, dict[str, float]], Count]:
    """Measure the CPU seconds of what the phases are made of; return the count, too."""
    request = as_request(request_for(kind, source, target, policy))
    with using(None):
        opened = open_table(request)
        next(pieces(opened, _nobody), None)  # what the first reading of a process brings along
        reading, _ = _cost(lambda: _exhaust(pieces(opened, _nobody)))
        of_count, counted = _shares_of_count(request, opened, reading)
        made = plan(request, counted)
        decision = Decision(request, counted, made, decide(made))
        of_write, of_verify = _shares_of_release(decision, opened, reading)
    return {"count": of_count, "write": of_write, "verify": of_verify}, counted


def _shares_of_count(
    request: Request, source: OpenSource, reading: float
) -> tuple[dict[str, float], Count]:
    whole, counted = _cost(lambda: count_records(request, source))
    hidden = request.policy.names("direct_identifier")
    many = {name for name, column in counted.columns.items() if column.many is not None}
    count_one = partial(
        count_part,
        attributes=tuple(table_attributes(request.policy)),
        many=many | set(hidden),
        decimal=request.decimal,
    )
    encoded, _ = _cost(lambda: _on_each(lambda piece: count_one(piece.table), source))
    return {"read": reading, "encode": encoded - reading, "join": whole - encoded}, counted


def _shares_of_release(
    decision: Decision, source: OpenSource, reading: float
) -> tuple[dict[str, float], dict[str, float]]:
    made = recipe(decision, source)
    target = decision.request.target
    assert target is not None, "the request of a benchmark has a target"
    encoded = target.format_found == "csv"  # as a job decides it
    recoded, _ = _cost(lambda: _on_each(lambda piece: made.recode(piece.table), source))
    ordered, _ = _cost(lambda: _exhaust(blocks(source, made, PLAIN, encoded=encoded)))
    written, of_verify = _written_and_verified(decision, source, made, target, encoded=encoded)
    of_write = {
        "read": reading,
        "recode": recoded - reading,
        "order": ordered - recoded,
        "store": written - ordered,
    }
    return of_write, of_verify


def _written_and_verified(
    decision: Decision, source: OpenSource, made: Recipe, target: Target, *, encoded: bool
) -> tuple[float, dict[str, float]]:
    """Write a release that is never published; return what that cost, and its verification."""
    schema = made.encoded_schema if encoded else made.schema
    with stage(target, schema, token="bench") as staged:  # noqa: S106 (no secret)

        def write() -> None:
            write_records(staged, source, made, PLAIN, encoded=encoded)
            staged.seal()

        written, _ = _cost(write)
        stored = staged.staged_source()
        return written, _shares_of_verify(
            decision, open_source(stored), made, decimal=stored.csv.decimal
        )


def _shares_of_verify(
    decision: Decision, release: OpenSource, made: Recipe, *, decimal: str
) -> dict[str, float]:
    policy = decision.request.policy
    reading, _ = _cost(lambda: _exhaust(pieces(release, _nobody)))
    counting, stored = _cost(lambda: count_release_of(release, policy, decimal=decimal))
    measuring, verification = _cost(lambda: verify_release(decision, stored))
    checking, problems = _cost(
        lambda: release_problems(
            stored, policy, decision.solution, made.kept, source=decision.counted
        )
    )
    assert verification.holds
    assert not problems
    return {
        "read": reading,
        "count": counting - reading,
        "measure": measuring,
        "check": checking,
    }


def _cost(work: Callable[[], _R]) -> tuple[float, _R]:
    """Do some work; return its CPU seconds, those of all threads, and what came of it."""
    begun = time.process_time()
    result = work()
    return time.process_time() - begun, result


def _on_each(work: Callable[[Piece], object], source: OpenSource) -> None:
    _exhaust(map(work, pieces(source, _nobody)))


def _exhaust(items: Iterable[object]) -> None:
    deque(items, maxlen=0)


def _nobody(_: int) -> None:
    """Be told of records that were read, and do nothing."""
