"""Privacy models that suit a table: from its size and the spread of its sensitive values."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from anon_dagster.detection.evidence import percent
from anon_dagster.detection.profile import Profile
from anon_dagster.discreet import Discreet

_SMALL, _LARGE = 1_000, 100_000  # records
_SKEWED = 0.8  # share of the commonest value that leaves nothing to diversify
_MANY = 50  # different numbers that are compared by their order
_CLOSE, _DIVERSE = "t_closeness", "l_diversity"
_SOME, _OFTEN_DIFFERENT = 8, 0.5
"""So many, if so large a share of the records differ: in a small table there are no more."""


@dataclass(frozen=True, slots=True)
class Promises(Discreet):
    """The section ``privacy`` of a request, and why it is as it is."""

    document: Mapping[str, Any]
    reasons: Mapping[str | None, str]
    """By sensitive attribute; that of k under ``None``."""


def propose_promises(
    sensitive: Mapping[str, Profile], records: int, singled_out: float
) -> Promises:
    """Choose k for the table, and l or t for each sensitive attribute.

    Parameters
    ----------
    sensitive
        The sensitive columns.
    records
        Of the source.
    singled_out
        Share of the sampled records that their quasi-identifiers single out, 0 to 1.
    """
    k = 3 if records < _SMALL else 5 if records < _LARGE else 10
    k = max(min(k, records), 2)
    reasons: dict[str | None, str] = {
        None: (
            f"k = {k}: {records} records, and the quasi-identifiers as they are single out "
            f"{percent(singled_out)} of the sampled ones"
        )
    }
    document: dict[str, Any] = {"k_anonymity": {"k": k}}
    for name, profile in sensitive.items():
        kind, rule, reason = _guard(profile)
        document.setdefault(kind, []).append({"attribute": name, **rule})
        reasons[name] = f"{name}: {reason}"
    return Promises(document, reasons)


def _guard(profile: Profile) -> tuple[str, dict[str, Any], str]:
    """Choose the model of a sensitive attribute: its name, its rule, and why."""
    shares = profile.counts / max(profile.present, 1)
    top = float(shares.max(initial=0.0))
    effective = float(np.exp(-(shares * np.log(shares)).sum())) if len(shares) else 0.0
    if _measured(profile):
        rule = {"t": 0.35, "distance": "ordered"}
        return _CLOSE, rule, f"t = 0.35, ordered: {profile.distinct} different numbers"
    if profile.distinct < 2 or top > _SKEWED:
        rule = {"t": 0.3, "distance": "equal"}
        return _CLOSE, rule, f"t = 0.3: {percent(top)} of the records hold the same value"
    least = 3 if effective >= 4 else 2
    rule = {"l": least, "variant": "distinct"}
    return (
        _DIVERSE,
        rule,
        f"l = {least}: as diverse as {effective:.1f} equally frequent values",
    )


def _measured(profile: Profile) -> bool:
    """Tell whether values are measurements, which are near each other or far apart, not codes."""
    if not (profile.numeric and profile.ordered):
        return False
    differ = profile.distinct > _SOME and profile.distinct_share >= _OFTEN_DIFFERENT
    return differ or profile.distinct > _MANY


def without_order(promises: Promises, columns: Collection[str]) -> Promises:
    """Return promises that compare none of some columns by size.

    Parameters
    ----------
    columns
        Those that turned out to hold other values beside numbers, outside of the sample.
    """
    document = {model: rules for model, rules in promises.document.items() if model != _CLOSE}
    rules = promises.document.get(_CLOSE, ())
    kept = [r for r in rules if r["attribute"] not in columns or r["distance"] != "ordered"]
    moved = [rule["attribute"] for rule in rules if rule not in kept]
    if kept:
        document[_CLOSE] = kept
    if moved:
        diverse = [{"attribute": name, "l": 2, "variant": "distinct"} for name in moved]
        document[_DIVERSE] = [*document.get(_DIVERSE, ()), *diverse]
    why = "l = 2: some of its values are no numbers, so that they cannot be compared by size"
    return Promises(document, {**promises.reasons, **{n: f"{n}: {why}" for n in moved}})
