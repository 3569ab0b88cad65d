"""Which configurations are tried for a table, and in which order.

Every kind of configuration comes early: first the one that is asked for least, with global and with
local recoding; then one promise after the other is changed by itself; then several together.
"""

import math
from collections.abc import Sequence

from anon_dagster.assessment.comparison import Configuration, configurations
from anon_dagster.detection.result import SUPPRESSION_LIMIT
from anon_dagster.request import Measurement, Policy

GUARDS = (("l", "l_diversity"), ("t", "t_closeness"))
"""What a configuration may weaken of the models that guard an attribute: parameter, model."""
PAIR = 2
"""The configurations in a row that differ in nothing but the recoding."""
_PROMISES = ("k", *(name for name, _ in GUARDS), "suppression_limit")
_MULTIPLES = (1, 2, 4)
_LARGER_LIMIT = 0.2


def grid_of(policy: Policy, acceptable: float) -> list[Configuration]:
    """Return what is tried for a policy, in pairs of global and local recoding.

    The first pair promises least: what it cannot reach, none of the others can.

    Parameters
    ----------
    acceptable
        The largest probability of identifying a record, above 0 to 1.
    """
    least, asked = _least(acceptable), policy.privacy.k_anonymity
    ks = {least * multiple for multiple in _MULTIPLES}
    if asked is not None:
        ks.add(max(asked.k, least))
    measurement = Measurement(
        k=tuple(sorted(ks)),
        suppression_limit=(SUPPRESSION_LIMIT, 0.01, 0.0),
        recoding=("global", "local"),
    )
    return _interleaved(policy, measurement)


def weaker_grid_of(policy: Policy, acceptable: float) -> list[Configuration]:
    """Return what is tried, in the same order, if nothing of :func:`grid_of` can be reached."""
    measurement = Measurement(
        k=(_least(acceptable),),
        l=(2,) if policy.privacy.l_diversity else (),
        t=(0.5,) if policy.privacy.t_closeness else (),
        suppression_limit=(_LARGER_LIMIT,),
        recoding=("global", "local"),
    )
    return _interleaved(policy, measurement)


def untried_kinds(tried: Sequence[Configuration], left: Sequence[Configuration]) -> list[str]:
    """Name the settings that only configurations have that are left: ``recoding: local``."""
    seen = {setting for each in tried for setting in each.settings.items()}
    unseen = dict.fromkeys(setting for each in left for setting in each.settings.items())
    return [f"{name}: {value}" for name, value in unseen if (name, value) not in seen]


def _least(acceptable: float) -> int:
    """Return the k that bounds the risk: a class of k records identifies each by 1/k at most."""
    return max(2, math.ceil(1 / acceptable - 1e-9))


def _interleaved(policy: Policy, measurement: Measurement) -> list[Configuration]:
    """Order configurations by how many promises are not the first of their values, and how far."""
    values = {name: getattr(measurement, name) for name in _PROMISES}
    promises = [name for name in _PROMISES if values[name]]

    def order(configuration: Configuration) -> tuple[int, int, list[int], int]:
        settings = configuration.settings
        ranks = [values[name].index(settings[name]) for name in promises]
        recoding = measurement.recoding.index(settings["recoding"])
        return sum(map(bool, ranks)), max(ranks), [-rank for rank in ranks], recoding

    return sorted(configurations(policy, measurement), key=order)
