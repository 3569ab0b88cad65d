"""What the steps of a job make, each document and table under its own name."""

import hashlib
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anon_dagster.core.solution import Generalized, Proof, Solution
from anon_dagster.errors import JobKindError, SourceChangedError
from anon_dagster.jobs import file_names
from anon_dagster.jobs.files import JobFiles
from anon_dagster.jobs.statistics_json import statistics_document, statistics_of
from anon_dagster.jobs.unswept import remember
from anon_dagster.jobs.verification_json import verification_document, verification_of
from anon_dagster.planning.decision import Decision
from anon_dagster.planning.linked import LinkedPlan, decisions_of, plan_linked
from anon_dagster.planning.plan import plan
from anon_dagster.reading.counting import Count
from anon_dagster.reading.packed_counts import packed, type_text, unpacked
from anon_dagster.reading.shifted import Days, ShiftedSource
from anon_dagster.request import LinkedRequest, Request, Source, parse_request, parse_tables
from anon_dagster.storage.fingerprints import Copied, Fingerprint
from anon_dagster.storage.sources import OpenSource

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from anon_dagster.assessment.records import RecordRisks, TupleRisks
    from anon_dagster.operations.apply import Application
    from anon_dagster.releasing.assignment import Lacking
    from anon_dagster.releasing.publication import Release
    from anon_dagster.releasing.workspace import Versions
    from anon_dagster.residual import ResidualDisclosure
    from anon_dagster.statistics.risk_details import RiskDetails
    from anon_dagster.verification import Verification

_APPLICATION = ("solution", "lacking", "enforce")
"""What the application of a job says."""
_RECORDS = (file_names.RISK_OF_SOURCE_RECORDS, file_names.RISK_OF_RELEASED_RECORDS)


