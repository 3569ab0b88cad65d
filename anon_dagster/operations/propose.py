"""A request for a table that nobody described: detected, measured, and chosen.

Nothing is published. What comes back is a request for a person to read, change and run.

*Objective*: among the configurations whose largest probability of identifying a record is
acceptable, the one that loses the least information (``infoLoss``); of equal ones, that of the
smaller risk, then that which suppresses fewer records.

*Stopping rule*: the configurations are tried in a fixed order, from what is computed fast to what
takes long, until all are measured or the time is up; but not before one is acceptable. If none is,
a second grid that may suppress more and keeps weaker promises on sensitive attributes is tried.
"""

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import pandas as pd

from anon_dagster.assessment.comparison import Configuration, compare, configurations
from anon_dagster.detection import Detection, detect
from anon_dagster.detection.bounds import Promises
from anon_dagster.detection.proposal import Custom, Table
from anon_dagster.detection.result import written
from anon_dagster.detection.sample import SIZE
from anon_dagster.errors import UnreachableError
from anon_dagster.operations.preparation import count_records, open_table
from anon_dagster.planning.deciding import decide
from anon_dagster.planning.plan import plan
from anon_dagster.progress import Progress, ProgressSink, ignore_progress
from anon_dagster.reading.counting import Count
from anon_dagster.request import (
    Measurement,
    Request,
    Target,
    parse_request,
    require_proposable,
)
from anon_dagster.request.arguments import require_function
from anon_dagster.request.yaml_writing import comment

_LOCAL = 20_000  # distinct tuples up to which local recoding is tried as well
_LIMITS = (0.0, 0.01, 0.05)
_LARGER_LIMIT = 0.2
_GUARDS = (("l", "l_diversity"), ("t", "t_closeness"))
_FIGURES = ["infoLoss", "maxProbabilityIdentification", "suppressed"]


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """A request that suits a table, and what else was considered."""

    detection: Detection
    request: Mapping[str, Any]
    """The document: to be written down, changed, and run."""
    alternatives: pd.DataFrame
    """Every configuration that was measured, see
    :func:`anon_dagster.assessment.comparison.compare`; with ``acceptable`` and ``chosen``."""
    reasons: tuple[str, ...]
    promises: Promises
    """Those of the request, each with the reason for it; the detection proposed others."""

    @property
    def yaml(self) -> str:
        """The request as YAML, with the reasons as comments."""
        head = [comment(reason) for reason in self.reasons]
        chosen = replace(self.detection, promises=self.promises)
        return "\n".join([*head, *written(self.request, chosen)]) + "\n"


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
) -> Proposal:
    """Propose the most useful request whose risk is acceptable; publish nothing.

    Parameters
    ----------
    table
        A source, a DataFrame, or a path.
    target
        Where the release is to go when the request is run.
    acceptable_risk
        The largest probability of identifying a record (prosecutor) that may be, above 0 to 1.
    seconds
        How long configurations are tried.
    sample, seed, domains
        See :func:`anon_dagster.detection.detect`.

    Raises
    ------
    RequestError
        If the risk is not a probability, the time is none, or no column is a quasi-identifier.
    SourceError
        If the table cannot be read.
    UnreachableError
        If no configuration is acceptable.
    """
    require_proposable(acceptable_risk=acceptable_risk, seconds=seconds)
    require_function(on_progress, "on_progress")
    detection = detect(table, sample=sample, seed=seed, domains=domains)
    document = detection.request(target=target)
    request = parse_request(document)
    frame = table if isinstance(table, pd.DataFrame) else None
    opened = open_table(request, frame=frame)
    counted = count_records(request, opened, on_progress=on_progress)
    rows, policies = _measured(request, counted, acceptable_risk, seconds, on_progress)
    best = _best(rows)
    chosen = _with_settings(document, policies[best])
    rows["chosen"] = rows.index == best
    promises = _promises(detection.promises, chosen["policy"]["privacy"], acceptable_risk)
    return Proposal(detection, chosen, rows, _reasons(rows, best, acceptable_risk), promises)


# -- measuring -----------------------------------------------------------------------------


