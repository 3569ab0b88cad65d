"""A small table, and what becomes of it."""

import numpy as np

from anon_dagster.core.codes import Codes
from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.core.privacy import DistinctLDiversity
from anon_dagster.core.problem import Problem

FOUR = Hierarchy.from_labels([list("abcd"), ["ab", "ab", "cd", "cd"]])


TWO = Hierarchy.from_labels([["x", "y"]])


LEVELS = (1, 0)
"""Joins a and b beside x; c beside y, which all have one sensitive value, is suppressed."""


TABLE = Problem(
    codes=Codes.of(np.array([[0, 0], [1, 0], [2, 1]], dtype=np.int32)),
    sensitive=Codes.of(np.array([[0], [1], [0]], dtype=np.int32)),
    counts=np.array([1, 2, 3]),
    hierarchies=(FOUR, TWO),
    sensitive_sizes=(2,),
    weights=(1.0, 1.0),
    lowest=(0, 0),
    highest=(2, 1),
    models=(DistinctLDiversity(0, 2),),
    most_suppressed=6,
)


AGE, SEX = (3 * 1 + 3 * 3) / 18, 3 / 6