@dataclass(frozen=True, slots=True)
class JobFolder(JobFiles):
    """Everything that one job made, under its id."""

    def save_request(self, request: Request) -> Path:
        """Keep a request, its paths made absolute by now."""
        return self.save_document(
            file_names.REQUEST, request.model_dump(mode="json", by_alias=True)
        )

    def load_request(self) -> Request:
        """Return the request."""
        return parse_request(self.load_document(file_names.REQUEST))

    def save_linked(self, request: LinkedRequest) -> Path:
        """Keep a request of linked tables: that of the detail here, of the master in its folder."""
        linked = LinkedJob(self, request)
        for name, folder in linked.folders.items():
            folder.save_request(request.joined() if name == request.detail else request.own(name))
        return self.save_document(file_names.LINKED, request.model_dump(mode="json", by_alias=True))

    @property
    def linked(self) -> "LinkedJob | None":
        """What is asked for of linked tables, if it is; this is then the folder of the detail."""
        if not (self.path / file_names.LINKED).exists():
            return None
        return LinkedJob(self, parse_tables(self.load_document(file_names.LINKED)))

    def save_application(
        self,
        solution: "Mapping[str, Any]",
        *,
        lacking: "Lacking",
        enforce: bool,
        suppress_at_most: float | None = None,
    ) -> Path:
        """Keep whose solution is applied, and how."""
        asked: dict[str, Any] = dict(zip(_APPLICATION, (solution, lacking, enforce), strict=True))
        asked["suppress_at_most"] = suppress_at_most
        return self.save_document(file_names.APPLICATION, asked)

    def load_application(self) -> "Application":
        """Return a solution and what it is applied to."""
        from anon_dagster.operations.apply import Application
        from anon_dagster.releasing.stored_solution import from_document

        asked = self.load_document(file_names.APPLICATION, needs=_APPLICATION)
        stored = from_document(asked["solution"])
        return Application(
            stored,
            self.load_request(),
            asked["lacking"],
            asked["enforce"],
            suppress_at_most=asked.get("suppress_at_most"),
        )

    def save_source(self, source: OpenSource) -> Path:
        """Keep which columns a source has, the versions of its files, and days that are shifted."""
        document: dict[str, Any] = {
            "columns": source.columns,
            "parts": len(source.parts),
            "files": [_mark(each) for each in source.files],
        }
        if isinstance(source, ShiftedSource) and source.files:  # by which it is known again
            document["days"] = asdict(source.days)
        return self.save_document(file_names.SOURCE, document)

    def load_days(self) -> Days | None:
        """Return what was found of a source whose dates are shifted, if the job kept it.

        It is that of the source only if :meth:`require_source` finds that one unchanged.
        """
        if not self.has((file_names.SOURCE,)):
            return None
        found = self.load_document(file_names.SOURCE).get("days")
        if found is None:
            return None
        with self._intact(file_names.SOURCE):
            spans = {name: (first, last) for name, (first, last) in found["spans"].items()}
            return Days(spans, found["records"])

    def load_source_files(self) -> list[Fingerprint]:
        """Return the versions of the files of the source, as the job found them."""
        document = self.load_document(file_names.SOURCE, needs=("files",))
        with self._intact(file_names.SOURCE):
            return [_of_mark(*each) for each in document["files"]]

    def require_source(self, source: OpenSource) -> None:
        """Refuse a source that is not the one that the job found at first.

        Raises
        ------
        SourceChangedError
            With how many files are other ones now.
        """
        found = self.load_document(file_names.SOURCE, needs=("files",))["files"]
        marks = [_mark(each) for each in source.files]
        if found != marks:
            changed = max(sum(mark not in found for mark in marks), len(found) - len(marks), 1)
            raise SourceChangedError(
                f"{changed} of the {len(found)} files of the source changed since the job found "
                "them; materialize from the request on"
            )

    def save_count(self, count: Count, request: Request, *, name: str = file_names.COUNT) -> None:
        """Keep a count, without the values of direct identifiers."""
        direct = [n for n in request.policy.names("direct_identifier") if n in count.columns]
        columns, arrays = packed(count.forget(direct))
        of_columns, of_arrays = file_names.count_of(name)
        self.save_table(of_columns, columns)
        self.save_arrays(of_arrays, arrays)

    def load_count(self, *, name: str = file_names.COUNT) -> Count:
        """Return a count."""
        of_columns, of_arrays = file_names.count_of(name)
        columns, arrays = self.load_table(of_columns), self.load_arrays(of_arrays)
        with self._intact(of_arrays):
            told = "decimal" in columns.column_names
            decimal = "." if told else self.load_request().decimal
            return unpacked(columns, arrays, decimal=decimal)

    def save_solution(self, solution: Solution) -> None:
        """Keep what was decided."""
        document = {
            "levels": solution.levels,
            "proof": asdict(solution.proof),
            "labels": [each.labels for each in solution.generalized],
            "leaves": [each.leaves for each in solution.generalized],
        }
        arrays: dict[str, Any] = {"classes": solution.classes}
        for q, each in enumerate(solution.generalized):
            arrays |= {
                f"codes{q}": each.codes,
                f"covered{q}": each.covered,
                f"heights{q}": each.heights,
            }
        self.save_document(file_names.SOLUTION, document)
        self.save_arrays(file_names.SOLUTION_ARRAYS, arrays)

    def load_solution(self) -> Solution:
        """Return what was decided."""
        needs = ("levels", "proof", "labels", "leaves")
        document = self.load_document(file_names.SOLUTION, needs=needs)
        arrays = self.load_arrays(file_names.SOLUTION_ARRAYS)
        with self._intact(file_names.SOLUTION_ARRAYS):
            generalized = tuple(
                Generalized(
                    codes=arrays[f"codes{q}"],
                    labels=tuple(labels),
                    covered=arrays[f"covered{q}"],
                    heights=arrays[f"heights{q}"],
                    leaves=leaves,
                )
                for q, (labels, leaves) in enumerate(
                    zip(document["labels"], document["leaves"], strict=True)
                )
            )
            levels = document["levels"]
            return Solution(
                arrays["classes"],
                generalized,
                Proof(**document["proof"]),
                None if levels is None else tuple(levels),
            )

    def load_decision(self) -> Decision:
        """Return what was asked for, found and decided."""
        if (linked := replace(self, file="").linked) is not None:
            decisions = linked.load_decisions()
            return next(decisions[n] for n, each in linked.folders.items() if each == self)
        request, counted = self.load_request(), self.load_count()
        return Decision(request, counted, plan(request, counted), self.load_solution())

    def save_release(self, release: "Release", request: Request) -> None:
        """Keep where a release is and what was measured on it."""
        document = {
            "source": release.source.model_dump(mode="json"),
            "columns": {field.name: type_text(field.type) for field in release.schema},
            "kept": release.kept,
            "records": release.count.records,
            "checksum": release.checksum,
            "versions": release.versions,
            "held": bool(request.target and request.target.hold),
        }
        self.save_count(release.count, request, name=file_names.RELEASED)
        self.save_residual(release.residual)
        self.save_verification(release.verification)
        self.save_document(file_names.RELEASE, document)
        if release.left_behind:
            remember(self.root, release.target)

    def load_release(self) -> dict[str, Any]:
        """Return what is known of the release."""
        needs = ("source", "columns", "kept", "records", "checksum", "versions")
        return self.load_document(file_names.RELEASE, needs=needs)

    def tell_published(self, paths: "Sequence[str]", versions: "Versions") -> None:
        """Keep that a release that was held is in its target now."""
        release = self.load_release()
        source = {**release["source"], "path": list(paths)}
        told = {**release, "source": source, "versions": versions, "held": False}
        self.save_document(file_names.RELEASE, told)

    def load_stored(self) -> Source:
        """Return the release as a source that can be read again."""
        return Source.model_validate(self.load_release()["source"])

    def load_kept(self) -> tuple[str, ...]:
        """Return the columns that are released as they stand in the source."""
        return tuple(self.load_release()["kept"])

    def save_residual(self, residual: "ResidualDisclosure") -> Path:
        """Keep what a release tells although every promise holds."""
        return self.save_document(file_names.RESIDUAL, residual.to_document())

    def load_residual(self) -> "ResidualDisclosure":
        """Return what the release tells although every promise holds."""
        from anon_dagster.residual import ResidualDisclosure

        document = self.load_document(file_names.RESIDUAL, needs=("findings", "examined", "k"))
        with self._intact(file_names.RESIDUAL):
            return ResidualDisclosure.from_document(document)

    def save_verification(self, verification: "Verification", *, together: bool = False) -> None:
        """Keep what was measured on the release; ``together`` with the table that it joins."""
        name = file_names.VERIFIED_TOGETHER if together else file_names.VERIFIED
        self.save_document(name, verification_document(verification))

    def load_verification(self) -> "Verification":
        """Return what was measured on the release."""
        document = self.load_document(file_names.VERIFIED, needs=("promises", "classes"))
        with self._intact(file_names.VERIFIED):
            return verification_of(document)

    def load_verification_together(self) -> "Verification | None":
        """Return what was measured on the release with the table that it joins, if it joins one."""
        if not (self.path / file_names.VERIFIED_TOGETHER).exists():
            return None
        document = self.load_document(file_names.VERIFIED_TOGETHER, needs=("promises", "classes"))
        with self._intact(file_names.VERIFIED_TOGETHER):
            return verification_of(document)

    def save_risk_details(self, details: "RiskDetails") -> Path:
        """Write what was examined of the risk, as JSON."""
        tables = {name: statistics_document(frame) for name, frame in details.tables.items()}
        return self.save_document(file_names.RISK_DETAILS, tables)

    def load_risk_details(self) -> "RiskDetails":
        """Return what was examined of the risk."""
        from anon_dagster.statistics.risk_details import RiskDetails

        tables = self.load_document(file_names.RISK_DETAILS)
        return RiskDetails(**{name: statistics_of(each) for name, each in tables.items()})

    def save_record_risks(
        self, risks: "Iterable[TupleRisks]", tables: "Iterable[OpenSource]"
    ) -> None:
        """Write the risk of every record of the source and of the release."""
        for name, measured, table in zip(_RECORDS, risks, tables, strict=True):
            self.save_batches(name, measured.schema, measured.tables(table))

    def load_record_risks(self) -> "RecordRisks":
        """Return the risk of every record.

        Raises
        ------
        JobKindError
            If it was not asked for.
        """
        from anon_dagster.assessment.records import RecordRisks

        if not self.has(_RECORDS):
            raise JobKindError(
                f"job {self.job_id} has no risk per record: ask for it in its request, by "
                "risk_analysis: {records: true}"
            )
        return RecordRisks(*map(self.load_frame, _RECORDS))


