"""Columns that number the rows of a table, which pandas and R write without being asked."""

import re

from anon_dagster.detection.profile import Profile

_GIVEN = re.compile(r"row_number(_\d+)?|Unnamed: \d+|__index_level_\d+__|row[._ ]?names?")
"""Names that nobody chose: of the reader, of pandas and of R."""


def numbers_rows(profile: Profile) -> bool:
    """Tell whether a column has a name that nobody chose, and whole numbers from 0 or 1 on.

    Part files number their rows each for itself, so that a number may stand several times.
    """
    if not _GIVEN.fullmatch(profile.name) or not profile.distinct:
        return False
    span = profile.span
    return profile.numeric_share == 1.0 and span.whole and span.least >= 0
