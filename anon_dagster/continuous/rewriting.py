"""A delta written anew in its place, without some of its records."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from anon_dagster.continuous.ledger import Line, StoredDelta
from anon_dagster.continuous.solutions import load_version
from anon_dagster.continuous.stream import Stream
from anon_dagster.errors import JobError
from anon_dagster.operations.writing import passing_workspace, sweep_beside
from anon_dagster.reading.persons import PERSON
from anon_dagster.releasing.persons_file import PersonsFile, StoredPersons
from anon_dagster.releasing.publication import checksum_of, count_release
from anon_dagster.releasing.workspace import PERSONS, Workspace
from anon_dagster.request import Policy, Source, format_of
from anon_dagster.storage.addresses import exists
from anon_dagster.storage.moving import remove
from anon_dagster.storage.sources import open_source
from anon_dagster.storage.targets import StagedTarget, stage
from anon_dagster.verification import verify

_Told = dict[str, NDArray[np.int64]]


def rows_of(stream: Stream, delta: StoredDelta) -> _Told:
    """Return whose the records of a delta are, ``persons``, and of which block, ``blocks``.

    And ``of``, the class of each block.
    """
    return stream.files.load_arrays(f"rows.{delta.number}.{delta.rows}.npz")


def schema_of(stream: Stream, delta: StoredDelta) -> tuple[pa.Schema, Policy]:
    """Return the columns of a delta as it lies there, and the policy of its version."""
    version = load_version(stream, delta.version)
    assert version is not None, "a delta is of a version"
    return open_source(source_of(stream, delta)).schema, version.policy


def source_of(stream: Stream, delta: StoredDelta) -> Source:
    """Return what reads a delta; later ones may have another format, which their names tell."""
    target, found = stream.settings.target, format_of(delta.target)
    if found in {None, format_of(target.path)}:
        found = target.format_found
    return Source(path=delta.target, format=found, csv=target.csv)


def rewritten(
    stream: Stream, begun: Line, delta: StoredDelta, kept: NDArray[np.bool_]
) -> StoredDelta:
    """Take records out of a delta; what is left is measured before it is in its place.

    Parameters
    ----------
    begun
        The step that asks for it. If it was interrupted, the delta may be as it is to be already.
    kept
        (records of the delta,): which stay.

    Raises
    ------
    PromiseBrokenError
        If what is left does not keep every promise; the delta stays as it is then.
    JobError
        If the delta is not as it was released.
    """
    rows = rows_of(stream, delta)
    left = {**rows, "persons": rows["persons"][kept], "blocks": rows["blocks"][kept]}
    stream.files.save_arrays(f"rows.{delta.number}.{begun.number}.npz", left)
    told = replace(delta, rows=begun.number, records=int(kept.sum()))
    plan = f"erased.{begun.number}.{delta.number}.json"
    if not kept.any():
        if exists(delta.target):
            require_as_released(delta)
            remove(delta.target)
        return replace(told, target="", checksum="")
    if stream.files.has([plan]):
        checksum = stream.files.load_document(plan)["checksum"]
        if checksum_of([delta.target]) == checksum:
            return replace(told, checksum=checksum)
    require_as_released(delta)
    return replace(told, checksum=_write(stream, delta, kept, (plan, left["persons"])))


def require_as_released(delta: StoredDelta) -> None:
    """Refuse to take records out of what is not the delta that was released.

    Raises
    ------
    JobError
        If it was changed or removed.
    """
    if not exists(delta.target) or checksum_of([delta.target]) != delta.checksum:
        raise JobError(
            f"{delta.target} is not the delta that was released: it was changed or removed; put it "
            "back, so that records can be taken out of it"
        )


def _write(
    stream: Stream,
    delta: StoredDelta,
    kept: NDArray[np.bool_],
    told: tuple[str, NDArray[np.int64]],
) -> str:
    """Write what is left of a delta beside it, measure it, and put it in its place."""
    plan, persons = told
    source = source_of(stream, delta)
    target = stream.settings.target.model_copy(
        update={"path": delta.target, "format": source.format}
    )
    opened = open_source(source)
    with passing_workspace() as workspace:
        sweep_beside(target)
        with stage(target, opened.schema, token=workspace.job_id) as staged:
            first = 0
            for part in opened.parts:
                for batch in opened.batches(part):
                    stay = pa.array(kept[first : first + batch.num_rows])
                    staged.write(pa.Table.from_batches([batch]).filter(stay))
                    first += batch.num_rows
            files = staged.seal()
            _require_promises(stream, delta, staged, persons_file(workspace, persons, stream.key))
            checksum = checksum_of(files)
            stream.files.save_document(plan, {"checksum": checksum})
            staged.publish()
    return checksum


def persons_file(workspace: Workspace, persons: NDArray[np.int64], key: str) -> StoredPersons:
    """Write whose the records are, as it is told beside a release."""
    file = PersonsFile(workspace.folder / PERSONS)
    file.add(pa.table({PERSON: persons}))
    file.close()
    return StoredPersons(file.path, key, file.columns)


def _require_promises(
    stream: Stream, delta: StoredDelta, staged: StagedTarget, persons: StoredPersons
) -> None:
    version = load_version(stream, delta.version)
    assert version is not None, "a delta is of a version"
    stored = count_release(version.policy, staged.staged_source(), persons=persons)
    verify(stored, version.policy, reference=version.reference).require()
