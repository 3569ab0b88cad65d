"""Anonymize a table: count it, decide, write the release, and prove it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from anon_dagster import clock
from anon_dagster.assessment.of_decision import (
    EVERYTHING,
    assess_risk,
    assess_risk_details,
    assess_utility,
    describe,
    record_risks,
)
from anon_dagster.assessment.records import RecordRisks
from anon_dagster.discreet import Discreet
from anon_dagster.engine import EngineLike, using
from anon_dagster.errors import RequestError
from anon_dagster.operations.evidence import evidence_of, named
from anon_dagster.operations.pictures import ReleasePictures
from anon_dagster.operations.preparation import (
    RequestLike,
    as_any_request,
    count_records,
    open_again,
    open_table,
    require_no_hold,
    require_one_table,
)
from anon_dagster.operations.provenance import login, name_of, stored_release, stored_source
from anon_dagster.operations.tables import count_linked, open_linked
from anon_dagster.operations.writing import InMemory, write_and_read, write_and_read_linked
from anon_dagster.planning.deciding import decide
from anon_dagster.planning.decision import Decision
from anon_dagster.planning.linked import decide_linked, plan_linked
from anon_dagster.planning.plan import plan
from anon_dagster.progress import ProgressSink, ignore_progress, steady
from anon_dagster.reading.counting import count
from anon_dagster.reading.sampled import drawn_again
from anon_dagster.reading.shift_effect import ShiftEffect
from anon_dagster.releasing.publication import Release
from anon_dagster.releasing.stored_solution import to_document
from anon_dagster.report.evidence import Evidence
from anon_dagster.report.evidence import to_document as to_facts
from anon_dagster.report.explanation import cautions
from anon_dagster.report.findings import NOWHERE, Findings, Provenance, Stored
from anon_dagster.report.gathering import gather
from anon_dagster.report.handover import commitment, internal_document, signed
from anon_dagster.report.handover import html as html_to_share
from anon_dagster.report.page import html
from anon_dagster.request import LinkedRequest
from anon_dagster.request.arguments import require_a, require_function
from anon_dagster.residual import ResidualDisclosure
from anon_dagster.statistics.exploratory import ExploratoryStatistics
from anon_dagster.statistics.risk_details import RiskDetails
from anon_dagster.storage.copies import keeping_copies
from anon_dagster.storage.fingerprints import Fingerprint
from anon_dagster.storage.sources import open_frame, open_source
from anon_dagster.storage.tables_in_memory import Tabular
from anon_dagster.verification import Verification


@dataclass(frozen=True, eq=False)
class AnonResult(
    Discreet,
    shown=(
        "release.verification.verdict",
        "release.count.records",
        "decision.suppressed",
        "levels",
        "release.verification.classes",
        "highest_risk",
    ),
):
    """A release, how it came about, and what it is worth."""

    decision: Decision
    release: Release
    in_memory: InMemory | None
    """The release, unless the request sent it to a target of its own."""
    tables: Mapping[str, "AnonResult"] = field(default_factory=dict)
    """Of linked tables the result of each, by name; this one is then that of the table that joins
    the other one. Its risks are those of its records with the columns of both tables."""
    linked: Verification | None = None
    """What the table that joins promises with the stored labels of the other one beside it."""
    table: str | None = None
    """Of linked tables the name of this one."""
    source_files: tuple[Fingerprint, ...] = ()
    """The versions of the files that were read; none of records that were handed over."""

    @property
    def df(self) -> pd.DataFrame | None:
        """The release as a DataFrame of pandas, unless it was sent to a target of its own."""
        return None if self.in_memory is None else self.in_memory.df

    @property
    def arrow(self) -> pa.Table | None:
        """The release as a table of Arrow, unless it was sent to a target of its own."""
        return None if self.in_memory is None else self.in_memory.arrow

    @property
    def frame(self) -> Any:  # noqa: ANN401 (of any library)
        """The release as a table of the type that was handed over, unless it has a target.

        Of a frame of polars it is one of polars, of a relation of DuckDB a relation.
        """
        return None if self.in_memory is None else self.in_memory.frame

    @property
    def levels(self) -> dict[str, int] | None:
        """The level of each quasi-identifier, for full-domain generalization."""
        return self.decision.levels

    @property
    def highest_risk(self) -> float:
        """The largest probability of identifying a record of the release, 0 to 1."""
        return float(self.risk["release"]["prosecutor_highest"])

    @property
    def shift(self) -> ShiftEffect | None:
        """How many records shifting their dates left out, and how far it can be told; in counts."""
        return self.decision.counted.shift

    @property
    def residual(self) -> ResidualDisclosure:
        """What the release tells although every promise holds."""
        return self.release.residual

    @property
    def cautions(self) -> tuple[str, ...]:
        """What whoever computes with the release should know: an outcome that classes follow."""
        return cautions(self.decision.request.policy)

    def document(self) -> dict[str, Any]:
        """Return the solution as JSON can hold it, for :func:`apply`."""
        return solution_document(self.decision)

    @cached_property
    def exploratory(self) -> ExploratoryStatistics:
        """Values and their counts, in the source and in the release."""
        return describe(self.decision, self.release.count)

    @cached_property
    def risk(self) -> pd.DataFrame:
        """Risks of re-identification and promises reached, of the source and of the release."""
        return assess_risk(self.decision)

    @cached_property
    def risk_details(self) -> RiskDetails:
        """What the policy wants examined of the risk; if nothing, everything but the records."""
        asked = self.decision.request.policy.risk_analysis
        return assess_risk_details(self.decision, asked if asked.has_tables else EVERYTHING)

    @cached_property
    def utility(self) -> pd.DataFrame:
        """What the release is still good for, beside the source."""
        return assess_utility(self.decision)

    @cached_property
    def _evidence(self) -> Evidence:
        return gather(findings_of(self))

    @cached_property
    def _internal(self) -> dict[str, Any]:
        return internal_document(to_facts(self._evidence))

    @property
    def plot(self) -> ReleasePictures:
        """The pictures of the release: ``plot.risk()``, ``plot.attribute("age")``."""
        statistics = {"risk": lambda: self.risk, "utility": lambda: self.utility}
        return ReleasePictures(
            self.decision, lambda name: statistics[name](), lambda: findings_of(self, NOWHERE)
        )

    def _tables(self) -> Iterator[str]:
        yield self.release.verification.promises_html("Promises, measured on the stored release")
        if self.linked is not None:
            yield self.linked.promises_html("Promises of the linked tables together")
        yield self.residual.findings_html()
        if "risk" in self.__dict__:  # which takes its time, and is not to be shown unasked
            yield self.plot.risk().svg

    def report(self, *, share: bool = False) -> str:
        """Return the page for a privacy officer, as HTML that needs nothing else.

        It shows values of the source and their counts, so it is as private as the source. Its files
        are read once more, for their checksums.

        Parameters
        ----------
        share
            Return the page that goes with the release, and tells nothing but what this and the
            request do.
        """
        if share:
            return html_to_share(self.evidence(share=True))
        return html(self._evidence)

    def evidence(
        self, *, share: bool = False, sign_with: str | Path | None = None
    ) -> dict[str, Any]:
        """Return the facts of the report as JSON can hold them.

        Parameters
        ----------
        share
            Return those that go with the release, and tell nothing but what this and the request
            do. Others are as private as the source.
        sign_with
            The PEM file of an Ed25519 private key; that of ``ANON_SIGNING_KEY`` if left out.

        Raises
        ------
        EvidenceError
            If the key cannot be read.
        SourceError
            If the release is no longer there.
        """
        if not share:
            return signed(self._internal, sign_with)
        table = self.release.source if self.df is None else self.df
        called = named(None, table=self.table)
        document = evidence_of(
            self.decision.released,
            table,
            called,
            is_linked=self.table is not None,
            commitment=commitment(self._internal),
        )
        return signed(document, sign_with)


def provenance_of(result: AnonResult) -> Provenance:
    """Return where a release comes from; its source is read once more, for its checksum."""
    source, release = result.source_files, result.release
    is_in_memory = result.df is not None
    return Provenance(
        dataset=name_of(source),
        made=clock.now(),
        source=stored_source(source),
        release=Stored() if is_in_memory else stored_release(release.paths, release.checksum),
        table=result.table,
        requested_by=login(),
    )


def findings_of(result: AnonResult, provenance: Provenance | None = None) -> Findings:
    """Return what the report of a release is made of.

    Parameters
    ----------
    provenance
        Where the release comes from; found out if left out.
    """
    asked, release = result.decision.request.policy.risk_analysis, result.release
    return Findings(
        decision=result.decision,
        released=release.count,
        verification=release.verification,
        exploratory=result.exploratory,
        risk=result.risk,
        utility=result.utility,
        residual=result.residual,
        provenance=provenance or provenance_of(result),
        risk_details=result.risk_details if asked.has_tables else RiskDetails(),
        together=result.linked,
    )


def risk_per_record(
    result: AnonResult, *, frame: Tabular | None = None, engine: EngineLike | None = None
) -> RecordRisks:
    """Measure the risk of every record of a source and of its release.

    Both are read once more. With the ``suda`` of the policy's ``risk_analysis``, SUDA scores are
    among the measures.

    Parameters
    ----------
    frame
        The records, if they were handed over to :func:`anonymize`.
    engine
        Where the parts of a table are worked on, see :func:`anonymize`.

    Raises
    ------
    SourceError
        If the source is no longer as it was.
    """
    require_a(AnonResult, result, "result", "what anonymize returned")
    require_one_table(result.decision, "the risk of every record")
    with using(engine), keeping_copies():
        return _risk_per_record(result, frame)


def _risk_per_record(result: AnonResult, frame: Tabular | None) -> RecordRisks:
    decision, release = result.decision, result.release
    request = decision.request
    opened = open_again(request, frame=frame)
    source = drawn_again(opened, decision.counted.sampling, request.policy)
    if result.df is None:
        released, counted = open_source(release.source), release.count
    else:
        released = open_frame(result.df)
        counted = count(released, release.count.attributes)
    of_source, of_release = record_risks(decision, counted)
    return RecordRisks(of_source.frame(source), of_release.frame(released))


def solution_document(decision: Decision) -> dict[str, Any]:
    """Return what was decided as JSON can hold it, for :func:`apply`."""
    return to_document(decision)


def anonymize(
    request: RequestLike | LinkedRequest,
    *,
    frame: Tabular | Mapping[str, Tabular] | None = None,
    on_progress: ProgressSink = ignore_progress,
    engine: EngineLike | None = None,
) -> AnonResult:
    """Anonymize a table, or tables that are linked.

    Parameters
    ----------
    request
        What is asked for.
    frame
        The records, if the request has no source: a DataFrame of pandas or polars, an Arrow table
        or a relation of DuckDB; it is left as it is. Of linked tables, those of each table without
        a source, by its name.
    on_progress
        Told of progress, in counts.
    engine
        Where the parts of a table are worked on: :class:`anon_dagster.EngineSettings`, their
        mapping, or a text such as ``dask, workers: 4``; as ``ANON_ENGINE`` says if left out. It
        changes no result.

    Returns
    -------
    AnonResult
        With the release as ``df``, ``arrow``, and ``frame`` of the type that was handed over, if
        the request has no target. Of linked tables, that of the one that joins the other, and
        ``tables`` has each.

    Raises
    ------
    AnonError
        If the request, its source or its target is unfit, if a promise cannot be kept, or if the
        release tells what the policy refuses to tell; no target is touched then.
    """
    request = as_any_request(request)
    require_function(on_progress, "on_progress")
    on_progress = steady(on_progress)
    with using(engine), keeping_copies():
        if isinstance(request, LinkedRequest):
            return anonymize_linked(request, frame, on_progress=on_progress)
        if isinstance(frame, Mapping):
            raise RequestError(
                f"a request of one table takes a DataFrame, not {type(frame).__name__}; DataFrames "
                "by name go with tables"
            )
        require_no_hold([request.target])
        source = open_table(request, frame=frame)
        counted = count_records(request, source, on_progress=on_progress)
        made = plan(request, counted)
        decision = Decision(request, counted, made, decide(made, on_progress=on_progress))
        release, in_memory = write_and_read(decision, source, like=frame, on_progress=on_progress)
        return AnonResult(decision, release, in_memory, source_files=source.files)


def anonymize_linked(
    request: LinkedRequest,
    frames: object,
    *,
    on_progress: ProgressSink = ignore_progress,
) -> AnonResult:
    """Anonymize linked tables; see :func:`anonymize`."""
    require_no_hold(table.target for table in request.tables.values())
    opened = open_linked(request, frames)
    counts = count_linked(request, opened, on_progress=on_progress)
    planned = plan_linked(request, counts.master, counts.joined)
    decisions = decide_linked(planned, on_progress=on_progress)
    sources = {request.master: opened.sources[request.master], request.detail: counts.source}
    written, released = write_and_read_linked(
        request, decisions, sources, like=opened.frames, on_progress=on_progress
    )
    tables = {
        name: AnonResult(
            decisions[name],
            written.releases[name],
            released[name],
            table=name,
            source_files=opened.sources[name].files,
        )
        for name in request.tables
    }
    return replace(tables[request.detail], tables=tables, linked=written.verification)
