"""A delta on its way: written beside its target, measured there, written down, published."""

from dataclasses import replace
from functools import reduce

from anon_dagster.continuous.ledger import Line
from anon_dagster.continuous.solutions import Version, load_count, save_count
from anon_dagster.continuous.splitting import Delta
from anon_dagster.continuous.stream import Stream
from anon_dagster.errors import JobError, TargetError
from anon_dagster.operations.apply import later_request
from anon_dagster.operations.writing import passing_workspace, sweep_beside
from anon_dagster.planning.decision import Decision
from anon_dagster.reading.counting import Count
from anon_dagster.reading.persons import BLOCK, PERSON
from anon_dagster.releasing.persons_file import told_of_records
from anon_dagster.releasing.publication import WrittenRelease, written
from anon_dagster.storage.addresses import exists


def publish(stream: Stream, line: Line, delta: Delta | None, version: Version | None) -> Line:
    """Publish the delta of a step, if it has one.

    Its checksum is written down before, so that whoever repeats an interrupted step knows it.

    Returns
    -------
    Line
        The step, with where its delta is.

    Raises
    ------
    PromiseBrokenError
        If what was stored does not keep every promise; nothing is published then.
    DisclosureError
        If it tells what the policy refuses to tell; nothing is published then.
    TargetError
        If it cannot be written, or something else is in its place.
    """
    if delta is None or version is None:
        return line
    target = stream.target_of(line)
    begun = stream.ledger.intent()
    assert begun is not None, "what is published was begun"
    if not begun.checksum and exists(target):
        raise TargetError(
            f"there is a file at {target} already, which is no delta of this dataset: move it"
        )
    decision = _decision(stream, line, delta, version)
    records = delta.counted.records
    with passing_workspace() as workspace:
        sweep_beside(decision.request.target)
        source = records.source(decision.request, delta.blocks)
        with written(decision, source, workspace) as release:
            line = replace(line, target=target, checksum=release.checksum)
            if begun.checksum not in {"", line.checksum}:
                raise JobError(
                    f"delta {line.delta} of {stream.dataset} was begun as another one than comes "
                    "of it now: the request or its private folder was changed since; put both "
                    "back until this step is finished"
                )
            stream.ledger.intend(replace(begun, target=target, checksum=line.checksum))
            _keep_rows(stream, line, delta, release)
            _keep_counts(stream, line, delta, release)
            release.staged.publish()
    return line


def _decision(stream: Stream, line: Line, delta: Delta, version: Version) -> Decision:
    target = stream.settings.target.model_copy(update={"path": stream.target_of(line)})
    source = stream.request_of(line.file).source
    return Decision(
        later_request(version.policy, source, target),
        delta.counted.count,
        delta.plan,
        delta.solution,
        reference=version.reference,
        beside=_published(stream, version, "stored"),
    )


def published_values(stream: Stream, version: Version) -> Count | None:
    """Return what was released under a version, by its values, if promises are about all of it."""
    return _published(stream, version, "released")


def _published(stream: Stream, version: Version, kind: str) -> Count | None:
    if stream.settings.observer == "delta":
        return None
    counts = [
        load_count(stream.files, f"{kind}.{delta.version}.{delta.number}")
        for delta in stream.ledger.deltas()
        if delta.version == version.number
    ]
    return reduce(Count.merge, counts) if counts else None


def _keep_counts(stream: Stream, line: Line, delta: Delta, release: WrittenRelease) -> None:
    """Keep what is released, by its values and as it is stored, if later ones are judged by it."""
    if stream.settings.observer == "union":
        name = f"{line.version}.{line.number}"
        save_count(stream.files, f"released.{name}", delta.counted.count.of_attributes())
        save_count(stream.files, f"stored.{name}", release.count.of_attributes())


def _keep_rows(stream: Stream, line: Line, delta: Delta, release: WrittenRelease) -> None:
    """Keep whose the records of a delta are, and of which block, in its order."""
    if release.persons is not None:
        told = told_of_records(release.persons)
        kept = {"persons": told[PERSON], "blocks": told[BLOCK], "of": delta.classes_of_blocks}
        stream.files.save_arrays(f"rows.{line.number}.{line.number}.npz", kept)
