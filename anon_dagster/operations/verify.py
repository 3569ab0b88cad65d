"""Say which promises of a policy a released table keeps."""

from collections.abc import Mapping
from typing import Any

from anon_dagster.engine import EngineLike, using
from anon_dagster.request import Policy, Source
from anon_dagster.request.arguments import as_policy, as_source, require_levels
from anon_dagster.storage.copies import keeping_copies
from anon_dagster.storage.tables_in_memory import Tabular, is_table
from anon_dagster.verification import Verification, verify_file, verify_frame


def verify_table(
    policy: Policy | Mapping[str, Any],
    released: Tabular | Source | str,
    *,
    levels: Mapping[str, int] | None = None,
    engine: EngineLike | None = None,
) -> Verification:
    """Say which promises of a policy a released table keeps.

    Parameters
    ----------
    policy
        What was promised; or its document.
    released
        The table: a DataFrame, a source, or a path.
    levels
        Of the release, by quasi-identifier, as a result tells them. Only promises that count people
        of a population ask for them; left out, they are the lowest that the labels may be of, with
        the fewest people behind each class.
    engine
        Where the parts of a table are worked on, see :func:`anonymize`.
    """
    policy = as_policy(policy)
    if levels is not None:
        require_levels(levels, "levels", policy.quasi_identifiers)
    with using(engine), keeping_copies():
        if is_table(released):
            return verify_frame(released, policy, levels=levels)
        return verify_file(as_source(released, "released"), policy, levels=levels)
