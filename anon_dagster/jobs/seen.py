"""The former releases that a held release was examined with, and those that came since.

Two held releases of the same people may both be approved. The second one then meets the first one
as a former release that its examination did not know.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from anon_dagster.errors import AnonError, DisclosureError, counted
from anon_dagster.jobs.folder import JobFolder, LinkedJob
from anon_dagster.jobs.former import former_releases
from anon_dagster.releasing.publication import checksum_of
from anon_dagster.releasing.repeated import asks_for_repeated, former_at, with_repeated
from anon_dagster.storage import listing

if TYPE_CHECKING:
    from anon_dagster.planning.decision import Decision
    from anon_dagster.releasing.workspace import FormerRelease
    from anon_dagster.request import Source
    from anon_dagster.residual import Finding, ResidualDisclosure
    from anon_dagster.storage.sources import OpenSource

_AGAIN = "nothing is published: reject it and run the job again, whose report then tells it"


@dataclass(slots=True)
class Seen:
    """Remembers marks of the former releases that jobs are told of."""

    marks: list[str] = field(default_factory=list)

    def of(self, job: JobFolder) -> "Callable[[], list[FormerRelease]]":
        """Return what tells a job of former releases; they are remembered if it wants to be."""

        def former() -> "list[FormerRelease]":
            found = former_releases(job)
            target = job.load_request().target
            if target is not None and target.hold:
                self.marks += map(_mark, [*former_at(target), *found])
            return found

        return former


def _mark(former: "FormerRelease") -> str:
    """Return what tells a former release from one that takes its place."""
    try:
        return f"{former.name} {checksum_of(listing.resolve(former.source.path))}"
    except AnonError as error:
        if error.transient:
            raise
        return f"{former.name} is not read"


def require_nothing_new(
    job: JobFolder, stored: "Mapping[str, Source]", seen: Iterable[str]
) -> None:
    """Refuse a held release of which others that came since tell more than its report.

    Parameters
    ----------
    stored
        By table: the release as it lies beside its target.
    seen
        Marks of what it was examined with.

    Raises
    ------
    DisclosureError
        If more is told, or nobody can find out whether it is.
    """
    known, linked = frozenset(seen), job.linked
    folders = {"": job} if linked is None else linked.folders
    for table, folder in folders.items():
        policy, target = folder.load_request().policy, folder.load_request().target
        if asks_for_repeated(policy):
            former = [*former_at(target), *former_releases(folder)]
            new = [each for each in former if _mark(each) not in known]
            if new:
                found = _examined(folder, linked, table, stored[table], former)
                _require_told(found, folder.load_residual(), len(new))


def _examined(
    folder: JobFolder,
    linked: LinkedJob | None,
    table: str,
    stored: "Source",
    former: "list[FormerRelease]",
) -> "ResidualDisclosure":
    """Examine what a release tells together with all former ones; the source is read again."""
    from anon_dagster.releasing.examination import examiner_of
    from anon_dagster.releasing.recipe import recipe
    from anon_dagster.residual import ResidualDisclosure

    try:
        decision, source = _decided(folder) if linked is None else _linked(linked, table)
        subject = examiner_of(decision, source, recipe(decision, source)).subject
        nothing = ResidualDisclosure((), 0, 0, subject.policy.residual.seed, subject.k)
        return with_repeated(nothing, subject, decision, source, (stored, former))
    except DisclosureError:
        raise
    except AnonError as error:
        if error.transient:
            raise
        raise DisclosureError(
            f"of the same people {counted(len(former), 'other release')} "
            f"{'exists' if len(former) == 1 else 'exist'} by now, and nobody can tell what all "
            f"tell together ({error}); {_AGAIN}"
        ) from None


def _decided(folder: JobFolder) -> "tuple[Decision, OpenSource]":
    """Return what a job decided, and the source that it decided it for."""
    from anon_dagster.jobs.examination import decision_of
    from anon_dagster.operations.preparation import open_again
    from anon_dagster.reading.sampled import drawn_again

    decision = decision_of(folder)
    opened = open_again(folder.load_request(), days=folder.load_days())
    return decision, drawn_again(opened, decision.counted.sampling, decision.request.policy)


def _linked(linked: LinkedJob, table: str) -> "tuple[Decision, OpenSource]":
    """Return what was decided for one of linked tables, and its source, joined if it joins."""
    from anon_dagster.operations.tables import open_linked
    from anon_dagster.reading.joined import JoinedTables

    opened = open_linked(linked.request, None)
    for name, folder in linked.folders.items():
        folder.require_source(opened.sources[name])
    source = opened.sources[table]
    if table == linked.request.detail:
        source = JoinedTables(source, opened.persons)
    return linked.load_decisions()[table], source


def _require_told(found: "ResidualDisclosure", told: "ResidualDisclosure", new: int) -> None:
    """Refuse what the report of a job does not tell of its release."""
    found.require()
    known = {_kind(each): each.records or 0 for each in told.of("repeated")}
    more = [f for f in found.of("repeated") if (f.records or 0) > known.get(_kind(f), -1)]
    if more:
        findings = "; ".join(f"{each}: {found.how_many(each)}" for each in more)
        raise DisclosureError(
            f"{counted(new, 'release')} of the same people came after this one was examined, and "
            f"together they tell more than its report says: {findings}; {_AGAIN}"
        )


def _kind(finding: "Finding") -> tuple[str, tuple[str, ...]]:
    return finding.relation, finding.protected
