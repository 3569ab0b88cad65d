"""Files that come in one after another, each of which is released by itself."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from anon_dagster.request.locations import Safe, Source, Target
from anon_dagster.request.strict import Flag, Share, StrictModel

FILE = "{file}"
"""Stands in the path of a target for the path of a file below its folder, without its ending."""


class SolutionFile(StrictModel):
    """A solution as a document, such as ``AnonResult.document()`` gives."""

    path: Annotated[str, Safe]


class Arrivals(StrictModel):
    """What becomes of each new or changed file of a folder, prefix or glob."""

    source: Source | None = None
    """Where the files come in; the source of the request if left out."""
    target: Target
    """Where the release of each goes, ``{file}`` in its path being the path of the file below the
    folder of the source, without its ending."""
    mode: Literal["anonymize", "apply"] = "anonymize"
    """Each file is a table that keeps every promise by itself; or the solution that was found for
    the dataset is applied to it."""
    solution: SolutionFile | None = None
    """Of ``mode: apply``; that of the dataset's last job if left out."""
    lacking: Literal["suppress", "refuse"] = "suppress"
    """Of ``mode: apply``: what becomes of records with a value that a hierarchy lacks."""
    enforce: Flag = True
    """Of ``mode: apply``: records of classes that break a promise by themselves are suppressed."""
    suppress_at_most: Share = 0.5
    """Of ``mode: apply``: share of the records of a file that may be suppressed, for ever; a file
    that exceeds it is set aside."""
    settle_seconds: Annotated[float, Field(ge=0)] = 30.0
    """How long a file must lie still before it is read; objects of S3 appear whole and need not."""
    every_seconds: Annotated[int, Field(ge=5)] = 30
    """How often is looked for new files."""
    files_per_run: Annotated[int, Field(ge=1)] = 50
    files_per_tick: Annotated[int, Field(ge=1, le=5_000)] = 500
    """How many files are given to runs, and not done with, at any time."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        steps = self.target.path.replace(FILE, "", 1)
        if FILE not in self.target.path or "{" in steps or "}" in steps:
            raise ValueError(f"the path of the target needs {FILE} once, and no other braces")
        if self.source is not None and not isinstance(self.source.path, str):
            raise ValueError("the source must be one folder, prefix or glob")
        if self.solution is not None and self.mode != "apply":
            raise ValueError("solution goes with mode: apply")
        return self
