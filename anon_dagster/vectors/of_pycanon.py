"""The answers of pyCANON 1.0, which measures what a table reaches."""

import warnings
from collections.abc import Callable, Mapping
from fractions import Fraction
from types import ModuleType
from typing import Any

import pandas as pd

from anon_dagster.errors import RequestError
from anon_dagster.vectors.score import Tool, ToolFailedError
from anon_dagster.vectors.stored import StoredVector


def pycanon() -> Tool:
    """Return pyCANON as a tool.

    Raises
    ------
    RequestError
        If it is not installed.
    """
    try:
        from pycanon import anonymity
    except ImportError:
        raise RequestError('pyCANON is not here: pip install "pycanon>=1.0,<1.1"') from None

    def answers(vector: StoredVector) -> list[bool | None]:
        if {"person", "household", "count", "population"} & set(vector.document):
            return [None] * len(vector.promises)
        frame, names = _frame(vector), list(vector.document["quasi_identifiers"])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return [_answer(anonymity, frame, names, promise) for promise in vector.promises]
            except Exception as error:  # noqa: BLE001 (it raises what its parts raise)
                raise ToolFailedError(type(error).__name__) from None

    return answers


def _frame(vector: StoredVector) -> pd.DataFrame:
    """Read a table as pyCANON's users do, but for labels, which are text."""
    kinds = vector.document.get("kinds", {})
    text = {name: str for name in vector.header if kinds.get(name, "text") == "text"}
    return pd.read_csv(vector.table, dtype=text, keep_default_na=False, na_values=[""])


def _answer(
    anonymity: ModuleType, frame: pd.DataFrame, names: list[str], promise: Mapping[str, Any]
) -> bool | None:
    """Hold what is reached against the bound; None for what pyCANON does not measure."""
    measure = _MEASURES.get(promise["model"])
    return None if measure is None else measure(anonymity, frame, names, promise)


def _k_anonymity(
    of: ModuleType, frame: pd.DataFrame, names: list[str], asked: Mapping[str, Any]
) -> bool:
    return bool(of.k_anonymity(frame, names) >= asked["k"])


def _alpha_k(
    of: ModuleType, frame: pd.DataFrame, names: list[str], asked: Mapping[str, Any]
) -> bool | None:
    if "guarded" in asked:
        return None
    alpha, k = of.alpha_k_anonymity(frame, names, [asked["attribute"]])
    return bool(alpha <= asked["alpha"] and k >= asked["k"])


def _l_diversity(
    of: ModuleType, frame: pd.DataFrame, names: list[str], asked: Mapping[str, Any]
) -> bool | None:
    guarded, bound = [asked["attribute"]], asked["l"]
    if not asked.get("missing_counts", True) or bound != int(bound):
        return None  # its entropy l is rounded down
    if asked["variant"] == "recursive":
        c, l = of.recursive_c_l_diversity(frame, names, guarded)  # noqa: E741
        whole = Fraction(str(asked["c"])).denominator == 1
        return bool(c <= asked["c"]) if l == bound and whole else None  # the least whole c
    entropy = asked["variant"] == "entropy"
    measure = of.entropy_l_diversity if entropy else of.l_diversity
    return bool(measure(frame, names, guarded) >= bound)


def _t_closeness(
    of: ModuleType, frame: pd.DataFrame, names: list[str], asked: Mapping[str, Any]
) -> bool | None:
    ordered = pd.api.types.is_numeric_dtype(frame[asked["attribute"]])
    if asked["distance"] != ("ordered" if ordered else "equal"):
        return None
    return bool(of.t_closeness(frame, names, [asked["attribute"]]) <= asked["t"])


def _beta(of: ModuleType, frame: pd.DataFrame, names: list[str], asked: Mapping[str, Any]) -> bool:
    enhanced = asked["variant"] == "enhanced"
    measure = of.enhanced_beta_likeness if enhanced else of.basic_beta_likeness
    return bool(measure(frame, names, [asked["attribute"]]) <= asked["beta"])


def _delta(
    of: ModuleType, frame: pd.DataFrame, names: list[str], asked: Mapping[str, Any]
) -> bool | None:
    if asked["compare"] != "present":
        return None  # it compares the values that a class holds
    return bool(of.delta_disclosure(frame, names, [asked["attribute"]]) < asked["delta"])


_Measure = Callable[[ModuleType, pd.DataFrame, list[str], Mapping[str, Any]], bool | None]
_MEASURES: dict[str, _Measure] = {
    "k_anonymity": _k_anonymity,
    "alpha_k_anonymity": _alpha_k,
    "l_diversity": _l_diversity,
    "t_closeness": _t_closeness,
    "beta_likeness": _beta,
    "delta_disclosure": _delta,
}
