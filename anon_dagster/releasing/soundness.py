"""Whether the parts of a stored solution fit together, before anything is looked up in them."""

import math
from collections.abc import Sequence
from numbers import Integral

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.hierarchy import Label
from anon_dagster.core.local import Cells
from anon_dagster.core.solution import Generalized, Proof
from anon_dagster.request import Policy


def is_sound(
    policy: Policy,
    cells: Cells,
    generalized: Sequence[Generalized],
    levels: Sequence[int] | None,
    proof: Proof,
) -> bool:
    """Tell whether every code leads to a label, every label is text, and all are of one policy."""
    rules = policy.quasi_identifiers.values()
    classes, width = cells.order.size, len(rules)
    shapes = (len(cells.labels), len(cells.levels), len(generalized))
    return (
        shapes == (width, width, width)
        and all(attribute.hierarchy is not None for attribute in rules)
        and (levels is None) == (policy.recoding == "local")
        and (levels is None or (len(levels) == width and _are_levels(levels)))
        and _is_order(cells.order)
        and (not width or cells.codes.shape == (classes, width))
        and all(_is_column(cells, q) for q in range(width))
        and all(_is_generalized(each, classes) for each in generalized)
        and _is_proof(proof)
    )


def _is_column(cells: Cells, q: int) -> bool:
    labels, levels = cells.labels[q], cells.levels[q]
    named = levels is None or (len(levels) == len(labels) and _are_levels(levels))
    return named and _are_labels(labels) and _lead_to(cells.codes[:, q], len(labels))


def _is_generalized(each: Generalized, classes: int) -> bool:
    labels = len(each.labels)
    return (
        each.codes.shape == (classes,)
        and each.covered.shape == (labels,)
        and each.heights.shape == (labels,)
        and _are_labels(each.labels)
        and _lead_to(each.codes, labels)
        and _is_whole(each.leaves)
        and bool(((each.covered >= 0) & (each.covered <= max(each.leaves, 1))).all())
        and bool(((each.heights >= 0) & (each.heights <= 1)).all())
    )


def _is_proof(proof: Proof) -> bool:
    flag: object = proof.optimal
    method: object = proof.method
    return (
        isinstance(flag, bool)
        and isinstance(method, str)
        and all(_is_whole(each) for each in (proof.candidates, proof.evaluated))
        and all(_is_finite(each) for each in (proof.loss, proof.lower_bound))
    )


def _lead_to(codes: NDArray[np.int32], labels: int) -> bool:
    return bool(((codes >= 0) & (codes < labels)).all())


def _is_order(order: NDArray[np.int64]) -> bool:
    return order.ndim == 1 and bool(np.array_equal(np.sort(order), np.arange(len(order))))


def _are_labels(labels: Sequence[Label]) -> bool:
    return all(label is None or isinstance(label, str) for label in labels)


def _are_levels(levels: Sequence[int]) -> bool:
    return all(_is_whole(level) for level in levels)


def _is_whole(value: object) -> bool:
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    return whole and 0 <= int(value) < 2**31  # type: ignore[call-overload] # it is whole


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
