"""Examine a finished release again: what it tells although every promise holds."""

from anon_dagster.engine import EngineLike, using
from anon_dagster.operations.anonymize import AnonResult
from anon_dagster.operations.preparation import open_again, require_one_table
from anon_dagster.planning.decision import Decision
from anon_dagster.reading.sampled import drawn_again
from anon_dagster.releasing.examination import examine_release
from anon_dagster.request import Source
from anon_dagster.request.arguments import require_a
from anon_dagster.residual import ResidualDisclosure
from anon_dagster.storage.copies import keeping_copies
from anon_dagster.storage.sources import OpenSource, open_frame, open_source
from anon_dagster.storage.tables_in_memory import Tabular


def examine_residual(
    result: AnonResult,
    *,
    frame: Tabular | None = None,
    attacks: bool = False,
    engine: EngineLike | None = None,
) -> ResidualDisclosure:
    """Examine a release again, with the same findings, and with attacks if they are asked for.

    Source and release are read once more.

    Parameters
    ----------
    frame
        The records, if they were handed over to :func:`anonymize`.
    attacks
        Whether to carry out the attacks of a motivated intruder, too.
    engine
        Where the parts of a table are worked on, see :func:`anonymize`.

    Raises
    ------
    SourceError
        If the source is no longer as it was.
    """
    require_a(AnonResult, result, "result", "what anonymize returned")
    require_a(bool, attacks, "attacks", "true or false")
    require_one_table(result.decision, "another examination")
    released = result.release.source if result.df is None else open_frame(result.df)
    with using(engine), keeping_copies():
        found = examine_decision(result.decision, released, frame=frame, attacks=attacks)
        return found.with_repeated_of(result.residual)


def examine_decision(
    decision: Decision,
    released: Source | OpenSource,
    *,
    frame: Tabular | None = None,
    attacks: bool = False,
) -> ResidualDisclosure:
    """Examine what was published of a decision; see :func:`examine_residual`.

    Parameters
    ----------
    released
        The stored release.
    """
    request = decision.request
    source = drawn_again(
        open_again(request, frame=frame), decision.counted.sampling, request.policy
    )
    if isinstance(released, Source):
        opened, decimal = open_source(released), released.csv.decimal
    else:
        opened, decimal = released, "."
    return examine_release(decision, source, opened, decimal=decimal, attacks=attacks)
