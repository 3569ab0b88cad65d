"""Evidence held against the release that it goes with, by whoever has both and nothing else.

The release is read and measured anew, and the whole document made again of it: what differs by a
single figure or word is found. What rests on something that no release shows is named instead.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from math import isclose
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from anon_dagster.discreet import Discreet
from anon_dagster.errors import PromiseBrokenError, SchemaMismatchError, counted
from anon_dagster.report.evidence import Evidence
from anon_dagster.report.handover.asked import Asked
from anon_dagster.report.handover.beyond import NEEDS
from anon_dagster.report.handover.document import asked_of, document_of, facts_of
from anon_dagster.report.handover.sections import Files, Named
from anon_dagster.report.handover.signing import SIGNATURE, is_signed_by
from anon_dagster.storage.opened import OpenSource

Found = Literal["holds", "fails", "cannot be told"]
_CLOSE = 1e-9
"""What the last digits of a float may differ by on another machine."""
_NAMED = 8
"""So many places that differ are named."""
_GIVEN = (
    "the dataset, the job, the time, the versions, what was to be done to each attribute, and what "
    "it commits to: a signature alone vouches for them"
)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, and what was found."""

    name: str
    found: Found
    says: str

    def __str__(self) -> str:
        return f"{self.name}: {self.found}; {self.says}" if self.says else f"{self.name}: holds"


