"""Recode later records by the solution of a finished job."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor
from typing import Any, get_args

from anon_dagster.discreet import Discreet
from anon_dagster.engine import EngineLike, using
from anon_dagster.errors import PromiseBrokenError, RequestError
from anon_dagster.errors import counted as listed
from anon_dagster.operations.anonymize import AnonResult
from anon_dagster.operations.preparation import count_records, open_table, require_no_hold
from anon_dagster.operations.writing import write_and_read
from anon_dagster.planning.decision import Decision
from anon_dagster.progress import ProgressSink, ignore_progress, steady
from anon_dagster.reading.persons import owners_asked
from anon_dagster.releasing.assignment import Lacking, LeftOut, assign
from anon_dagster.releasing.publication import count_release
from anon_dagster.releasing.stored_solution import StoredSolution, from_document
from anon_dagster.request import Policy, Request, Source, Target, parse_request
from anon_dagster.request.arguments import (
    as_source,
    as_target,
    require_a,
    require_function,
    require_share,
    require_word,
)
from anon_dagster.storage.copies import keeping_copies
from anon_dagster.storage.sources import OpenSource
from anon_dagster.storage.tables_in_memory import Tabular
from anon_dagster.verification import (
    IDENTIFIERS,
    MASKED,
    NUMBERS,
    SUPPRESSION,
    WEIGHTS,
    Verification,
    verify,
)

_NOBODY_KNOWS = (
    "the release does not tell whose its records are, so nobody can tell what it and later ones "
    "promise persons together: apply the result of the job, which knows it, or leave out "
    "first_release"
)


@dataclass(frozen=True, eq=False)
class AppliedResult(AnonResult):
    """Later records, recoded by the solution of an earlier job."""

    together: Verification | None = None
    """What these records and the first release promise together, if that was given."""

    @property
    def alone(self) -> Verification:
        """Which promises these records keep by themselves."""
        return self.release.verification

    def _tables(self) -> Iterator[str]:
        yield from super()._tables()
        if self.together is not None:
            yield self.together.promises_html("Promises together with the first release")


def apply(  # noqa: PLR0913 (all are named)
    solution: AnonResult | Mapping[str, Any],
    *,
    source: Source | Mapping[str, Any] | str | None = None,
    frame: Tabular | None = None,
    target: Target | Mapping[str, Any] | str | None = None,
    lacking: Lacking = "suppress",
    enforce: bool = False,
    suppress_at_most: float | None = None,
    first_release: Source | str | None = None,
    on_progress: ProgressSink = ignore_progress,
    engine: EngineLike | None = None,
) -> AppliedResult:
    """Recode later records by the solution of a finished job.

    Each record joins the first released class that covers its values; where there is none it is
    suppressed, whatever the suppression limit of the policy. With ``enforce`` the classes of
    full-domain generalization are open: labels at its levels that the first records did not have
    are a class like any other. The privacy models of the policy are measured and
    reported, but only ``enforce`` makes them hold.

    Parameters
    ----------
    solution
        The result of the job, or its solution as a document.
    source, frame
        The later records; they have the columns of the first ones.
    target
        Where they go; left out, they come back as a DataFrame.
    lacking
        What becomes of records with a value that a hierarchy lacks: ``suppress`` or ``refuse``.
    enforce
        Suppress the records of classes that break a promise by themselves.
    suppress_at_most
        Share of the records that may be suppressed, for ever, 0 to 1; all, if left out.
    first_release
        The release of the job, to measure what both promise together; that of a result is known.
    on_progress, engine
        See :func:`anonymize`.

    Raises
    ------
    AnonError
        If the solution, the source or the target is unfit; no target is touched then.
    """
    require_a((AnonResult, Mapping), solution, "solution", "a result or its document")
    require_word(lacking, get_args(Lacking), "lacking")
    require_a(bool, enforce, "enforce", "true or false")
    require_share(suppress_at_most, "suppress_at_most")
    require_function(on_progress, "on_progress")
    on_progress = steady(on_progress)
    stored = from_document(solution if isinstance(solution, Mapping) else solution.document())
    request = later_request(stored.policy, source, target)
    require_no_hold([request.target])
    first = solution.release.count if isinstance(solution, AnonResult) else None
    key = None if first is None else first.owner_key
    if first_release is not None and owners_asked(stored.policy):
        raise RequestError(_NOBODY_KNOWS)
    application = Application(
        stored, request, lacking, enforce, key, suppress_at_most=suppress_at_most
    )
    with using(engine), keeping_copies():
        opened = open_table(request, frame=frame)
        decision = application.decide(opened, on_progress=on_progress)
        release, in_memory = write_and_read(
            decision, opened, like=frame, on_progress=on_progress, judge=application.judge
        )
        if first_release is not None:
            first = count_release(stored.policy, as_source(first_release, "first_release"))
        together = None
        if first is not None:
            both = release.count.merge(first)
            together = verify(both, stored.policy, levels=decision.levels)
        return AppliedResult(decision, release, in_memory, together=together)


@dataclass(frozen=True, slots=True, eq=False)
class Application(Discreet, shown=("lacking", "enforce")):
    """A stored solution, and what it is applied to; see :func:`apply`."""

    stored: StoredSolution
    request: Request
    """From :func:`later_request`."""
    lacking: Lacking = "suppress"
    enforce: bool = False
    key: str | None = field(default=None, repr=False)
    """Of the hashes of persons in the first job, to recognise those who return."""
    suppress_at_most: float | None = None
    """Share of the records that may be suppressed."""

    def decide(
        self, source: OpenSource, *, on_progress: ProgressSink = ignore_progress
    ) -> Decision:
        """Count the later records, and find the released class of each.

        Raises
        ------
        PromiseBrokenError
            If more of them would be suppressed than may be.
        """
        counted = count_records(
            self.request,
            source,
            meanings=self.stored.meanings,
            key=self.key,
            on_progress=on_progress,
        )
        assigned = assign(self.stored, counted, lacking=self.lacking, enforce=self.enforce)
        self._require_few(assigned.left_out, counted.records)
        return Decision(self.request, counted, assigned.plan, assigned.solution)

    def _require_few(self, left_out: LeftOut, records: int) -> None:
        """Refuse to suppress more records than may be, which would be for ever."""
        limit = self.suppress_at_most
        if limit is None or left_out.records <= floor(Fraction(str(limit)) * records):
            return
        share = left_out.records / records
        raise PromiseBrokenError(
            f"{listed(left_out.records, 'record')} of {records:,} ({share:.1%}) would be "
            f"suppressed for ever, more than suppress_at_most allows ({limit:.1%}): "
            f"{left_out}; wait for more records and apply the solution to all of them at once, "
            "anonymize them by themselves, or decide on a solution anew"
        )

    def judge(self, verification: Verification) -> None:
        """Let a release pass unless what was enforced, or an identifier, is broken.

        How many records are suppressed is the records' doing; the limit is not judged.

        Raises
        ------
        PromiseBrokenError
            With the promises that are broken.
        """
        failures = [
            promise
            for promise in verification.failures
            if promise.name != SUPPRESSION
            and (self.enforce or promise.name in {IDENTIFIERS, MASKED, NUMBERS, WEIGHTS})
        ]
        if failures:
            raise PromiseBrokenError("; ".join(map(str, failures)))


def later_request(
    policy: Policy,
    source: Source | Mapping[str, Any] | str | None,
    target: Target | Mapping[str, Any] | str | None,
) -> Request:
    """Return the request that later records of a policy stand for.

    The population of the first records plays no part, unless a promise is about it: the later
    ones may have another. Nor is a sample drawn: all of them are recoded.
    """
    population = policy.population if policy.privacy.of_population else None
    document = {
        "source": source if source is None else as_source(source).model_dump(by_alias=True),
        "target": target if target is None else as_target(target).model_dump(by_alias=True),
        "policy": policy.model_copy(update={"population": population, "sampling": None}).model_dump(
            by_alias=True
        ),
    }
    return parse_request({key: value for key, value in document.items() if value is not None})
