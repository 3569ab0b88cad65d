"""The steps of a job that releases linked tables: each is made for both, in one call."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import dagster as dg

from anon_dagster.defs import holding, metadata
from anon_dagster.errors import RequestError
from anon_dagster.jobs import file_names

if TYPE_CHECKING:
    from anon_dagster.defs.stages import Shown, Work
    from anon_dagster.jobs.folder import JobFolder, LinkedJob
    from anon_dagster.jobs.seen import Seen
    from anon_dagster.operations.tables import OpenTables
    from anon_dagster.planning.decision import Decision
    from anon_dagster.releasing.together import LinkedReleases
    from anon_dagster.residual import ResidualDisclosure


def beside(table: str, shown: "Shown") -> dict[str, dg.MetadataValue]:
    """Show something of another table beside the same of the one that joins it."""
    return {f"{table}: {name}": value for name, value in shown.items()}


def require_one_table(job: "JobFolder") -> None:
    """Refuse what is not done with linked tables.

    Raises
    ------
    RequestError
        If the request of a job is one of these.
    """
    if job.linked is not None:
        raise RequestError("linked tables go with anonymize alone; give the request of one table")


def of_each(work: "Work", make: "Callable[[JobFolder], Shown]") -> "Shown":
    """Make something of the table of a job; of linked ones, of each."""
    linked = work.job.linked
    if linked is None:
        return make(work.job)
    folders = linked.folders
    shown = dict(make(folders.pop(linked.request.detail)))
    for name, folder in folders.items():
        shown |= beside(name, make(folder))
    return shown


def source(work: "Work", linked: "LinkedJob") -> "Shown":
    """Find the sources, and keep which versions of their files these are."""
    from anon_dagster.operations.tables import open_linked

    opened = open_linked(linked.request, None).sources
    shown: dict[str, dg.MetadataValue] = {}
    for name, folder in linked.folders.items():
        path, own = folder.save_source(opened[name]), linked.request.own(name)
        told = metadata.of_source(own, opened[name].schema, len(opened[name].parts))
        of_table = told | metadata.file(path)
        shown |= of_table if folder is work.job else beside(name, of_table)
    return shown


def _opened(linked: "LinkedJob") -> "OpenTables":
    """Open the sources again, the same version of every file as at first."""
    from anon_dagster.operations.tables import open_linked

    opened = open_linked(linked.request, None)
    for name, folder in linked.folders.items():
        folder.require_source(opened.sources[name])
    return opened


def frequency_table(work: "Work", linked: "LinkedJob") -> "Shown":
    """Count both tables, the detail with the columns of the master beside its own."""
    from anon_dagster.operations.tables import count_linked

    request = linked.request
    counts = count_linked(request, _opened(linked), on_progress=work.on_progress)
    counted = {request.detail: counts.joined, request.master: counts.master}
    for name, folder in linked.folders.items():
        folder.save_count(counted[name], folder.load_request())
    policy = request.own(request.master).policy
    return metadata.of_count(counts.joined, request.joined().policy) | beside(
        request.master, metadata.of_count(counts.master, policy)
    )


def solution(work: "Work", linked: "LinkedJob") -> "Shown":
    """Decide on both tables."""
    from anon_dagster.planning.linked import decide_linked

    decisions = decide_linked(linked.plan(), on_progress=work.on_progress)
    for name, folder in linked.folders.items():
        folder.save_solution(decisions[name].solution)
    master = linked.request.master
    return metadata.of_decision(decisions[linked.request.detail]) | beside(
        master, metadata.of_decision(decisions[master])
    )


def anonymized(work: "Work", linked: "LinkedJob") -> "Shown":
    """Write both releases, measure them, and publish both."""
    from anon_dagster.jobs.holding import begin
    from anon_dagster.jobs.seen import Seen

    request, folders, decisions = linked.request, linked.folders, linked.load_decisions()
    seen = Seen()
    written = _write(work, linked, decisions, seen)
    releases = written.releases
    for name, folder in folders.items():
        folder.save_release(releases[name], decisions[name].released)
    begin(work.job, seen=tuple(seen.marks))
    work.job.save_verification(written.verification, together=True)
    shown = {n: metadata.of_release(decisions[n], r, work.source) for n, r in releases.items()}
    published = {name: _published(folder) for name, folder in folders.items()}
    paths = [path for release in releases.values() for path in release.paths]
    told = {
        **shown[request.detail],
        **beside(request.master, holding.shown_of(work.job, shown[request.master])),
        "dagster/uri": dg.MetadataValue.text(", ".join(paths)),
        "promises": metadata.table(written.verification.to_frame()),
        "tables": dg.MetadataValue.json(published),
    }
    return holding.shown_of(work.job, told)


def _write(
    work: "Work", linked: "LinkedJob", decisions: "Mapping[str, Decision]", seen: "Seen"
) -> "LinkedReleases":
    from anon_dagster.jobs.announcement import workspace_of
    from anon_dagster.reading.joined import JoinedTables
    from anon_dagster.releasing.together import write_linked

    request, opened = linked.request, _opened(linked)
    joined = JoinedTables(opened.sources[request.detail], opened.persons)
    workspaces = {
        name: workspace_of(folder, work.on_progress, seen.of(folder))
        for name, folder in linked.folders.items()
    }
    sources = {**opened.sources, request.detail: joined}
    return write_linked(request, decisions, sources, workspaces)


def _published(folder: "JobFolder") -> Mapping[str, object]:
    """Say where a release is, for who has to find it again."""
    release, target = folder.load_release(), folder.load_request().target
    return {
        "target": None if target is None else target.path,
        "paths": list(release["source"]["path"]),
        "checksum": release["checksum"],
        "versions": release["versions"],
    }


def residuals(job: "JobFolder") -> "dict[str, ResidualDisclosure]":
    """Return what each release of linked tables tells although every promise holds, by table."""
    assert job.linked is not None, "the job released linked tables"
    return {name: folder.load_residual() for name, folder in job.linked.folders.items()}


def residual_disclosure(job: "JobFolder") -> "Shown":
    """Show what a release tells although every promise holds."""
    path = job.existing(file_names.RESIDUAL)
    return metadata.of_residual(job.load_residual()) | metadata.file(path)