@dataclass(frozen=True, slots=True)
class EvidenceCheck(Discreet, shown=("holds", "checks")):
    """What came of holding evidence against a release."""

    checks: tuple[Check, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing was found that is not as the evidence says."""
        return not any(each.found == "fails" for each in self.checks)

    @property
    def failures(self) -> tuple[Check, ...]:
        """What is not as the evidence says."""
        return tuple(each for each in self.checks if each.found == "fails")

    @property
    def untold(self) -> tuple[Check, ...]:
        """What nobody can tell without the source."""
        return tuple(each for each in self.checks if each.found == "cannot be told")

    def to_frame(self) -> pd.DataFrame:
        """Return a row per check."""
        rows = [(each.name, each.found, each.says) for each in self.checks]
        return pd.DataFrame(rows, columns=["check", "found", "says"])

    def __str__(self) -> str:
        return "\n".join(map(str, self.checks))


def check(
    document: Mapping[str, Any],
    table: OpenSource,
    files: Files | None,
    public_key: str | Path | None = None,
) -> EvidenceCheck:
    """Hold evidence against a release.

    Parameters
    ----------
    files
        Those of the release; ``None`` if it was handed over as records.
    public_key
        The PEM file of whoever is to have signed it.

    Raises
    ------
    EvidenceError
        If the evidence cannot be understood, or the key not be read.
    SourceError
        If the release cannot be read.
    """
    asked, facts = asked_of(document), facts_of(document)
    stored = _files_of(facts)
    return EvidenceCheck(
        (
            _signature(document, public_key),
            _checksum(stored, files),
            *_measured(document, facts, table, stored if files is None else files),
            *_beyond(asked),
            Check("what the evidence is called", "cannot be told", _GIVEN),
        )
    )


def _signature(document: Mapping[str, Any], public_key: str | Path | None) -> Check:
    name = "signature"
    if public_key is None:
        why = (
            "it is signed, and --public-key tells by whom"
            if SIGNATURE in document
            else ("nobody signed it: whoever had it could have written it anew")
        )
        return Check(name, "cannot be told", why)
    if SIGNATURE not in document:
        return Check(name, "fails", "nobody signed it")
    if not is_signed_by(document, public_key):
        return Check(name, "fails", "it is not that of this key, or the evidence was changed since")
    return Check(name, "holds", "")


def _checksum(stored: Files, files: Files | None) -> Check:
    name = "checksum of the release"
    if stored.sha256 is None:
        return Check(name, "cannot be told", "the evidence was made of a table in memory")
    if files is None:
        return Check(name, "cannot be told", "records were handed over, not the files")
    if files.sha256 != stored.sha256:
        return Check(name, "fails", "these are other files, or they were changed")
    return Check(name, "holds", "")


def _measured(
    document: Mapping[str, Any], facts: Evidence, table: OpenSource, files: Files
) -> Iterator[Check]:
    """Measure the release anew, and compare all that follows from it."""
    asked, named = asked_of(document), _named_of(facts)
    try:
        anew = document_of(named, asked, table, files)
    except PromiseBrokenError as error:
        yield Check("promises", "fails", str(error))
        return
    except SchemaMismatchError as error:
        yield Check("columns", "fails", str(error))
        return
    yield Check("promises", "holds", f"{counted(_shown(asked), 'promise')} measured anew")
    anew["facts"]["identity"]["of_release"]["sha256"] = _files_of(facts).sha256  # told above
    apart = {SIGNATURE, "commitment"}
    told = {key: value for key, value in document.items() if key not in apart}
    anew = {key: value for key, value in anew.items() if key not in apart}
    is_other = named.versions.get("anon-dagster") != version("anon-dagster")
    yield _compared(list(_differences(told, anew, "")), is_other_version=is_other)


def _compared(differing: list[tuple[str, bool]], *, is_other_version: bool) -> Check:
    name = "figures and facts"
    if not differing:
        return Check(name, "holds", "")
    shown = ", ".join(place for place, _ in differing[:_NAMED])
    more = f" and {len(differing) - _NAMED} more" if len(differing) > _NAMED else ""
    says = f"{counted(len(differing), 'place')} not as the release has it: {shown}{more}"
    if all(is_text for _, is_text in differing) and is_other_version:
        return Check(name, "cannot be told", f"written by another version; {says}")
    return Check(name, "fails", says)


def _differences(told: Any, anew: Any, place: str) -> Iterator[tuple[str, bool]]:  # noqa: ANN401 (JSON)
    """Give the places where a document differs from another one, and whether both have texts."""
    if isinstance(told, dict) and isinstance(anew, dict):
        for key in sorted({*map(str, told), *anew}):
            if (key in told) != (key in anew):
                yield _below(place, key if key in anew else "(unknown)"), False
            else:
                yield from _differences(told[key], anew[key], _below(place, key))
    elif isinstance(told, list) and isinstance(anew, list):
        if len(told) != len(anew):
            yield place, False
        for number, pair in enumerate(zip(told, anew, strict=False)):
            yield from _differences(*pair, _below(place, number))
    elif not _same(told, anew):
        yield place, isinstance(told, str) and isinstance(anew, str)


def _below(place: str, key: str | int) -> str:
    return f"{place}.{key}" if place else str(key)


def _same(told: Any, anew: Any) -> bool:  # noqa: ANN401 (JSON)
    if isinstance(told, bool) or isinstance(anew, bool):
        return told is anew
    if isinstance(told, float) and isinstance(anew, float):
        return isclose(told, anew, rel_tol=_CLOSE, abs_tol=_CLOSE)
    return bool(told == anew)


# -- what no release shows -------------------------------------------------------------------


def _beyond(asked: Asked) -> Iterator[Check]:
    """Name what the release alone does not show."""
    for each in asked.beyond:
        name = f"{each.name} of {each.attribute}" if each.attribute else each.name
        yield Check(name, "cannot be told", f"it takes {NEEDS[each.needs]}")


def _shown(asked: Asked) -> int:
    policy = asked.policy
    return len(policy.privacy.guarding) + sum(
        getattr(policy.privacy, name) is not None
        for name in ("k_anonymity", "average_risk", "sample_uniqueness", "differential_privacy")
    )


# -- what stands in the document ---------------------------------------------------------------


def _named_of(facts: Evidence) -> Named:
    """Return what a release is called, as evidence has it."""
    told = facts.identity.of_request
    return Named(told.dataset, told.made, told.job, told.versions, told.table)


def _files_of(facts: Evidence) -> Files:
    """Return what evidence says of the files of the release."""
    told = facts.identity.of_release
    return Files(tuple(each.size for each in told.files), told.sha256)
