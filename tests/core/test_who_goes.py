"""Who goes, beside those who went before."""

import numpy as np

from anon_dagster.core.deltas import who_goes


def test_a_class_that_only_those_who_went_before_are_of_plays_no_part() -> None:
    classes, persons = np.array([0, 0, 1]), np.array([0, 1, 2])
    before = np.array([1, 0, 7])  # nobody new is of the last class
    assert who_goes(classes, persons, 3, before=before).tolist() == [True, True, False]
