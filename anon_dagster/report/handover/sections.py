"""The sections of a report that is handed over: its facts of source are left out, every one.

A figure of the source, or a reason why there is none, differs for some two sources that differ in
one suppressed record and have the same release: then whoever knows all records but that one learns
whether it was there. So no rule that looks at the source may decide what is told.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from anon_dagster.core.hierarchy import SUPPRESSED
from anon_dagster.discreet import Discreet
from anon_dagster.reading.columns import ColumnCount
from anon_dagster.report.evidence import (
    AttributeEvidence,
    AttributeOfRelease,
    AttributeOfRequest,
    Choice,
    ChoiceOfRequest,
    Conduct,
    ConductOfRelease,
    ConductOfRequest,
    Damage,
    Evidence,
    Figure,
    Identity,
    IdentityOfRelease,
    IdentityOfRequest,
    LabelCount,
    Risk,
    RiskOfRelease,
    RiskOfRequest,
    StoredFile,
    Verdict,
    VerdictOfRelease,
    VerdictOfRequest,
)
from anon_dagster.report.explanation import explain_policy
from anon_dagster.report.exposure import figures_of, sizes_of
from anon_dagster.report.formats import short
from anon_dagster.report.handover.asked import Asked
from anon_dagster.report.handover.measured import Measured
from anon_dagster.report.handover.remarks import remarks_on

LABELS = 20
"""How many labels of a column are told, the most frequent ones."""
_MOST_DIFFERENT = 200
"""Of a column of more labels only their number is told."""
_CHECK = "anon evidence check evidence.json RELEASE --public-key KEY.pem"


@dataclass(frozen=True, slots=True)
class Named(Discreet, shown=("dataset", "job", "made")):
    """Which release it is, as no record of it tells."""

    dataset: str
    made: str
    """ISO 8601, UTC."""
    job: str | None
    versions: Mapping[str, str]
    table: str | None = None
    """Of linked tables the name of this one."""


@dataclass(frozen=True, slots=True)
class Files(Discreet, shown=("sizes", "sha256")):
    """The files of a release, without where they lie."""

    sizes: tuple[int, ...] = ()
    """In bytes; none: it is a table in memory."""
    sha256: str | None = None
    """Over the files in their order."""


def sections_of(named: Named, asked: Asked, measured: Measured, files: Files) -> Evidence:
    """Return the facts that a release and what was asked for tell."""
    return Evidence(
        identity=_identity(named, asked, measured, files),
        verdict=Verdict(
            VerdictOfRequest(tuple(_in_words(asked)), tuple(remarks_on(asked))),
            VerdictOfRelease(measured.promises),
            None,
        ),
        risk=_risk(asked, measured),
        attributes=tuple(_attributes(asked, measured)),
        damage=Damage(None, None),
        choice=Choice(ChoiceOfRequest(()), None),
        conduct=Conduct(
            ConductOfRequest(asked.policy.recoding, {}, (_CHECK,)), ConductOfRelease(), None
        ),
    )


def _identity(named: Named, asked: Asked, measured: Measured, files: Files) -> Identity:
    stored = tuple(
        StoredFile(f"file {number}", size, None) for number, size in enumerate(files.sizes, 1)
    )
    return Identity(
        IdentityOfRequest(
            dataset=named.dataset,
            job=named.job,
            made=named.made,
            requested_by=None,
            approved_by=None,
            versions=named.versions,
            fingerprint=asked.fingerprint,
            request=asked.yaml,
            table=named.table,
        ),
        IdentityOfRelease(
            stored, measured.count.records, tuple(measured.count.columns), files.sha256
        ),
        None,
    )


def _in_words(asked: Asked) -> Iterator[str]:
    """Say what was asked for, one promise after the other."""
    for line in explain_policy(asked.policy).splitlines():
        yield line.removeprefix("- ")
    for each in asked.beyond:
        if each.needs == "source":  # the same once more, beside another table; or said already
            continue
        yield f"{each.name}{f' of {each.attribute}' if each.attribute else ''}"


# -- risk ----------------------------------------------------------------------------------


def _risk(asked: Asked, measured: Measured) -> Risk:
    classes, threshold = measured.classes, asked.policy.threshold
    of_records = figures_of(classes, threshold, has_population=asked.has_population)
    figures = (*of_records, *_of_persons(measured))
    return Risk(
        RiskOfRequest(
            threshold=float(threshold),
            is_stated=asked.policy.risk_threshold is not None,
            population=None,
            has_population_table=False,
            counts_persons=asked.counts_persons,
        ),
        RiskOfRelease(figures, tuple(sizes_of(classes.sizes))),
        None,
    )


def _of_persons(measured: Measured) -> Iterator[Figure]:
    """Give the same of persons, where the pseudonyms of the release tell who is who."""
    sizes = measured.persons
    if sizes is None:
        return
    smallest = int(sizes.min()) if len(sizes) else 0
    yield Figure("smallest_class_of_persons", smallest)
    yield Figure("classes_of_one_person", int((sizes == 1).sum()))
    yield Figure("person_highest", 1 / smallest if smallest else None)
    yield Figure("person_average", len(sizes) / int(sizes.sum()) if len(sizes) else None)


# -- attributes ----------------------------------------------------------------------------


def _attributes(asked: Asked, measured: Measured) -> Iterator[AttributeEvidence]:
    policy, columns = asked.policy, measured.count.columns
    for name, attribute in policy.attributes.items():
        column, treatment = columns.get(name), asked.treatments.get(name, "")
        of_request = AttributeOfRequest(attribute.role, treatment)
        of_release = None if column is None else _of_column(column, name, measured)
        yield AttributeEvidence(name, of_request, of_release, None)


def _of_column(column: ColumnCount, name: str, measured: Measured) -> AttributeOfRelease:
    """Tell how a column reads; which labels it has only of those that are counted together."""
    if name not in measured.count.attributes or column.many is not None:
        return AttributeOfRelease(column.distinct, 0, column.missing)
    counts = dict(zip(column.labels, column.counts.tolist(), strict=True))
    starred = counts.pop(SUPPRESSED, 0)
    missing = counts.pop(None, 0)
    if len(counts) > _MOST_DIFFERENT:
        return AttributeOfRelease(len(counts), starred, missing, (), len(counts))
    frequent = sorted(counts.items(), key=lambda each: (-each[1], each[0] or ""))[:LABELS]
    labels = tuple(LabelCount(short(label), number) for label, number in frequent)
    return AttributeOfRelease(
        len(counts), starred, missing, labels, labels_left_off=len(counts) - len(labels)
    )
