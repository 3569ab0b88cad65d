"""Whether a survey weight that is to be dropped is out of a release."""

from collections.abc import Iterator

from anon_dagster.core.wording import WEIGHTS
from anon_dagster.reading.counting import Count
from anon_dagster.request import Policy, Weight
from anon_dagster.verification.result import Promise


def weights_gone(release: Count, policy: Policy) -> Iterator[Promise]:
    """Measure how many records still have a weight that is not to be released."""
    for name, attribute in policy.attributes.items():
        if isinstance(attribute, Weight):
            column = release.columns.get(name)
            remaining = 0 if column is None else release.records - column.missing
            yield Promise(WEIGHTS, name, 0, remaining, remaining == 0, 0, remaining)