@dataclass(frozen=True, slots=True)
class LinkedJob:
    """A job that releases linked tables: the folder of each, and what was decided for all."""

    job: JobFolder
    request: LinkedRequest

    @property
    def folders(self) -> dict[str, JobFolder]:
        """The folder of each table, in the order in which they are published."""
        key = f"table-{hashlib.sha256(self.request.master.encode()).hexdigest()[:16]}"
        master = JobFolder(self.job.root, self.job.job_id, key)
        return {self.request.master: master, self.request.detail: self.job}

    def plan(self) -> LinkedPlan:
        """Return the problems of the tables, made of what was counted."""
        master, joined = (folder.load_count() for folder in self.folders.values())
        return plan_linked(self.request, master, joined)

    def load_decisions(self) -> dict[str, Decision]:
        """Return what was asked for, found and decided, by table."""
        solutions = {name: folder.load_solution() for name, folder in self.folders.items()}
        return decisions_of(self.plan(), solutions)


def tables_of(job: JobFolder) -> dict[str, JobFolder]:
    """Return the folder of each table that a job releases, in the order of their publication."""
    linked = job.linked
    return {"": job} if linked is None else linked.folders


def folders_with(root: Path, name: str) -> list[JobFolder]:
    """Return the folders of jobs, and of the files that they release, that have a file."""
    jobs = root / file_names.JOBS
    found = (*jobs.glob(f"*/{name}"), *jobs.glob(f"*/{file_names.FILES}/*/{name}"))
    steps = [file.parent.relative_to(jobs).parts for file in found]
    return [JobFolder(root, job_id, files[-1] if files else "") for job_id, *files in steps]


def folders_of_files(root: Path, keys: frozenset[str]) -> dict[str, JobFolder]:
    """Return the folders of files that jobs released each by itself, by key: the newest of each.

    Only those that tell what their release tells beside its promises are returned.
    """
    found = (root / file_names.JOBS).glob(f"*/{file_names.FILES}/*/{file_names.RESIDUAL}")
    newest = sorted((file for file in found if file.parent.name in keys), key=_modified)
    folders = {file.parent.name: file.parents[2].name for file in newest}
    return {key: JobFolder(root, job_id, key) for key, job_id in folders.items()}


def _modified(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except FileNotFoundError:  # its job is deleted at this moment
        return 0


def _mark(file: Fingerprint) -> list[Any]:
    """Return what tells a version of a file, or of what it was copied from, from others."""
    if file.copied is not None:
        return [file.copied.name, file.size, [], file.copied.sha256]
    return [file.path, file.size, list(file.version)]


def _of_mark(name: str, size: int, version: list[str], copied: str = "") -> Fingerprint:
    told = Copied(name, copied) if copied else None
    return Fingerprint(name, size, tuple(version), told)
