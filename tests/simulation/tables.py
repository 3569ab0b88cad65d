"""Tables of people who do not exist, each told from all others by every record of its release."""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache, partial
from typing import Any

import pandas as pd

from anon_dagster.errors import PromiseBrokenError
from anon_dagster.jobs.announcement import workspace_of
from anon_dagster.jobs.folder import JobFolder
from anon_dagster.operations import preparation
from anon_dagster.planning.deciding import decide
from anon_dagster.planning.decision import Decision
from anon_dagster.planning.plan import plan
from anon_dagster.progress import ProgressSink
from anon_dagster.releasing.publication import Release, write_release
from anon_dagster.request import Request, parse_request
from anon_dagster.storage.sources import OpenSource
from anon_dagster.verification import Verification

CANARY = "Zeisig"
"""In every name of a person: it may be in no message."""
POLICY: dict[str, Any] = {
    "attributes": {
        "name": {"role": "direct_identifier"},
        "age": {"role": "quasi_identifier"},
        "issue": {"role": "non_sensitive"},
    },
    "privacy": {"k_anonymity": {"k": 2}},
}
_RECORDS = 6
_ROW = re.compile(rb"2[01],issue-(\d+)")


class TornError(AssertionError):
    """What lies at a target is no whole release."""


def table(number: int) -> bytes:
    """Return a table as a file has it."""
    people = [f"{CANARY}-{number}-{p},{20 + p % 2},issue-{number}\n" for p in range(_RECORDS)]
    return f"name,age,issue\n{''.join(people)}".encode()


def is_unfit(number: int) -> bool:
    """Tell whether the release of a table breaks a promise, as is found once it is stored."""
    return number % 8 == 7


def _judge(number: int, verification: Verification) -> None:
    """Measure a release, and find that of an unfit table wrong."""
    verification.require()
    if is_unfit(number):
        raise PromiseBrokenError("what was stored keeps no promise")


def number_of(parts: Sequence[bytes]) -> int:
    """Return which table a release is of.

    Raises
    ------
    TornError
        If it is not the whole release of one table.
    """
    rows = [row for part in parts for row in _rows(part)]
    found = [match[1] for row in rows if (match := _ROW.fullmatch(row.strip()))]
    if not len(rows) == len(found) == _RECORDS or len(set(found)) != 1:
        raise TornError(f"a release of {len(rows)} rows of {len(set(found))} tables")
    return int(found[0])


def _rows(part: bytes) -> list[bytes]:
    header, *rows, rest = part.split(b"\n")
    if header.strip() != b"age,issue" or rest:
        raise TornError(f"{len(part)} bytes that are no table")
    return rows


def number_in(source: bytes) -> int:
    """Return which table a file has."""
    return int(source.rstrip().rpartition(b"issue-")[2])


@cache
def _decided(number: int) -> Decision:
    """Count a table and decide how it is released: once, since nothing comes between."""
    frame = pd.DataFrame(
        {
            "name": [f"{CANARY}-{number}-{p}" for p in range(_RECORDS)],
            "age": [str(20 + p % 2) for p in range(_RECORDS)],
            "issue": [f"issue-{number}"] * _RECORDS,
        }
    )
    request = parse_request({"policy": POLICY})
    counted = preparation.count_records(request, preparation.open_table(request, frame=frame))
    made = plan(request, counted)
    return Decision(request, counted, made, decide(made))


def decided(request: Request, number: int) -> Decision:
    """Return what is decided of a table for a request."""
    return replace(_decided(number), request=request)


def publish(job: JobFolder, number: int, source: OpenSource, on_progress: ProgressSink) -> Release:
    """Write a release, measure it as it is stored, announce it, publish it, and tell of it."""
    request = job.load_request()
    workspace = workspace_of(job, on_progress)
    judge = partial(_judge, number)
    release = write_release(decided(request, number), source, workspace, judge=judge)
    job.save_release(release, request)
    return release
