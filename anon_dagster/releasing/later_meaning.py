"""What the values of later records mean, as the rules and the labels of a solution tell it.

Later records may be few, with an odd cell among them: what the first ones meant is not theirs to
decide.
"""

from collections.abc import Iterable, Iterator

import pyarrow as pa

from anon_dagster.core.hierarchy import SUPPRESSED, Label
from anon_dagster.core.ordering import Meaning
from anon_dagster.request import (
    FrequencyRule,
    HierarchyRule,
    IntervalRule,
    OrderRule,
    RoundingRule,
    TreeRule,
)
from anon_dagster.storage.meaning import canonical_texts, ordering_of


def later_meaning(
    rule: HierarchyRule | None, named: Iterable[Label], labels: Iterable[Label]
) -> Meaning | None:
    """Return what later values of an attribute mean; ``None`` if nothing tells it.

    Parameters
    ----------
    named
        The values that released labels name.
    labels
        All of its released labels.
    """
    if isinstance(rule, IntervalRule | RoundingRule):
        return Meaning.number
    texts = {*named, *_texts_of_rule(rule, labels)} - {None, SUPPRESSED}
    values = pa.array(sorted(text for text in texts if text is not None), pa.string())
    ordering = ordering_of(values)
    if ordering.meaning in {Meaning.text, Meaning.boolean}:
        return None
    if set(named) - {None} and not _is_plain([text for text in named if text is not None]):
        return Meaning.text  # the first values were no numbers, else they would read plainly
    return ordering.meaning


def _is_plain(texts: list[str]) -> bool:
    """Tell whether values read as those of their meaning are written."""
    values = pa.array(sorted(texts), pa.string())
    return bool(canonical_texts(values, ordering_of(values)).equals(values))


def _texts_of_rule(rule: HierarchyRule | None, labels: Iterable[Label]) -> Iterator[Label]:
    """Yield the values that a rule names, or that its labels on any level do."""
    if isinstance(rule, TreeRule):
        yield from rule.leaves
    elif isinstance(rule, FrequencyRule):
        yield from (label for label in labels if label not in {rule.rest, rule.other})
    elif isinstance(rule, OrderRule):
        yield from rule.order or ()
        for label in labels:
            low, _, high = (label or "").partition(" .. ")
            yield from (low, high) if high else ()
