"""What is on the page of a report: its facts in the words and tables that the template lays out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from anon_dagster.discreet import Discreet
from anon_dagster.errors import counted
from anon_dagster.report import pictures
from anon_dagster.report.advice import advise, promises_alike, remarks_of
from anon_dagster.report.evidence import (
    AttributeEvidence,
    Evidence,
    HoldFact,
    PointFact,
    PromiseFact,
    StoredFile,
    SuppressedShare,
    TableFact,
)
from anon_dagster.report.formats import chance, label, listed, percent, plain, size
from anon_dagster.report.glossary import ATTACKERS, TERMS, THRESHOLDS, meaning

if TYPE_CHECKING:
    from anon_dagster.plots import Picture

MOST_PICTURES = 24  # of attributes
MOST_ATTRIBUTES = 100  # rows of the table of attributes
MOST_FILES = 20
MOST_REMARKS = 60
MOST_POINTS = 50
_MOST_ROWS = 100  # behind a picture
_MOST_SHARES = 30
_LONGEST_REQUEST = 20_000  # characters
_ATTACKS = (
    "prosecutor_highest",
    "prosecutor_average",
    "prosecutor_above_threshold",
    "journalist_highest",
    "journalist_average",
    "journalist_above_threshold",
    "marketer_average",
    "person_highest",
    "person_average",
    "person_above_threshold",
)
_MEASURES = {
    "pearson": "correlation",
    "cramers_v": "Cramér's V",
    "correlation_ratio": "correlation ratio",
}
DETAILS = {
    "suda": "Special uniques",
    "suda_contributions": "What each attribute contributes to the SUDA scores",
    "combinations": "Combinations of attributes that single out most records",
    "contributions": "Risk without each attribute",
    "attacks": "Simulated attacks",
}


@dataclass(frozen=True, slots=True)
class Table(Discreet, shown=("caption",)):
    """A table of the page, in texts; the first cell of a row is its head."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left_off: str = ""
    """What is not shown, in words."""


@dataclass(frozen=True, slots=True)
class Figure(Discreet, shown=("caption",)):
    """A picture of the page with the table behind it."""

    svg: str
    caption: str
    behind: Table


def content(evidence: Evidence) -> dict[str, Any]:
    """Return the variables of the template, by name."""
    asked, remarks = evidence.identity.of_request, remarks_of(evidence)
    return {
        "evidence": evidence,
        "is_internal": evidence.identity.of_source is not None,
        "advice": advise(evidence),
        "title": asked.dataset if asked.table is None else f"{asked.dataset}: {asked.table}",
        "approval": None if asked.hold is None else _approval(asked.hold),
        "identity": list(_identity(evidence)),
        "files": list(_files(evidence)),
        "promises": _promises(evidence),
        "remarks": remarks[:MOST_REMARKS],
        "remarks_left_off": _more(len(remarks) - MOST_REMARKS, "one"),
        "attacks": _attacks_tried(evidence),
        "risks": _risks(evidence),
        "risk_figures": _all_risks(evidence),
        "threshold": _threshold(evidence),
        "thresholds": THRESHOLDS,
        "risk_picture": _before_and_after(evidence),
        "class_sizes": figure(pictures.class_sizes_picture(evidence)),
        "details": list(_details(evidence)),
        "sensitive": list(_sensitive(evidence)),
        "attributes": _attributes(evidence),
        "attribute_pictures": list(_attribute_pictures(evidence)),
        "without_picture": _without_picture(evidence),
        "label_tables": list(_label_tables(evidence)),
        "suppressed": _suppressed(evidence),
        "shares": _shares(evidence),
        "associations": _associations(evidence),
        "association_picture": _optional(pictures.associations_picture(evidence)),
        "utility": list(_utility(evidence)),
        "coefficients": _coefficients(evidence),
        "frontier": _frontier(evidence),
        "seeds": [f"{name}: {seed}" for name, seed in evidence.conduct.of_request.seeds.items()],
        "request": asked.request[:_LONGEST_REQUEST],
        "request_left_off": max(len(asked.request) - _LONGEST_REQUEST, 0),
        "terms": TERMS,
    }


