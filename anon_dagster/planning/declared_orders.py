"""Orders of categories that a source declares, where something follows them."""

from collections.abc import Iterator

from anon_dagster.errors import Complaint, RequestError
from anon_dagster.planning.aggregation import ALONG_THE_ORDER
from anon_dagster.reading.counting import Count
from anon_dagster.request import OrderRule, Policy, QuasiIdentifier, Sensitive


def require_one_order(policy: Policy, count: Count) -> None:
    """Refuse what follows the order of categories where the files of a source declare not one.

    Raises
    ------
    RequestError
        Naming each attribute, and what needs its order.
    """
    problems = []
    for name, attribute in policy.attributes.items():
        if isinstance(attribute, QuasiIdentifier | Sensitive) and _is_open(count, name):
            problems += [
                Complaint(
                    f"policy.attributes.{name}.{key}",
                    f"{open_order(name)}; declare one order in all of them, or {instead}",
                )
                for key, instead in _following(attribute, policy)
            ]
    if problems:
        raise RequestError(problems)


def open_order(name: str) -> str:
    """Say that nobody can tell the order of the values of an attribute."""
    return (
        f"the files of the source declare orders of the values of {name} that contradict each "
        "other, or leave open how some of them follow"
    )


def _is_open(count: Count, name: str) -> bool:
    """Tell whether nobody can tell the order of values, of the records or of the people."""
    tables = [count] if count.population is None else [count, count.population]
    columns = [table.columns[name] for table in tables if name in table.columns]
    return any(column.is_order_open and column.meaning is None for column in columns)


def _following(attribute: QuasiIdentifier | Sensitive, policy: Policy) -> Iterator[tuple[str, str]]:
    """Give what of an attribute follows the order of its values, and what may be asked instead."""
    rule = attribute.hierarchy
    if isinstance(rule, OrderRule) and rule.order is None:
        yield "hierarchy", "name the values in the order of the hierarchy"
    if isinstance(attribute, Sensitive):
        return
    if attribute.aggregate in ALONG_THE_ORDER:
        yield "aggregate", "use mode or set"
    if attribute.groups == "mdav":
        yield "groups", "leave groups out"
    if attribute.local_labels == "ranges" and policy.recoding == "local":
        yield "local_labels", "use nodes or sets"
