"""A release on its way: written beside its target, measured there, and only then published."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from enum import IntEnum

import pandas as pd
import pyarrow as pa

from anon_dagster.discreet import Discreet
from anon_dagster.engine.memory import give_back
from anon_dagster.errors import AnonError, PromiseBrokenError, SourceError
from anon_dagster.planning.decision import Decision
from anon_dagster.progress import Progress, ProgressSink, ignore_progress, running
from anon_dagster.reading.counting import Count, count
from anon_dagster.reading.persons import (
    LINK,
    fresh_key,
    owners_asked,
    with_links,
    with_persons,
)
from anon_dagster.reading.sampled import drawn_again
from anon_dagster.reading.scanning import Onlooker, Scan
from anon_dagster.releasing.examination import disclosure_of, examiner_of
from anon_dagster.releasing.persons_file import JoinedPersons, PersonsFile, StoredPersons
from anon_dagster.releasing.recipe import recipe
from anon_dagster.releasing.recoder import write_records
from anon_dagster.releasing.repeated import asks_for_repeated, former_at, with_repeated
from anon_dagster.releasing.schemas import release_problems
from anon_dagster.releasing.workspace import HELD, PERSONS, Announcement, Versions, Workspace
from anon_dagster.request import Policy, Source, Target
from anon_dagster.residual import ResidualDisclosure
from anon_dagster.storage.addresses import absolute, base_name, exists
from anon_dagster.storage.failures import writing
from anon_dagster.storage.fingerprints import fingerprint
from anon_dagster.storage.frames import read_frame
from anon_dagster.storage.listing import names_in
from anon_dagster.storage.manifest import SUCCESS
from anon_dagster.storage.opening import open_to_read
from anon_dagster.storage.sources import OpenSource, open_source
from anon_dagster.storage.targets import StagedTarget, held_target, stage, take_away
from anon_dagster.verification import (
    IDENTIFIERS,
    MASKED,
    NUMBERS,
    SUPPRESSION,
    WEIGHTS,
    Verification,
    pseudonym_patterns,
    verify,
)

_OF_RECORDS = {IDENTIFIERS, MASKED, NUMBERS, SUPPRESSION, WEIGHTS}
"""What is promised of records by themselves, whatever was released before."""


@dataclass(frozen=True, slots=True, eq=False)
class Release(Discreet, shown=("verification.verdict", "count.records", "kept")):
    """What was published, and what was measured on it as it is stored."""

    target: Target
    paths: tuple[str, ...]
    schema: pa.Schema
    kept: tuple[str, ...]
    """Columns that are released as they stand in the source."""
    count: Count
    """The stored release, read again."""
    verification: Verification
    checksum: str
    """SHA-256 over the files in their order."""
    versions: Versions
    """Of the published files; none if their store did not tell."""
    residual: ResidualDisclosure
    """What was found that it tells beside its promises."""
    left_behind: bool = False
    """Whether something beside the target could not be removed when it was published."""

    @property
    def source(self) -> Source:
        """The published files, to be read."""
        return Source(path=self.paths, format=self.target.format_found, csv=self.target.csv)


@dataclass(frozen=True, slots=True, eq=False)
class StagedRelease:
    """A release that lies beside its target, whole and measured."""

    staged: StagedTarget
    checksum: str
    count: Count

    def announce_to(self, workspace: Workspace) -> None:
        """Tell where it is about to be published, and what lies there now."""
        workspace.on_progress(Progress("publish", 0, self.count.records))
        paths = self.staged.final_paths
        made = self.staged.versions
        workspace.announce(Announcement(paths, self.checksum, versions_of(paths), made))

    def publish(self, workspace: Workspace) -> None:
        """Tell that it is about to be published, and publish it."""
        self.announce_to(workspace)
        self.staged.publish()

    def take_back(self, workspace: Workspace) -> bool:
        """Put back what it replaced, if it was published; tell whether its place is as it was.

        What lies there then is announced as the former one, so that nobody takes it for this.
        """
        try:
            if self.staged.take_back():
                paths = self.staged.final_paths
                workspace.announce(Announcement(paths, self.checksum, versions_of(paths)))
        except AnonError:
            return False
        return True


@dataclass(frozen=True, slots=True, eq=False)
class WrittenRelease(StagedRelease):
    """A release that was written just now, and how it came about."""

    decision: Decision
    schema: pa.Schema
    kept: tuple[str, ...]
    verification: Verification
    residual: ResidualDisclosure
    persons: StoredPersons | None
    """Whose its records are, where the policy counts persons."""

    @property
    def published(self) -> Release:
        """The release, once it is in its place."""
        paths, versions = self.staged.final_paths, _known_versions(self.staged.final_paths)
        return Release(
            self.staged.target,
            paths,
            self.schema,
            self.kept,
            count=self.count,
            verification=self.verification,
            checksum=self.checksum,
            versions=versions,
            residual=self.residual,
            left_behind=self.staged.left_behind,
        )


def write_release(
    decision: Decision,
    source: OpenSource,
    workspace: Workspace,
    *,
    judge: Callable[[Verification], None] = Verification.require,
) -> Release:
    """Write the release beside its target, measure it there, and only then publish it.

    Parameters
    ----------
    source
        What was counted; it is read again.
    judge
        Raises a :class:`PromiseBrokenError` of what was measured unless it may be published.

    Raises
    ------
    PromiseBrokenError
        If what was stored does not keep a promise, or is not as decided; nothing is published then.
    DisclosureError
        If it tells what the policy refuses to tell; nothing is published then.
    SourceError
        If the source changed since it was counted, or has no records and there is a target.
    TargetError
        If the target cannot be written.
    """
    with (
        written(decision, source, workspace, judge=judge) as release,
        workspace.alone_at([release.staged.target.address]),
    ):
        release.publish(workspace)
        return release.published


@contextmanager
def written(
    decision: Decision,
    source: OpenSource,
    workspace: Workspace,
    *,
    judge: Callable[[Verification], None] = Verification.require,
) -> Iterator[WrittenRelease]:
    """Write a release beside its target and measure it there; what is not published is removed.

    See :func:`write_release`.
    """
    _require_records(decision)
    source = drawn_again(source, decision.counted.sampling, decision.request.policy)
    plain_source, persons, key = source, None, decision.counted.owner_key or ""
    if decision.counted.owners:
        source = with_persons(source, decision.request.policy, key)
        persons = PersonsFile(workspace.folder / PERSONS)
    target, private = _place(decision.request.target, workspace)
    made = recipe(decision, source)
    encoded = target.format_found == "csv"  # which is written by the different values
    schema = made.encoded_schema if encoded else made.schema
    with stage(target, schema, token=workspace.job_id, private=private) as staged:
        examiner = examiner_of(decision, plain_source, made)
        on_rows = running("write", decision.counted.records, workspace.on_progress)
        reading = Scan("write", on_rows, examiner.of_source)
        write_records(staged, source, made, reading, encoded=encoded, persons=persons)
        if persons is not None:
            persons.close()
        files = staged.seal()
        give_back()
        told = None
        if persons is not None:
            told = StoredPersons(persons.path, key, persons.columns)
        stored = _count_staged(decision, staged, told, workspace, examiner.of_release)
        verification = verify_release(decision, stored)
        judge(verification)
        _require_as_decided(decision, stored, made.kept)
        residual = disclosure_of(decision, examiner, stored, made)
        if asks_for_repeated(decision.request.policy):
            former = [*former_at(decision.request.target), *workspace.former()]
            releases = (staged.staged_source(), former)
            residual = with_repeated(residual, examiner.subject, decision, plain_source, releases)
        residual.require()
        checksum = checksum_of(files)
        yield WrittenRelease(
            staged,
            checksum,
            stored,
            decision,
            made.schema,
            made.kept,
            verification,
            residual,
            persons=told,
        )


def _place(target: Target | None, workspace: Workspace) -> tuple[Target, bool]:
    """Return where a release is written, and whether it stays with the job for now."""
    if target is None:
        return Target(path=str(workspace.folder / "release.parquet")), True
    return (held_target(target, workspace.folder / HELD), True) if target.hold else (target, False)


def _count_staged(
    decision: Decision,
    staged: StagedTarget,
    persons: StoredPersons | None,
    workspace: Workspace,
    onlooker: Onlooker,
) -> Count:
    stored = staged.staged_source()
    return count_release_of(
        open_source(stored),
        decision.released.policy,
        decimal=stored.csv.decimal,
        persons=persons,
        on_progress=workspace.on_progress,
        onlooker=onlooker,
    )


def _known_versions(paths: Sequence[str]) -> Versions:
    """Return the versions of published files; none if their store does not answer now."""
    with suppress(AnonError):
        return versions_of(paths)
    return ()


def _require_records(decision: Decision) -> None:
    """Refuse to replace a release by one of a source without records: it is likely cut off."""
    counted = decision.counted
    drawn_from = 0 if counted.sampling is None else counted.sampling.records
    if not (counted.records or drawn_from) and decision.request.target is not None:
        raise SourceError(
            "the source has no records, so there is nothing to release; the target is left as it is"
        )


def _require_as_decided(decision: Decision, stored: Count, kept: tuple[str, ...]) -> None:
    """Refuse a stored release that has other columns, labels or gaps than were decided."""
    if problems := differences(decision, stored, kept):
        raise PromiseBrokenError(f"the stored release is not as decided: {'; '.join(problems)}")


def differences(decision: Decision, stored: Count, kept: tuple[str, ...]) -> list[str]:
    """Say how a stored release differs from what was decided; see :func:`release_problems`."""
    counted, solution, gone = decision.counted, decision.solution, decision.unreleased
    if gone:
        names = decision.plan.quasi_identifiers
        labels = zip(names, solution.generalized, strict=True)
        told = tuple(generalized for name, generalized in labels if name not in gone)
        solution = replace(solution, generalized=told)
        columns = {name: each for name, each in counted.columns.items() if name not in gone}
        counted = replace(counted, columns=columns)
    policy = decision.released.policy
    return release_problems(stored, policy, solution, kept, source=counted)


class Withdrawal(IntEnum):
    """What became of a release that was to be removed; whether it was there."""

    NOT_THERE = 0
    WHOLE = 1
    BUT_VERSIONS = 2
    """Its bucket keeps a version of it, which the credentials may not delete."""

    @property
    def leaves_versions(self) -> bool:
        """Whether its bucket keeps a version of it."""
        return self is Withdrawal.BUT_VERSIONS


def withdraw(target: str, paths: Sequence[str], versions: Versions) -> Withdrawal:
    """Remove a published release, and tell whether it was there.

    Parameters
    ----------
    target
        Where the request sent it.
    paths, versions
        Its files, as :func:`versions_of` tells them from those that somebody else put in their
        place since, of the same content or not; these are left alone.

    Raises
    ------
    TargetError
        If it cannot be removed.
    """
    with writing(target):
        if not versions or list(map(list, versions_of(paths))) != list(map(list, versions)):
            return Withdrawal.NOT_THERE
        root = absolute(target)
        alone = {*names_in(root)} <= {SUCCESS, *map(base_name, paths)}
        published = (root,) if root in paths or alone else (f"{root}/{SUCCESS}", *paths)
        seen = dict(zip(paths, versions, strict=True))
        kept = sum(take_away(path, seen.get(path, ())) for path in published)
    return Withdrawal.BUT_VERSIONS if kept else Withdrawal.WHOLE


def versions_of(paths: Iterable[str]) -> Versions:
    """Return what tells files from others of the same content that come into their place."""
    return [_version_at(path) for path in paths]


def _version_at(path: str) -> tuple[str, ...]:
    with writing(path):
        return fingerprint(path).version if exists(path) else ()


def count_release(
    policy: Policy,
    stored: Source,
    *,
    persons: StoredPersons | None = None,
    on_progress: ProgressSink = ignore_progress,
) -> Count:
    """Read a stored release as anybody would who was handed it.

    Parameters
    ----------
    persons
        Whose its records are, see :mod:`anon_dagster.releasing.persons_file`.
    """
    return count_release_of(
        open_source(stored),
        policy,
        decimal=stored.csv.decimal,
        persons=persons,
        on_progress=on_progress,
    )


def count_release_of(
    release: OpenSource,
    policy: Policy,
    *,
    decimal: str = ".",
    persons: StoredPersons | None = None,
    on_progress: ProgressSink = ignore_progress,
    onlooker: Onlooker | None = None,
) -> Count:
    """Read a release that is open, while somebody may look at it."""
    attributes = [name for name in policy.attributes_released if name in release.columns]
    if persons is not None:
        owners = tuple(owners_asked(policy))
        joined = JoinedPersons(release, persons.path, persons.columns or owners)
        release = with_links(joined, policy, persons.key or fresh_key())
        attributes += [name for name in (*owners, LINK) if name in release.columns]
    on_rows = running("verify", None, on_progress, guess=release.records)
    patterns = pseudonym_patterns(policy)
    reading = Scan("verify", on_rows, onlooker)
    stored = count(release, attributes, patterns=patterns, decimal=decimal, reading=reading)
    return stored if persons is None else stored.with_persons(persons.key)


def verify_release(decision: Decision, stored: Count) -> Verification:
    """Measure every promise on what was stored, by code that the search has no part in."""
    alone = verify(
        stored,
        decision.released.policy,
        source_count=decision.counted,
        reference=decision.reference,
        levels=decision.levels,
    )
    if decision.beside is None:
        return alone
    whole = stored.of_attributes().merge(decision.beside)
    together = verify(whole, decision.released.policy, reference=decision.reference)
    own = [promise for promise in alone.promises if promise.name in _OF_RECORDS]
    others = [promise for promise in together.promises if promise.name not in _OF_RECORDS]
    return Verification((*own, *others), together.classes)


def checksum_of(files: Iterable[str]) -> str:
    """Return the SHA-256 over files in their order."""
    digest = hashlib.sha256()
    for file in files:
        with open_to_read(file) as content:
            while chunk := content.read(2**20):
                digest.update(chunk)
    return digest.hexdigest()


def released_frame(
    release: Release, *, like: pd.DataFrame | None = None, moved: Collection[str] = ()
) -> pd.DataFrame:
    """Read a published release as a DataFrame.

    Parameters
    ----------
    like
        The records that were handed over; columns that were kept have their types, but of
        categories only those that a released record has.
    moved
        The columns of shifted dates, which are no longer among the categories that they had.
    """
    frame = read_frame(release.source, {name: c.kinds for name, c in release.count.columns.items()})
    if like is None:
        return frame
    types = dict(zip(map(str, like.columns), like.dtypes, strict=True))
    had_missing = dict(zip(types, like.isna().any(), strict=True))
    derived = set(release.kept) - set(types)
    free = {n for n in moved if isinstance(types.get(n), pd.CategoricalDtype)}
    for name in (n for n in release.kept if n not in derived | free):
        if not frame[name].isna().any() or had_missing[name]:  # else there is no room for them
            frame[name] = frame[name].astype(types[name])
        if isinstance(types[name], pd.CategoricalDtype):
            frame[name] = frame[name].cat.remove_unused_categories()
    return frame
