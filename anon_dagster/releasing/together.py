"""Releases of linked tables: measured together, and published together or not at all."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from anon_dagster.errors import PromiseBrokenError, TargetError, of_table
from anon_dagster.planning.decision import Decision
from anon_dagster.reading.counting import Count
from anon_dagster.reading.persons import PERSON
from anon_dagster.releasing.persons_file import JoinedPersons
from anon_dagster.releasing.publication import Release, StagedRelease, WrittenRelease, written
from anon_dagster.releasing.workspace import Workspace
from anon_dagster.request import LinkedRequest, Source
from anon_dagster.storage.sources import OpenSource, open_source
from anon_dagster.verification import Verification
from anon_dagster.verification.linked import verify_linked


@dataclass(frozen=True, slots=True, eq=False)
class LinkedReleases:
    """What was published of linked tables, by table, and what they promise together."""

    releases: dict[str, Release]
    verification: Verification
    """Of the table that joins, with the stored labels of the other one beside its records."""


def write_linked(
    request: LinkedRequest,
    decisions: Mapping[str, Decision],
    sources: Mapping[str, OpenSource],
    workspaces: Mapping[str, Workspace],
) -> LinkedReleases:
    """Write the releases of linked tables beside their targets, measure all, and publish all.

    Parameters
    ----------
    decisions, sources, workspaces
        By table: what was decided, what was counted for it, and where the job keeps what it knows
        of it, a folder for each. They are published in this order.

    Raises
    ------
    PromiseBrokenError
        If one does not keep a promise by itself, or both together, or is not as decided.
    DisclosureError, SourceError, TargetError
        As :func:`anon_dagster.releasing.publication.write_release`. No target is changed then.
    """
    with ExitStack() as stack:
        beside = {
            name: _written(stack, name, decision, sources[name], workspaces[name])
            for name, decision in decisions.items()
        }
        verification = _verified(request, beside)
        addresses = [release.staged.target.address for release in beside.values()]
        with workspaces[request.master].alone_at(addresses):
            publish_together(beside, workspaces)
            published = {name: release.published for name, release in beside.items()}
    return LinkedReleases(published, verification)


def _written(
    stack: ExitStack, name: str, decision: Decision, source: OpenSource, workspace: Workspace
) -> WrittenRelease:
    """Write the release of a table beside its target; an error says which table it is of."""
    with of_table(name):
        return stack.enter_context(written(decision, source, workspace))


def _verified(request: LinkedRequest, beside: Mapping[str, WrittenRelease]) -> Verification:
    """Measure what the releases promise together, each as it is stored.

    Raises
    ------
    PromiseBrokenError
        If they break it.
    """
    stored = {}
    for name, release in beside.items():
        assert release.persons is not None, "linked tables count persons"
        stored[name] = (release.staged.staged_source(), release.persons.path)
    counted = beside[request.detail].decision.counted
    verification = verify_together(request, stored, counted)
    if verification.failures:
        broken = "; ".join(str(promise) for promise in verification.failures)
        raise PromiseBrokenError(
            f"{request.detail}, with what {request.master} tells of its persons: {broken}"
        )
    return verification


def verify_together(
    request: LinkedRequest, stored: Mapping[str, tuple[Source, Path]], counted: Count
) -> Verification:
    """Measure what stored releases of linked tables promise together.

    Parameters
    ----------
    stored
        By table: the release, and the file of its job that tells whose its records are.
    counted
        The source of the detail, with the columns of the master beside its own.

    Raises
    ------
    PromiseBrokenError
        If their records are not of the same persons.
    """
    with_persons = {
        name: JoinedPersons(open_source(source), path, (PERSON,))
        for name, (source, path) in stored.items()
    }
    return verify_linked(
        with_persons[request.detail],
        with_persons[request.master],
        request.joined().policy,
        source_count=counted,
        decimal=stored[request.detail][0].csv.decimal,
    )


def publish_together(
    releases: Mapping[str, StagedRelease], workspaces: Mapping[str, Workspace]
) -> None:
    """Publish one release after the other; if one cannot be, put back what others replaced.

    Raises
    ------
    TargetError
        If one of the places was taken by something else meanwhile: all are as they were then. If
        one could not be put back, it is named.
    """
    try:
        for release in releases.values():
            release.staged.keep_former()
        for name, release in releases.items():
            release.publish(workspaces[name])
    except BaseException as error:
        lost = [
            release.staged.target.path
            for name, release in reversed(list(releases.items()))
            if not release.take_back(workspaces[name])
        ]
        if lost and isinstance(error, Exception):
            raise TargetError(
                f"not all of the linked tables could be published, and {', '.join(lost)} has the "
                "new release: remove it, or run the job again"
            ) from None
        raise
