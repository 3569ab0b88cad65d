"""What the sizes of classes promise."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from anon_dagster.core.measurement import Partition
from anon_dagster.request import Policy
from anon_dagster.verification.result import Promise, promise


def k_anonymity(classes: Partition, k: int) -> Promise:
    """Measure how small classes are."""
    return promise(f"{k}-anonymity", None, k, classes.sizes, classes.smallest, classes.sizes < k)


def of_the_whole(classes: Partition, policy: Policy) -> Iterator[Promise]:
    """Measure what all records together are promised; if it is broken, none is out of it."""
    privacy, sizes, records = policy.privacy, classes.sizes, max(classes.records, 1)
    measured: list[tuple[str, float, int]] = []
    if privacy.average_risk is not None:
        risk = privacy.average_risk.risk
        measured.append((f"average risk of at most {risk:g}", risk, len(sizes)))
    if privacy.sample_uniqueness is not None:
        share, unique = privacy.sample_uniqueness.share, int((sizes == 1).sum())
        measured.append((f"at most a share of {share:g} of unique records", share, unique))
    for name, asked, found in measured:
        broken = Fraction(found, records) > Fraction(str(asked))
        yield promise(name, None, asked, sizes, found / records, np.full(len(sizes), broken))
