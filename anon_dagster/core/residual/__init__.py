"""What a release tells beside its promises, as mathematics on arrays of codes and numbers.

::

    column        columns, and what their labels tell
    rule          when a guess counts, against what a label tells
    relations     which published columns give a protected one back
      lines           by a line through most records, of one column or of two
      neighbours      by records that are near
      dates           by parts of a date
      texts           by texts within texts
    strata        numbers that are the same within combinations of columns
    alone         who is alone once columns join the labels
    pattern       what labels tell of an outcome
    intersection  what is left of the classes that one person has records in
    candidates    who is left of a person's classes in several releases
"""

from anon_dagster.core.residual.alone import Crowding, KeyDraw, KeySample, within
from anon_dagster.core.residual.candidates import Candidates, Crowds, Known, count_candidates
from anon_dagster.core.residual.column import Column, Protected
from anon_dagster.core.residual.intersection import Members, OwnClasses
from anon_dagster.core.residual.pattern import Labelled, Telling, a_slice, outcome_told
from anon_dagster.core.residual.relations import Relation, relations
from anon_dagster.core.residual.strata import Constant, Strata, constant_within

__all__ = [
    "Candidates",
    "Column",
    "Constant",
    "Crowding",
    "Crowds",
    "KeyDraw",
    "KeySample",
    "Known",
    "Labelled",
    "Members",
    "OwnClasses",
    "Protected",
    "Relation",
    "Strata",
    "Telling",
    "a_slice",
    "constant_within",
    "count_candidates",
    "outcome_told",
    "relations",
    "within",
]