# -- identity ------------------------------------------------------------------------------


def _identity(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Give what tells this release from any other, name by name."""
    identity, asked = evidence.identity, evidence.identity.of_request
    yield "Dataset", asked.dataset
    if asked.table is not None:
        yield "Table", f"{asked.table}, of linked tables"
    yield "Job", asked.job or "none: a call of the library"
    yield "Reported", f"{asked.made[:10]} {asked.made[11:16]} UTC"
    yield "Asked for by", asked.requested_by or "not told"
    if asked.hold is not None:
        yield "Approval", _approval(asked.hold)
    if identity.of_source is not None:
        yield "Source", _stored(identity.of_source.files, identity.of_source.records)
        yield "SHA-256 of the source", identity.of_source.sha256 or identity.of_source.unknown
    of_release = identity.of_release
    columns = counted(len(of_release.columns), "column")
    yield "Release", f"{_stored(of_release.files, of_release.records)}, {columns}"
    yield "SHA-256 of the release", of_release.sha256 or "not known: it is a table in memory"
    part = ", as told here" if identity.of_source is None else ""
    yield f"SHA-256 of the request{part}", asked.fingerprint
    yield "Made with", ", ".join(f"{name} {version}" for name, version in asked.versions.items())


def _approval(hold: HoldFact) -> str:
    """Say whether a release was published that somebody has to approve, and where."""
    on = f" on {hold.decided[:10]}" if hold.decided else ""
    by = f" by {hold.decided_by}" if hold.decided_by else ""
    if hold.state == "approved":
        return f"published at {hold.target}, approved{by}{on}"
    if hold.state == "awaiting approval":
        return f"held, not published: it awaits approval, and goes to {hold.target} then"
    return f"not published at {hold.target}: {hold.state}{by}{on}"


def _stored(files: Sequence[StoredFile], records: int) -> str:
    told = counted(records, "record")
    if not files:
        return f"a table in memory, {told}"
    if len(files) == 1:
        return f"{files[0].address} ({size(files[0].size)}), {told}"
    whole = sum(file.size for file in files)
    return f"{len(files):,} files ({size(whole)}), {told}, listed below"


def _files(evidence: Evidence) -> Iterator[Table]:
    """Give the files of a source or a release that has several."""
    identity = evidence.identity
    sources = identity.of_source.files if identity.of_source is not None else ()
    for what, files in (("source", sources), ("release", identity.of_release.files)):
        if len(files) > 1:
            rows = [(f.address, size(f.size), f.sha256 or "not known") for f in files[:MOST_FILES]]
            left = max(len(files) - MOST_FILES, 0)
            yield Table(
                f"Files of the {what}",
                ("file", "size", "SHA-256"),
                tuple(rows),
                _more(left, "file"),
            )


# -- promises ------------------------------------------------------------------------------


def _promises(evidence: Evidence) -> Table:
    rows = tuple(
        (
            f"{each.name} of {listed(names)}" if names else each.name,
            *(plain(each.asked), plain(each.reached), _holds(each), each.how),
        )
        for each, names in promises_alike(evidence).items()
    )
    return Table(
        "Each promise as it was measured on the stored release",
        ("promise", "asked", "reached", "holds", "how measured"),
        rows,
    )


def _holds(promise: PromiseFact) -> str:
    if promise.holds:
        return "yes"
    if promise.untold is not None:
        return f"nobody can tell: {promise.untold}"
    classes = counted(promise.classes_failing, "class")
    return f"NO: {classes} with {counted(promise.records_failing, 'record')}"


def _attacks_tried(evidence: Evidence) -> Table | None:
    of_source = evidence.verdict.of_source
    if of_source is None or of_source.attacks is None:
        return None
    return table("Attacks on a sample of the records", of_source.attacks)


# -- risk ----------------------------------------------------------------------------------


def _risks(evidence: Evidence) -> Table:
    """Return the three attackers, before and after, each figure in plain words."""
    before, after = pictures.both_risks(evidence)
    is_internal = evidence.risk.of_source is not None
    rows = []
    for name in (name for name in _ATTACKS if name in after):
        attacker = name.partition("_")[0]
        means = meaning(name)
        cells = [before.get(name), after[name]] if is_internal else [after[name]]
        shown = [_risk_cell(name, cell) for cell in cells]
        rows.append((f"{attacker}: {means.title}", *shown, f"{ATTACKERS[attacker]}: {means.says}"))
    columns = ("attacker", *(("before",) if is_internal else ()), "after", "in plain words")
    return Table("Risk of being found, by attacker", columns, tuple(rows))


def _before_and_after(evidence: Evidence) -> Figure | None:
    """Draw the risk where there is something to compare it with."""
    return None if evidence.risk.of_source is None else figure(pictures.risk_picture(evidence))


def _risk_cell(name: str, value: float | None) -> str:
    if name.endswith("threshold"):
        return plain(value)
    told = percent(value)
    return f"{told} ({chance(value)})" if name.endswith("highest") and value else told


def _all_risks(evidence: Evidence) -> Table:
    """Return every statistic of risk."""
    of_source = evidence.risk.of_source
    before, after = pictures.both_risks(evidence)
    notes = {f.name: f.note for f in (of_source.after if of_source is not None else ())}
    rows = []
    for name in dict.fromkeys([*before, *after]):
        cells = [plain(before.get(name))] if of_source is not None else []
        said = ". ".join(text for text in (meaning(name).says, notes.get(name, "")) if text)
        rows.append((name, *cells, plain(after.get(name)), said))
    columns = ("statistic", *(("source",) if of_source is not None else ()), "release", "meaning")
    return Table("Every statistic of risk", columns, tuple(rows))


def _threshold(evidence: Evidence) -> str:
    asked = evidence.risk.of_request
    told = f"{percent(asked.threshold)} ({chance(asked.threshold)})"
    if asked.is_stated:
        return f"The request states a threshold of {told}."
    return f"No threshold was asked for; records are counted above {told}. Thresholds in use:"


def _details(evidence: Evidence) -> Iterator[Table]:
    of_source = evidence.risk.of_source
    for details in of_source.details if of_source is not None else ():
        yield table(DETAILS[details.name], details)


# -- attributes ----------------------------------------------------------------------------


def _attributes(evidence: Evidence) -> Table:
    is_internal = evidence.identity.of_source is not None
    released_first = sorted(evidence.attributes, key=lambda each: each.of_release is None)
    shown = released_first[:MOST_ATTRIBUTES]
    columns = ("attribute", "role", "what was done")
    own = ("example", "labels", "read *", "loss") if is_internal else ("labels", "read *")
    return Table(
        "What became of each attribute",
        (*columns, *own),
        tuple(_attribute(each, evidence) for each in shown),
        _more(len(evidence.attributes) - len(shown), "attribute"),
    )


def _sensitive(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Give the first sensitive attributes, and what is done to each."""
    found = [each for each in evidence.attributes if each.of_request.role == "sensitive"]
    for each in found[:MOST_ATTRIBUTES]:
        yield each.name, _done(each)


def _done(attribute: AttributeEvidence) -> str:
    of_source = attribute.of_source
    return attribute.of_request.treatment if of_source is None else of_source.done


def _attribute(attribute: AttributeEvidence, evidence: Evidence) -> tuple[str, ...]:
    of_release, of_source = attribute.of_release, attribute.of_source
    records = evidence.identity.of_release.records
    labels, starred = "not released", "-"
    if of_release is not None:
        labels = plain(of_release.distinct)
        starred = percent(of_release.starred / records if records else 0.0)
    cells = (attribute.name, attribute.of_request.role.replace("_", " "), _done(attribute))
    if evidence.identity.of_source is None:
        return (*cells, labels, starred)
    before = "" if of_source is None or of_source.distinct is None else f"{of_source.distinct:,} → "
    loss = "-" if of_source is None else percent(of_source.loss)
    return (*cells, _example(attribute), f"{before}{labels}", starred, loss)


def _example(attribute: AttributeEvidence) -> str:
    found = attribute.of_source.example if attribute.of_source is not None else None
    return "-" if found is None else f"{label(found.before)} → {label(found.after)}"


def _attribute_pictures(evidence: Evidence) -> Iterator[tuple[str, str, Figure]]:
    """Give the first attributes that have a picture, with what it does not show."""
    for attribute in _pictured(evidence)[:MOST_PICTURES]:
        if attribute.of_source is None:
            continue
        picture = pictures.attribute_picture(attribute)
        if picture is not None:
            yield attribute.name, _beside(attribute), figure(picture)


def _label_tables(evidence: Evidence) -> Iterator[Table]:
    """Give how often the labels of the release occur, where nothing is told of the source."""
    for attribute in evidence.attributes if evidence.identity.of_source is None else ():
        of_release = attribute.of_release
        if of_release is not None and of_release.labels:
            rows = tuple((label(e.label), f"{e.records:,}") for e in of_release.labels)
            left = _more(of_release.labels_left_off, "label")
            yield Table(attribute.name, ("label", "records"), rows, left)


def _pictured(evidence: Evidence) -> list[AttributeEvidence]:
    return [each for each in evidence.attributes if pictures.has_picture(each)]


def _without_picture(evidence: Evidence) -> list[str]:
    """Say which attributes have no picture, and why."""
    if evidence.identity.of_source is None:
        return []
    pictured = [each.name for each in _pictured(evidence)]
    gone = [each.name for each in evidence.attributes if each.of_release is None]
    untold = [e.name for e in evidence.attributes if e.name not in {*pictured, *gone}]
    told = {
        "Not released": gone,
        "Released, but of too many attributes or of values that are not told": untold,
        "Too many for a picture each": pictured[MOST_PICTURES:],
    }
    return [f"{why}: {listed(names, 30)}." for why, names in told.items() if names]


def _beside(attribute: AttributeEvidence) -> str:
    """Say what the picture of an attribute does not show."""
    of_release, of_source = attribute.of_release, attribute.of_source
    said = []
    if of_release is not None and of_release.labels_left_off and not of_release.bins:
        left = counted(of_release.labels_left_off, "further label")
        said.append(
            f"The most frequent labels; {left} {'are' if left[0] != '1' else 'is'} not shown."
        )
    if of_source is not None and of_source.untold_labels:
        untold = counted(of_source.untold_labels, "suppressed record")
        said.append(f"{untold} {'have' if of_source.untold_labels > 1 else 'has'} no label here.")
    return " ".join(said)


# -- damage --------------------------------------------------------------------------------


def _suppressed(evidence: Evidence) -> str:
    lost = evidence.damage.of_source
    if lost is None:
        return ""
    share = lost.suppressed / lost.records if lost.records else 0.0
    return f"{lost.suppressed:,} of {counted(lost.records, 'record')} ({percent(share)})"


def _shares(evidence: Evidence) -> Table | None:
    """Return who was suppressed, beside how many they are among all."""
    lost = evidence.damage.of_source
    if lost is None or not lost.suppressed:
        return None
    shown = lost.shares[:_MOST_SHARES]
    rows = tuple(_share(each, lost.records, lost.suppressed) for each in shown)
    return Table(
        "Who was suppressed, most out of proportion first",
        ("value", "of all records", "of the suppressed", "suppressed of them"),
        rows,
        _more(lost.shares_left_off + len(lost.shares) - len(shown), "value"),
    )


def _share(share: SuppressedShare, records: int, suppressed: int) -> tuple[str, ...]:
    return (
        f"{share.attribute}: {label(share.value)}",
        f"{percent(share.records / records)} ({share.records:,})",
        f"{percent(share.suppressed / suppressed)} ({share.suppressed:,})",
        percent(share.suppressed / share.records),
    )


def _associations(evidence: Evidence) -> Table | None:
    of_release, of_source = evidence.damage.of_release, evidence.damage.of_source
    if of_release is None or not of_release.associations:
        return None
    before = [plain(each.value) for each in of_source.associations] if of_source else []
    rows = []
    for place, each in enumerate(of_release.associations):
        cells = (*before[place : place + 1], plain(each.value))
        rows.append((f"{each.left}, {each.right}", _MEASURES[each.measure], *cells))
    columns = ("pair", "measure", *(("source",) if of_source else ()), "release")
    return Table("How strongly columns go together", columns, tuple(rows))


def _utility(evidence: Evidence) -> Iterator[tuple[Figure, Table]]:
    """Give the measures of utility, as a picture and in full."""
    lost = evidence.damage.of_source
    for measures in lost.utility if lost is not None else ():
        rows = tuple((*map(plain, row), meaning(str(row[0])).says) for row in measures.rows)
        whole = Table("Every measure of utility", (*measures.columns, "meaning"), rows)
        yield figure(pictures.utility_picture(measures)), whole


def _coefficients(evidence: Evidence) -> Table | None:
    lost = evidence.damage.of_source
    if lost is None or lost.coefficients is None:
        return None
    return table("Coefficients of a logistic regression", lost.coefficients)


# -- choice --------------------------------------------------------------------------------


def _frontier(evidence: Evidence) -> Figure | None:
    """Return what was measured as a picture, each configuration with its settings behind it."""
    picture, choice = pictures.frontier_picture(evidence), evidence.choice.of_source
    if picture is None or choice is None:
        return None
    rows = tuple(
        (each.configuration, percent(each.risk), percent(each.loss), _mark(each))
        for each in choice.points[-MOST_POINTS:]
    )
    columns = ("configuration", "highest risk", "loss", "is")
    left = _more(len(choice.points) - len(rows), "configuration")
    behind = Table("What was measured on these records", columns, rows, left)
    return Figure(picture.svg, picture.alt, behind)


def _mark(point: PointFact) -> str:
    if point.is_chosen:
        return "chosen"
    return "beaten by no other" if point.is_frontier else "beaten by another"


# -- tables and pictures -------------------------------------------------------------------


def table(caption: str, fact: TableFact) -> Table:
    """Return a table of names and numbers in texts."""
    rows = tuple(tuple(map(plain, row)) for row in fact.rows)
    return Table(caption, fact.columns, rows, _more(fact.left_off, "row"))


def figure(picture: "Picture") -> Figure:
    """Return a picture with the figures behind it."""
    data = picture.data if picture.data.index.name is None else picture.data.reset_index()
    shown = data.head(_MOST_ROWS)
    rows = tuple(tuple(_cell(cell) for cell in row) for row in shown.itertuples(index=False))
    behind = Table(
        f"Figures behind: {picture.name}",
        tuple(map(str, data.columns)),
        rows,
        _more(len(data) - len(shown), "row"),
    )
    return Figure(picture.svg, picture.alt, behind)


def _optional(picture: "Picture | None") -> Figure | None:
    return None if picture is None else figure(picture)


def _cell(value: object) -> str:
    from anon_dagster.report.gathering.numbers import number

    if isinstance(value, str):
        return value
    found = number(value)
    return plain(found) if found is not None else "-"


def _more(left: int, noun: str) -> str:
    if left <= 0:
        return ""
    return f"{counted(left, f'further {noun}')} {'is' if left == 1 else 'are'} not shown."
