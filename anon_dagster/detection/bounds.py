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

    def without(self, attributes: Collection[str]) -> "Promises":
        """Return what is left if sensitive attributes are not released."""
        document = {
            model: rule
            if isinstance(rule, Mapping)
            else [each for each in rule if each["attribute"] not in attributes]
            for model, rule in self.document.items()
        }
        reasons = {name: why for name, why in self.reasons.items() if name not in attributes}
        return Promises({model: rule for model, rule in document.items() if rule}, reasons)


def propose_promises(
    sensitive: Mapping[str, Profile],
    records: int,
    singled_out: float,
    common: Mapping[str, float] | None = None,
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
    common
        Where persons are counted: the share of them, 0 to 1, who have the commonest value of each
        sensitive column. One person may have several values.
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
        kind, rule, reason = _guard(profile, None if common is None else common.get(name))
        document.setdefault(kind, []).append({"attribute": name, **rule})
        reasons[name] = f"{name}: {reason}"
    return Promises(document, reasons)


def _guard(profile: Profile, common: float | None) -> tuple[str, dict[str, Any], str]:
    """Choose the model of a sensitive attribute: its name, its rule, and why."""
    shares = profile.counts / max(profile.present, 1)
    top, whose = float(shares.max(initial=0.0)), "records"
    if common is not None and common > top:
        top, whose = common, "persons"
    effective = float(np.exp(-(shares * np.log(shares)).sum())) if len(shares) else 0.0
    if _measured(profile):
        rule = {"t": 0.35, "distance": "ordered"}
        return _CLOSE, rule, f"t = 0.35, ordered: {profile.distinct} different numbers"
    if profile.distinct < 2 or top > _SKEWED:
        rule = {"t": 0.3, "distance": "equal"}
        return _CLOSE, rule, f"t = 0.3: {percent(top)} of the {whose} have the same value"
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


def without_diversity(promises: Promises, common: Mapping[str, float]) -> Promises:
    """Return promises that ask no diversity of what nearly every person has.

    Parameters
    ----------
    common
        The share of the persons, 0 to 1, who have the commonest value of each sensitive column: in
        the whole table it may turn out to be larger than in the sample.
    """
    rules = promises.document.get(_DIVERSE, ())
    moved = [rule["attribute"] for rule in rules if common.get(rule["attribute"], 0) > _SKEWED]
    if not moved:
        return promises
    document = {model: asked for model, asked in promises.document.items() if model != _DIVERSE}
    if kept := [rule for rule in rules if rule["attribute"] not in moved]:
        document[_DIVERSE] = kept
    close = [{"attribute": name, "t": 0.3, "distance": "equal"} for name in moved]
    document[_CLOSE] = [*document.get(_CLOSE, ()), *close]
    why = "t = 0.3: {} of the persons have the same value"
    reasons = {n: f"{n}: {why.format(percent(common[n]))}" for n in moved}
    return Promises(document, {**promises.reasons, **reasons})


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
