"""Residual disclosure: what a release tells although every promise holds."""

from anon_dagster.residual.examination import Examiner
from anon_dagster.residual.intersected import OwnRecords
from anon_dagster.residual.outcomes import Classes
from anon_dagster.residual.pairs import Pairs
from anon_dagster.residual.repeated import Repeated
from anon_dagster.residual.result import Finding, ResidualDisclosure, TriedAttack
from anon_dagster.residual.shifts import narrowed_shifts
from anon_dagster.residual.subject import Subject

__all__ = [
    "Classes",
    "Examiner",
    "Finding",
    "OwnRecords",
    "Pairs",
    "Repeated",
    "ResidualDisclosure",
    "Subject",
    "TriedAttack",
    "narrowed_shifts",
]
