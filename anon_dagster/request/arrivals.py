"""Files that come in one after another: released each by itself, or all of them together."""

import re
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from anon_dagster.request.locations import Safe, Source, Target
from anon_dagster.request.schedules import ScheduleLike
from anon_dagster.request.strict import Flag, Share, StrictModel

FILE = "{file}"
"""Stands in the path of a target for the path of a file below its folder, without its ending."""
DELTA = "{delta}"
"""Stands in the path of a target for the number of a delta, of six digits."""
_SECONDS = {"d": 86_400.0, "h": 3_600.0, "m": 60.0}
_DURATION = r"^[1-9][0-9]{0,5}[dhm]$"
Duration = Annotated[str, StringConstraints(pattern=_DURATION)]
"""Days, hours or minutes, such as ``30d``."""


class SolutionFile(StrictModel):
    """A solution as a document, such as ``AnonResult.document()`` gives."""

    path: Annotated[str, Safe]


class NewSolution(StrictModel):
    """When another solution is decided for later deltas, of ``mode: append``."""

    waiting: Share | None = 0.2
    """The share of the records read under a solution of which more wait than this."""
    drift: Share | None = 0.2
    """How far the values of any attribute may be from those that the solution was decided from: the
    total variation between both distributions, of quasi-identifiers by their released labels."""


class Arrivals(StrictModel):
    """What becomes of each new or changed file of a folder, prefix or glob."""

    source: Source | None = None
    """Where the files come in; the source of the request if left out."""
    target: Target
    """Where the release of each goes, ``{file}`` in its path being the path of the file below the
    folder of the source, without its ending; of ``mode: append`` ``{delta}``, the number of one.
    """
    mode: Literal["anonymize", "apply", "append"] = "anonymize"
    """Each file is a table that keeps every promise by itself; or the solution that was found for
    the dataset is applied to it; or deltas are released that keep every promise by themselves and
    together, see :mod:`anon_dagster.continuous`."""
    solution: SolutionFile | None = None
    """Of ``mode: apply``; that of the dataset's last job if left out."""
    lacking: Literal["suppress", "refuse"] = "suppress"
    """Of ``mode: apply``: what becomes of records with a value that a hierarchy lacks."""
    enforce: Flag = True
    """Of ``mode: apply``: records of classes that break a promise by themselves are suppressed."""
    suppress_at_most: Share = 0.5
    """Of ``mode: apply``: share of the records of a file that may be suppressed, for ever; a file
    that exceeds it is set aside."""
    judge_at: Annotated[int, Field(ge=2)] | None = None
    """Of ``mode: append``: how many people a class has when it is judged, once; found out with each
    solution if left out."""
    wait_at_most: Duration | None = None
    """Of ``mode: append``: who waits longer is suppressed."""
    people_return: Literal["never"] | None = None
    """Of ``mode: append``, where no ``person`` is named: that each person has one record ever."""
    overlap_at_most: Share = 0.1
    """Of ``people_return: never``: the share of a file's records that may read as an earlier one
    does; a file with more is set aside."""
    returning: Literal["refuse", "set_aside"] = "refuse"
    """Of ``mode: append``: whether the records of people who were judged before are refused, or
    their file is set aside."""
    observer: Literal["delta", "union"] = "delta"
    """Of ``mode: append``: whoever sees each delta; or, which promises less, only all of them."""
    new_solution: NewSolution = NewSolution()
    audit: ScheduleLike | None = "0 4 * * *"
    """Of ``mode: append``: when all deltas are measured again, as cron has it; null: when asked."""
    settle_seconds: Annotated[float, Field(ge=0)] = 30.0
    """How long a file must lie still before it is read; objects of S3 appear whole and need not."""
    every_seconds: Annotated[int, Field(ge=5)] = 30
    """How often is looked for new files."""
    files_per_run: Annotated[int, Field(ge=1)] = 50
    files_per_tick: Annotated[int, Field(ge=1, le=5_000)] = 500
    """How many files are given to runs, and not done with, at any time."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        stands = DELTA if self.mode == "append" else FILE
        steps = self.target.path.replace(stands, "", 1)
        if stands not in self.target.path or "{" in steps or "}" in steps:
            raise ValueError(f"the path of the target needs {stands} once, and no other braces")
        of_database = self.source is not None and self.source.connection is not None
        if of_database or (self.source is not None and not isinstance(self.source.path, str)):
            raise ValueError("the source must be one folder, prefix or glob")
        if self.solution is not None and self.mode != "apply":
            raise ValueError("solution goes with mode: apply")
        if self.target.is_table:
            raise ValueError("files are released one by one, to files: name csv or parquet")
        if self.mode == "append" and not self.target.single_file:
            raise ValueError("a delta is a single file: leave out single_file")
        if self.mode != "append" and (told := sorted(filter(self._is_said, _OF_APPEND))):
            raise ValueError(f"{', '.join(told)}: goes with mode: append")
        return self

    def _is_said(self, name: str) -> bool:
        """Tell whether a field says something: a document that was made of a request has all."""
        return bool(getattr(self, name) != type(self).model_fields[name].default)

    @property
    def longest_wait(self) -> float | None:
        """How many seconds somebody waits at most; None: without end."""
        return None if self.wait_at_most is None else seconds_of(self.wait_at_most)


_OF_APPEND = {
    "judge_at",
    "wait_at_most",
    "people_return",
    "overlap_at_most",
    "returning",
    "observer",
    "new_solution",
    "audit",
}


def seconds_of(duration: str) -> float:
    """Return how many seconds a duration such as ``30d`` has."""
    assert re.match(_DURATION, duration), "a validated duration"
    return int(duration[:-1]) * _SECONDS[duration[-1]]
