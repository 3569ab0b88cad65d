"""The second path: what a table reaches, measured without the search and its evaluation.

Nothing is shared with what decides, so that the two do not agree on the same mistake: classes are
runs of sorted rows instead of keys, distances are shares and quantiles instead of cross-multiplied
counts. Floats decide where the answer is clear; within a margin of a bound exact fractions do.
"""

from anon_dagster.core.audit.classes import Partition, partition, persons_of
from anon_dagster.core.audit.closeness import (
    equal_distances,
    hierarchical_distances,
    ordered_distances,
)
from anon_dagster.core.audit.contents import Contents, contents, without
from anon_dagster.core.audit.disclosure import Disclosure, disclosures
from anon_dagster.core.audit.diversity import (
    HeadAndTail,
    distinct_values,
    entropies,
    entropy_below,
    head_and_tail,
)
from anon_dagster.core.audit.hiding import records_that_hide
from anon_dagster.core.audit.likeness import beyond_information, largest_shares, relative_gains
from anon_dagster.core.audit.matching import people_alike, persons_alike, records_needed
from anon_dagster.core.audit.persons import (
    Belongings,
    belongings,
    distances_of_ends,
    distances_of_weights,
    largest_group,
    share_differences,
)
from anon_dagster.core.audit.quantity import Quantity
from anon_dagster.core.audit.trajectories import Trajectory, trajectories

__all__ = [
    "Belongings",
    "Contents",
    "Disclosure",
    "HeadAndTail",
    "Partition",
    "Quantity",
    "Trajectory",
    "belongings",
    "beyond_information",
    "contents",
    "disclosures",
    "distances_of_ends",
    "distances_of_weights",
    "distinct_values",
    "entropies",
    "entropy_below",
    "equal_distances",
    "head_and_tail",
    "hierarchical_distances",
    "largest_group",
    "largest_shares",
    "ordered_distances",
    "partition",
    "people_alike",
    "persons_alike",
    "persons_of",
    "records_needed",
    "records_that_hide",
    "relative_gains",
    "share_differences",
    "trajectories",
    "without",
]