def _measured(
    request: Request, counted: Count, acceptable: float, seconds: float, on_progress: ProgressSink
) -> tuple[pd.DataFrame, list[Configuration]]:
    """Measure one configuration after the other; one row each."""
    made = plan(request, counted)
    tables: list[pd.DataFrame] = []
    tried: list[Configuration] = []
    end = time.monotonic() + seconds
    for grid in _grids(request, counted, acceptable):
        for configuration in grid:
            on_progress(Progress("measure", len(tried)))
            row = compare(iter([configuration]), counted, made, lambda p: [decide(p)])
            risk = row.get("maxProbabilityIdentification", pd.Series([math.inf]))
            row["acceptable"] = row["reachable"] & (risk <= acceptable + 1e-12)
            tables.append(row.drop(columns="frontier"))
            tried.append(configuration)
            if time.monotonic() > end and any(table["acceptable"].any() for table in tables):
                break
        if any(table["acceptable"].any() for table in tables):
            return pd.concat(tables, ignore_index=True), tried
    raise UnreachableError(
        f"none of {len(tried)} configurations keeps every promise at a risk of {acceptable:g}; "
        "accept a larger risk, or withhold sensitive columns that are too skewed"
    )


def _grids(request: Request, counted: Count, acceptable: float) -> Iterator[list[Configuration]]:
    """Give what is tried, and what is tried if nothing of that is acceptable."""
    privacy = request.policy.privacy
    # A class of k records identifies each with a probability of 1/k at most.
    least = max(2, math.ceil(1 / acceptable - 1e-9))
    asked = privacy.k_anonymity.k if privacy.k_anonymity else least
    ks = tuple(sorted({least, max(asked, least), 2 * least}))
    recoding: tuple[Literal["global", "local"], ...] = ("global",)
    if len(counted.table) <= _LOCAL:
        recoding = ("global", "local")
    first = Measurement(k=ks, suppression_limit=_LIMITS, recoding=recoding)
    second = Measurement(
        k=(least,),
        l=(2,) if privacy.l_diversity else (),
        t=(0.5,) if privacy.t_closeness else (),
        suppression_limit=(_LARGER_LIMIT,),
        recoding=recoding,
    )
    for grid in (first, second):
        yield sorted(configurations(request.policy, grid), key=_takes_long)


def _takes_long(configuration: Configuration) -> bool:
    return configuration.policy.recoding == "local"


# -- choosing ------------------------------------------------------------------------------


def _best(rows: pd.DataFrame) -> int:
    """Return the place of the configuration that the objective prefers."""
    return int(rows[rows["acceptable"]].sort_values(_FIGURES, kind="stable").index[0])


def _with_settings(document: Mapping[str, Any], configuration: Configuration) -> dict[str, Any]:
    """Write the values of a configuration into the request."""
    policy, settings = dict(document["policy"]), dict(configuration.settings)
    privacy = dict(policy["privacy"])
    privacy["k_anonymity"] = {"k": settings["k"]}
    for key, model in _GUARDS:
        if key in settings:
            privacy[model] = [{**rule, key: settings[key]} for rule in privacy[model]]
    policy["privacy"] = privacy
    for key in ("suppression_limit", "recoding"):
        policy[key] = settings[key]
    return {**document, "policy": policy}


def _promises(proposed: Promises, privacy: Mapping[str, Any], acceptable: float) -> Promises:
    """Give the promises of a configuration the reasons for which they were chosen."""
    k = privacy["k_anonymity"]["k"]
    reasons = {
        **proposed.reasons,
        None: f"k = {k}: no record is identified with a probability above {acceptable:g}, and of "
        "the configurations measured that are acceptable, this one loses the least information",
    }
    for key, model in _GUARDS:
        pairs = zip(proposed.document.get(model, ()), privacy.get(model, ()), strict=True)
        for before, after in pairs:
            if before[key] != after[key]:
                name = before["attribute"]
                reasons[name] = (
                    f"{name}: {key} = {after[key]}, weakened: nothing that was measured with "
                    f"{key} = {before[key]} is acceptable"
                )
    return Promises(privacy, reasons)


def _reasons(rows: pd.DataFrame, best: int, acceptable: float) -> tuple[str, ...]:
    """Say which configuration was chosen and what it costs, in two sentences."""
    row = rows.loc[[best]].to_dict("records")[0]
    records = int(row["released"] + row["suppressed"])
    return (
        (
            f"Chosen of {len(rows)} configurations, {int(rows['acceptable'].sum())} of them with a "
            f"risk of at most {acceptable:g}: the one that loses the least information."
        ),
        (
            f"k = {row['k']}, {row['recoding']} recoding: information lost {row['infoLoss']:.3f} "
            f"(0 to 1), largest risk of a record {row['maxProbabilityIdentification']:.3f}, "
            f"{int(row['suppressed'])} of {records} records suppressed."
        ),
    )
