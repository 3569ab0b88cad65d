"""A request for a table that nobody described: detected, measured, and chosen.

Nothing is published. What comes back is a request for a person to read, change and run.

*Objective*: among the configurations whose largest probability of identifying a record, or a person
where persons are counted, is acceptable, the one that loses the least information (``infoLoss``);
of equal ones, that of the smaller risk, then that which suppresses fewer records.

*Stopping rule*: every configuration of a grid is searched briefly, and those that lose the least
are then searched in full, until the time is up; but not before one is acceptable. If none can be, a
second grid that may suppress more and keeps weaker promises on sensitive attributes is tried.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any

import pandas as pd

from anon_dagster.assessment.comparison import PERSON_RISK, Configuration, risk_of
from anon_dagster.assessment.measured import MeasuredConfigurations
from anon_dagster.core.persons import Persons
from anon_dagster.detection import Detection, detect
from anon_dagster.detection.bounds import Promises, without_diversity, without_order
from anon_dagster.detection.proposal import Custom, Table
from anon_dagster.detection.result import written
from anon_dagster.detection.sample import SIZE
from anon_dagster.discreet import Discreet, lines_html
from anon_dagster.engine import EngineLike, using
from anon_dagster.errors import SourceError, UnreachableError
from anon_dagster.errors import counted as listed
from anon_dagster.operations.grid import GUARDS, grid_of, untried_kinds, weaker_grid_of
from anon_dagster.operations.preparation import count_records, open_table
from anon_dagster.operations.trials import Deadline, Trials
from anon_dagster.planning.plan import plan
from anon_dagster.plots import Picture
from anon_dagster.progress import ProgressSink, ignore_progress, steady
from anon_dagster.reading.counting import Count
from anon_dagster.request import Policy, Request, Target, parse_request, require_proposable
from anon_dagster.request.arguments import require_function
from anon_dagster.request.yaml_writing import comment
from anon_dagster.residual import ResidualDisclosure
from anon_dagster.storage.copies import keeping_copies
from anon_dagster.storage.sources import OpenSource
from anon_dagster.storage.tables_in_memory import is_table

_TO_REHEARSE = 3.0
"""How long it takes to release the table and to examine that, in times of reading it …"""
_TO_COMPARE = 0.002
"""… and in seconds for each pair of a protected column and one that is released as it is."""
_LATE = 2.0
"""How many times as much is kept for that, since a search does not end on the second."""
_SHARE_TO_REHEARSE = 0.2
"""How much of the time is kept for that, at most."""
_TOLD = 5  # findings that are among the reasons


@dataclass(frozen=True, slots=True, eq=False)
class Proposal(Discreet, shown=("reasons", "acceptable_risk", "residual")):
    """A request that suits a table, and what else was considered."""

    detection: Detection
    request: Mapping[str, Any]
    """The document: to be written down, changed, and run."""
    alternatives: pd.DataFrame
    """Every configuration that was measured, see
    :func:`anon_dagster.assessment.comparison.compare`; with ``acceptable``, ``chosen`` and
    ``search``: ``full`` as the request is searched when it is run, or ``brief``."""
    reasons: tuple[str, ...]
    """Why this one, what it costs, and what was not measured for want of time."""
    promises: Promises
    """Those of the request, each with the reason for it; the detection proposed others."""
    acceptable_risk: float
    residual: ResidualDisclosure | None
    """What the release of this request tells although every promise holds; ``None`` where there
    was no time to look."""

    @property
    def yaml(self) -> str:
        """The request as YAML, with the reasons as comments."""
        head = [comment(reason) for reason in self.reasons]
        chosen = replace(self.detection, promises=self.promises)
        return "\n".join([*head, *written(self.request, chosen)]) + "\n"

    @property
    def picture(self) -> Picture:
        """Risk and loss of every configuration that was measured."""
        table = MeasuredConfigurations(self.alternatives)
        return table.plot.frontier(acceptable=self.acceptable_risk)

    def _tables(self) -> Iterator[str]:
        yield lines_html("Why this request", self.reasons)
        yield self.picture.svg
        yield from self.detection._tables()  # noqa: SLF001 (of the same kind)


def auto_anonymize(  # noqa: PLR0913 (all are named)
    table: Table,
    *,
    target: Target | Mapping[str, Any] | str | None = None,
    acceptable_risk: float = 0.1,
    seconds: float = 60.0,
    sample: int = SIZE,
    seed: int = 0,
    domains: Custom = None,
    on_progress: ProgressSink = ignore_progress,
    engine: EngineLike | None = None,
) -> Proposal:
    """Propose the most useful request whose risk is acceptable; publish nothing.

    Parameters
    ----------
    table
        A source, a DataFrame, or a path.
    target
        Where the release is to go when the request is run.
    acceptable_risk
        The largest probability of identifying a record (prosecutor), or a person where persons are
        counted, that may be, above 0 to 1.
    seconds
        How long it may take, from the first look at the table on. Where reading it takes most of
        them, a quarter of the seconds is added for configurations; one is always measured.
    sample, seed, domains
        See :func:`anon_dagster.detection.detect`.
    on_progress, engine
        See :func:`anon_dagster.anonymize`. What is detected is seen in a sample, which is drawn
        in this process.

    Raises
    ------
    RequestError
        If the risk is not a probability, the time is none, or nothing of the table could be
        released.
    SourceError
        If the table cannot be read, or has no records.
    UnreachableError
        If no configuration is acceptable.
    """
    require_proposable(acceptable_risk=acceptable_risk, seconds=seconds)
    require_function(on_progress, "on_progress")
    on_progress = steady(on_progress)
    begun = monotonic()
    with using(engine), keeping_copies():
        detection = detect(table, sample=sample, seed=seed, domains=domains)
        detected = parse_request(detection.request(target=target))
        source = open_table(detected, frame=table if is_table(table) else None)
        counted, to_read = _counted(detected, source, on_progress)
        detection = _for_all_values(detection, counted)
        document = detection.request(target=target)
        request = parse_request(document)
        deadline = Deadline.of(seconds, begun=begun)
        reserve = _TO_REHEARSE * to_read + _TO_COMPARE * _compared(request.policy)
        searched = deadline.earlier(min(_LATE * reserve, _SHARE_TO_REHEARSE * seconds))
        trials = Trials(counted, plan(request, counted), acceptable_risk, searched, on_progress)
        _try_out(trials, request.policy)
        rows, best = trials.rows, trials.best
        rows["chosen"] = [place == best for place in sorted(trials.measured)]
        chosen = _with_settings(document, trials.planned[best])
        whom = "record" if detection.person is None else "person"
        privacy = chosen["policy"]["privacy"]
        promises = _promises(detection.promises, privacy, acceptable_risk, whom)
        kept = trials.kept if deadline.left >= reserve else None
        residual = kept.examine(request, counted, source) if kept else None
        reasons = (*_reasons(trials, rows), *_remaining(residual))
        return Proposal(detection, chosen, rows, reasons, promises, acceptable_risk, residual)


def _counted(
    request: Request, source: OpenSource, on_progress: ProgressSink
) -> tuple[Count, float]:
    """Read the source once; return how many seconds that took, too.

    Raises
    ------
    SourceError
        If it has no records.
    """
    begun = monotonic()
    counted = count_records(request, source, on_progress=on_progress)
    if not counted.records:
        raise SourceError("the table has no records: nothing can be measured")
    return counted, monotonic() - begun


def _compared(policy: Policy) -> int:
    """Count the pairs of columns that an examination compares."""
    roles = Counter(attribute.role for attribute in policy.attributes.values())
    protected = roles["quasi_identifier"] + roles["direct_identifier"]
    return protected * (len(policy.attributes) - protected - roles["weight"])


def _for_all_values(detection: Detection, counted: Count) -> Detection:
    """Return a detection whose promises suit the values outside of its sample, too."""
    disordered = [n for n, column in counted.columns.items() if not column.ordering.is_ordered]
    promises = without_order(detection.promises, disordered)
    return replace(detection, promises=without_diversity(promises, _common(counted)))


def _common(counted: Count) -> dict[str, float]:
    """Return which share of the persons have the commonest value of each attribute, 0 to 1."""
    held = counted.persons
    if held is None or not len(held.hashes):
        return {}
    shares = {}
    for name, values in zip(counted.attributes, counted.table.codes.columns, strict=True):
        column = counted.columns[name]
        persons = Persons.of(held.tuples, held.owners, len(values))
        having = persons.count(values, len(column.values))
        shares[name] = float(having.max(initial=0)) / len(held.hashes)
    return shares


def _try_out(trials: Trials, policy: Policy) -> None:
    """Measure one grid, and a weaker one if nothing of it can be reached.

    Raises
    ------
    UnreachableError
        If nothing is acceptable.
    """
    for grid in (grid_of, weaker_grid_of):
        trials.run(grid(policy, trials.acceptable))
        if trials.found:
            return
    why = trials.rows["note"].iloc[-1]
    raise UnreachableError(
        f"none of {len(trials.measured)} configurations keeps every promise at a risk of "
        f"{trials.acceptable:g}; accept a larger risk, or withhold sensitive columns that are too "
        f"skewed. What asked for least: {why}"
    )


# -- choosing ------------------------------------------------------------------------------


def _with_settings(document: Mapping[str, Any], configuration: Configuration) -> dict[str, Any]:
    """Write the values of a configuration into the request."""
    policy, settings = dict(document["policy"]), dict(configuration.settings)
    privacy = dict(policy["privacy"])
    privacy["k_anonymity"] = {"k": settings["k"]}
    for key, model in GUARDS:
        if key in settings:
            privacy[model] = [{**rule, key: settings[key]} for rule in privacy[model]]
    policy["privacy"] = privacy
    for key in ("suppression_limit", "recoding"):
        policy[key] = settings[key]
    return {**document, "policy": policy}


def _promises(
    proposed: Promises, privacy: Mapping[str, Any], acceptable: float, whom: str = "record"
) -> Promises:
    """Give the promises of a configuration the reasons for which they were chosen."""
    k = privacy["k_anonymity"]["k"]
    reasons = {
        **proposed.reasons,
        None: f"k = {k}: no {whom} is identified with a probability above {acceptable:g}, and of "
        "the configurations measured that are acceptable, this one loses the least information",
    }
    for key, model in GUARDS:
        pairs = zip(proposed.document.get(model, ()), privacy.get(model, ()), strict=True)
        for before, after in pairs:
            if before[key] != after[key]:
                name = before["attribute"]
                reasons[name] = (
                    f"{name}: {key} = {after[key]}, weakened: nothing that was measured with "
                    f"{key} = {before[key]} is acceptable"
                )
    return Promises(privacy, reasons)


# -- in words ------------------------------------------------------------------------------


def _reasons(trials: Trials, rows: pd.DataFrame) -> Iterator[str]:
    """Say which configuration was chosen, what it costs, and what was not measured."""
    chosen = rows[rows["chosen"]].to_dict("records")[0]
    records = int(chosen["released"] + chosen["suppressed"])
    total = len(rows) + len(trials.left)
    yield (
        f"Chosen of the {len(rows)} of {total} configurations that were measured, "
        f"{int(rows['acceptable'].sum())} of them with a risk of at most {trials.acceptable:g}: "
        "the one that loses the least information."
    )
    yield (
        f"k = {chosen['k']}, {chosen['recoding']} recoding: information lost "
        f"{chosen['infoLoss']:.3f} (0 to 1), largest risk of a "
        f"{'person' if risk_of(rows) == PERSON_RISK else 'record'} {chosen[risk_of(rows)]:.3f}, "
        f"{int(chosen['suppressed'])} of {records} records suppressed."
    )
    yield from _of_recoding(rows, chosen["recoding"])
    if chosen["search"] == "brief":
        yield (
            "It was searched briefly, for want of time: the request searches further when it is "
            "run, and what it loses may differ a little."
        )
    yield from _of_those_left(trials)


def _remaining(residual: ResidualDisclosure | None) -> Iterator[str]:
    """Say what the release would tell although every promise holds."""
    if residual is None:
        yield (
            "What remains to be found in its release was not looked for, for want of time; the "
            "job does it before it publishes anything."
        )
        return
    found = residual.to_be_mended
    for each in found[:_TOLD]:
        told = f"{each}, {residual.how_many(each)}; {each.cure}"
        yield f"Remains to be found in its release ({each.severity}): {told}."
    if (more := len(found) - _TOLD) > 0:
        yield f"{listed(more, 'more finding')} will be in its residual disclosure."


def _of_recoding(rows: pd.DataFrame, chosen: str) -> Iterator[str]:
    """Compare the best of local with the best of global recoding, if both can be had."""
    best = rows[rows["acceptable"]].groupby("recoding")["infoLoss"].min().to_dict()
    if len(best) < 2:
        return
    other = "global" if chosen == "local" else "local"
    how = "each class is generalized as little as its own records need"
    why = f": {how}" if chosen == "local" else ""
    yield (
        f"The best of {chosen} recoding loses {best[chosen]:.3f}, that of {other} recoding "
        f"{best[other]:.3f}, at a risk that is acceptable{why}."
    )


def _of_those_left(trials: Trials) -> Iterator[str]:
    """Say which configurations were not measured, and why."""
    if gone := len(trials.hopeless):
        yield (
            f"{listed(gone, 'more configuration')} would promise more than those that were found "
            "to be out of reach, and had no use."
        )
    if not (left := trials.left):
        return
    untried = untried_kinds(trials.tried, left)
    none = f" No configuration was measured with {', '.join(untried)}." if untried else ""
    yield (
        f"{listed(len(left), 'configuration')} could not be measured in time.{none} More seconds "
        "measure more."
    )
