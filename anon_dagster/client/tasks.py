"""What a job can be asked to do, each as the configuration of the step that it begins with."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from anon_dagster.client.handover import Handover, names_values
from anon_dagster.discreet import Discreet
from anon_dagster.jobs import names
from anon_dagster.request import LinkedRequest, Request, Source, Target

Configuration = dict[str, Any]


class Task(Protocol):
    """Something that a job is asked to do with one table."""

    @property
    def kind(self) -> str:
        """Which operation it is."""

    @property
    def job(self) -> str:
        """The name of the Dagster job."""

    @property
    def step(self) -> str:
        """The step that the job begins with."""

    @property
    def name(self) -> str:
        """What the task is called in an error."""

    @property
    def source(self) -> Source | str | None:
        """The table, unless it is handed over."""

    @property
    def spells_out_values(self) -> bool:
        """Whether it has values of columns, which are handed over: Dagster stores the rest."""

    def configure(
        self, records: Path | None, handover: Handover | None
    ) -> tuple[Configuration, str]:
        """Return the configuration of the first step, and a fingerprint of what is asked.

        Parameters
        ----------
        records
            The file of the records, if they were handed over.
        handover
            Where values go, if the task spells some out.
        """


@dataclass(frozen=True, slots=True)
class RequestTask(Discreet, shown=("kind",)):
    """Anonymize a table, or tables that are linked; or compare configurations for a table."""

    request: Request | LinkedRequest
    kind: Literal["anonymize", "measure"]
    step: str = names.REQUEST
    name: str = "a request"

    @property
    def job(self) -> str:
        """The name of the Dagster job."""
        return names.job_name(self.kind)

    @property
    def source(self) -> Source | None:
        """The table, unless it is handed over."""
        return self.request.source

    @property
    def spells_out_values(self) -> bool:
        """Whether the request lists values, as a written tree does."""
        return names_values(self.request)

    def configure(
        self, records: Path | None, handover: Handover | None
    ) -> tuple[Configuration, str]:
        """Return the configuration of the first step, and the fingerprint of the request."""
        request = self.request
        if records is not None:
            assert isinstance(request, Request), "linked tables have a source each"
            request = _with_source(request, records)
        document = request.model_dump(mode="json", by_alias=True, exclude_none=True)
        if self.spells_out_values and handover is not None:
            document = {"file": str(handover.give_document(document))}
        return {"request": document}, self.request.fingerprint


@dataclass(frozen=True, slots=True)
class ApplyTask(Discreet, shown=("kind",)):
    """Apply a solution to later records."""

    solution: str | Mapping[str, Any]
    """The id of a job, the path of a document, or the document."""
    source: Source | None
    target: Target | None
    options: Mapping[str, Any]
    kind: str = "apply"
    job: str = names.APPLY_JOB
    step: str = names.APPLICATION
    name: str = "apply"

    @property
    def spells_out_values(self) -> bool:
        """Whether the solution is a document, with labels of a release, or the source a query."""
        return isinstance(self.solution, Mapping) or _is_query(self.source)

    def configure(
        self, records: Path | None, handover: Handover | None
    ) -> tuple[Configuration, str]:
        """Return the configuration of the first step, and a fingerprint of it."""
        solution = self.solution
        if isinstance(solution, Mapping) and handover is not None:
            solution = str(handover.give_document(solution))
        source = self.source if records is None else Source(path=str(records))
        config = {"solution": solution, **self.options} | {
            name: location.model_dump(mode="json", exclude_none=True)
            for name, location in (("source", source), ("target", self.target))
            if location is not None
        }
        return _withholding_query(config, source, handover), _fingerprint(config)


@dataclass(frozen=True, slots=True)
class ExamineTask:
    """Examine the release of a finished job again."""

    job_id: str
    attacks: bool
    kind: str = "residual"
    job: str = names.RESIDUAL_JOB
    step: str = names.EXAMINED
    name: str = "an examination"
    spells_out_values: bool = False

    @property
    def source(self) -> str:
        """The job, which knows its tables: none is handed over."""
        return self.job_id

    def configure(
        self, records: Path | None, handover: Handover | None
    ) -> tuple[Configuration, str]:
        """Return the configuration of the step, and a fingerprint of it."""
        del records, handover
        config = {"job": self.job_id, "attacks": self.attacks}
        return config, _fingerprint(config)


@dataclass(frozen=True, slots=True)
class ApprovalTask:
    """Publish the release of a job that awaits approval."""

    job_id: str
    kind: str = "approve"
    job: str = names.APPROVE_JOB
    step: str = names.APPROVED
    name: str = "an approval"
    spells_out_values: bool = False

    @property
    def source(self) -> str:
        """The job, which has the release: no table is handed over."""
        return self.job_id

    def configure(
        self, records: Path | None, handover: Handover | None
    ) -> tuple[Configuration, str]:
        """Return the configuration of the step, and a fingerprint of it."""
        del records, handover
        config = {"job": self.job_id}
        return config, _fingerprint(config)


@dataclass(frozen=True, slots=True)
class RejectionTask(Discreet, shown=("job_id",)):
    """Discard the release of a job that awaits approval; why is handed over, not told Dagster."""

    job_id: str
    why: str
    kind: str = "reject"
    job: str = names.REJECT_JOB
    step: str = names.REJECTED
    name: str = "a rejection"
    spells_out_values: bool = True

    @property
    def source(self) -> str:
        """The job, which has the release: no table is handed over."""
        return self.job_id

    def configure(
        self, records: Path | None, handover: Handover | None
    ) -> tuple[Configuration, str]:
        """Return the configuration of the step, and a fingerprint of it."""
        del records
        assert handover is not None, "a reason is handed over"
        fingerprint = _fingerprint({"reject": self.job_id})
        return {"job": self.job_id, "why_file": str(handover.give_text(self.why))}, fingerprint


@dataclass(frozen=True, slots=True)
class DetectTask(Discreet, shown=("step",)):
    """Find out what the columns of a table are, or propose a request for it."""

    source: Source | str | None
    options: Mapping[str, Any]
    """The mode, and other fields of the configuration of the job."""
    job: str = names.PROPOSE_JOB
    step: str = names.PROPOSAL
    name: str = "detection"

    @property
    def kind(self) -> str:
        """Which operation it is."""
        return "auto_anonymize" if self.options["mode"] == "auto" else "detect"

    @property
    def spells_out_values(self) -> bool:
        """Whether a domain lists its values, or the source is a query."""
        return self._lists_values or _is_query(self.source)

    @property
    def _lists_values(self) -> bool:
        domains = self.options.get("domains", {})
        return any(isinstance(domain.get("values"), list) for domain in domains.values())

    def configure(
        self, records: Path | None, handover: Handover | None
    ) -> tuple[Configuration, str]:
        """Return the configuration of the first step, and a fingerprint of what is asked."""
        source: Any = self.source if records is None else str(records)
        if isinstance(source, Source):
            source = source.model_dump(mode="json", exclude_none=True)
        config = {"source": source, **self.options}
        fingerprint = _fingerprint(config)
        if self._lists_values and handover is not None:
            config["domains"] = str(handover.give_document(self.options["domains"]))
        return _withholding_query(config, self.source, handover), fingerprint


def _with_source(request: Request, path: Path) -> Request:
    document = request.model_dump(by_alias=True) | {"source": {"path": str(path)}}
    return Request.model_validate(document)


def _is_query(source: Source | str | None) -> bool:
    return isinstance(source, Source) and source.query is not None


def _withholding_query(
    config: Mapping[str, Any], source: Source | str | None, handover: Handover | None
) -> Configuration:
    """Hand over the source if it is a query, whose text anybody would see who sees the run."""
    if not _is_query(source):
        return dict(config)
    assert handover is not None, "a query is handed over"
    return {**config, "source": {"file": str(handover.give_document(config["source"]))}}


def _fingerprint(document: Mapping[str, Any]) -> str:
    text = json.dumps(document, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
