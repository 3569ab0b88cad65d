"""From what a column is, and how far it singles people out, to its role.

The rules stand in :data:`RULES`, in the order in which they are asked; the first that knows an
answer gives it. Who takes a harmless column for one that is not loses some detail; who errs the
other way loses a secret. So doubt protects.
"""

from collections.abc import Callable

from anon_dagster.detection import exemptions, protections
from anon_dagster.detection.case import Answer, Case
from anon_dagster.detection.classification import Verdict
from anon_dagster.detection.domains import Domain
from anon_dagster.detection.name_words import kinds_of
from anon_dagster.detection.profile import Profile
from anon_dagster.detection.separation import Separation
from anon_dagster.detection.table_view import ALONE, TableView

RULES: tuple[Callable[[Case], Answer | None], ...] = (
    protections.identifies,
    exemptions.constant,
    protections.became,
    # Values that speak for themselves outweigh a name.
    exemptions.harmless_by_values,
    protections.part_of_a_date,
    protections.numbers_a_person,
    exemptions.in_an_offer,
    protections.known_by_values,
    # A name outweighs values that could be anything: first what nobody may learn.
    protections.private,
    protections.among_fellows,
    protections.money,
    protections.exact_working_time,
    exemptions.about_things,
    exemptions.counts_people_of_a_unit,
    protections.known_by_name,
    exemptions.harmless_domain,
    # Neither tells: the table may, and what single records have to themselves.
    protections.among_findings,
    protections.among_others_alike,
    exemptions.of_an_alternative,
    protections.says_more_than_it_holds,
    protections.computed,
    protections.singles_out,
    exemptions.of_no_person,
    protections.unknown,
)


def assign_role(
    verdict: Verdict,
    domain: Domain,
    profile: Profile,
    measured: Separation,
    table: TableView = ALONE,
) -> Answer:
    """Return the role of a column, and why.

    Parameters
    ----------
    table
        What the columns of its table tell together; left out, it is judged by itself.
    """
    kinds = tuple(k for k in kinds_of(profile.name) if k.topic is None or k.topic in table.topics)
    case = Case(verdict, domain, profile, measured, table, kinds)
    return next(answer for rule in RULES if (answer := rule(case)) is not None)
