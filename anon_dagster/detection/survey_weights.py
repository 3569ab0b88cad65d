"""Survey weights: told by their names alone, and only where the values could be weights."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from anon_dagster.detection.name_words import kind_names
from anon_dagster.detection.profile import Profile
from anon_dagster.detection.result import ColumnDetection

_KIND = "survey_weight"
_REASON = "a survey weight, as its name says: how many people of the population a record stands for"


def named_as_weight(name: str) -> bool:
    """Tell whether a column is called a survey weight; the weight of a body is none."""
    return _KIND in kind_names(name)


def keep_a_weight(
    columns: Iterable[ColumnDetection], profiles: Mapping[str, Profile]
) -> Iterator[ColumnDetection]:
    """Make the one column a weight that is called so and can be one; of several, none is."""
    columns = tuple(columns)
    fit = [c.column for c in columns if _may_be_one(c, profiles[c.column])]
    for column in columns:
        if fit == [column.column]:
            reasons = (*column.reasons[:-1], _REASON)
            yield replace(column, role="weight", reasons=reasons, hierarchy=None)
        else:
            yield column


def _may_be_one(column: ColumnDetection, profile: Profile) -> bool:
    """Tell whether every record has a number of at least 1, and not all the same."""
    if column.role == "direct_identifier" or not named_as_weight(column.column):
        return False
    complete = not column.missing_share and profile.numeric and profile.distinct > 1
    return complete and profile.span.least >= 1
