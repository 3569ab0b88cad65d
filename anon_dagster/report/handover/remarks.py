"""What was not asked for, and whoever is handed a release should know."""

from collections.abc import Iterator

from anon_dagster.report.evidence import Remark
from anon_dagster.report.handover.asked import Asked


def remarks_on(asked: Asked) -> Iterator[Remark]:
    """Tell what a request leaves open, by what it says alone."""
    policy = asked.policy
    of_values = {each.attribute for each in asked.beyond}
    guarded = policy.privacy.guarded | of_values
    open_ones = [name for name in policy.names("sensitive") if name not in guarded]
    if open_ones:
        yield Remark(
            "unguarded",
            "medium",
            f"no promise guards {', '.join(open_ones)}: records alike may all have the same value",
            "ask for l_diversity or t_closeness of it, if nobody may learn it of a person",
        )
    if not asked.counts_persons:
        yield Remark(
            "records_not_persons",
            "low",
            "promises are about records: that each is of another person was taken for granted",
            "say policy.person, if a person may have several records",
        )
    if asked.is_linked:
        yield Remark(
            "linked",
            "low",
            "another table of the same persons is released together with this one",
            "look at the evidence of both",
        )
    if policy.privacy.differential_privacy is not None:
        yield Remark(
            "differential_privacy",
            "low",
            "differential privacy rests on a secret random sample, which the release does not show",
            "",
        )
    if policy.privacy == type(policy.privacy)() and not asked.beyond:
        yield Remark("no_promise", "high", "no promise was asked for", "ask for k_anonymity")
