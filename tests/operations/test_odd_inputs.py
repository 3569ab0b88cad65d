"""Whatever is handed over: the answer is a result, or a refusal in words without any cell."""

import copy
import datetime as dt
import hashlib
import json
import math
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import anon_dagster
from anon_dagster import AnonError

CANARY = "Canary4711"
QI: dict[str, Any] = {"role": "quasi_identifier"}
PRIVACY: dict[str, Any] = {"k_anonymity": {"k": 2}}
ROLES = {"a": QI, "b": QI, "s": {"role": "sensitive"}}
POLICY = {"attributes": ROLES, "privacy": PRIVACY}
REQUEST = {"policy": POLICY}
GOOD = pd.DataFrame({"a": [1, 1, 2, 2], "b": [1, 2, 1, 2], "s": list("xyxy")})
RESULT = anon_dagster.anonymize(REQUEST, frame=GOOD)
DOCUMENT = RESULT.document()


def policy(attributes: Any = ROLES, privacy: Any = PRIVACY, **more: Any) -> dict[str, Any]:
    return {"policy": {"attributes": attributes, "privacy": privacy, **more}}


def require_words(ask: Callable[..., object], *given: Any, **named: Any) -> None:
    """Accept a result, or an error of ours that tells no cell, nor does what led to it."""
    try:
        ask(*given, **named)
    except AnonError as error:
        told: BaseException | None = error
        while told is not None:
            assert CANARY not in str(told)
            hidden = None if told.__suppress_context__ else told.__context__
            told = told.__cause__ or hidden


# -- DataFrames ------------------------------------------------------------------------------


def column(values: Any, **more: Any) -> pd.DataFrame:
    return GOOD.assign(a=pd.Series(values, **more))


def named(*names: Any) -> pd.DataFrame:
    return pd.DataFrame([[1, 2, 3]] * 4, columns=pd.Index(list(names), dtype=object))


FRAMES: dict[str, Any] = {
    "no records": GOOD[:0],
    "no columns": pd.DataFrame(),
    "no columns but records": pd.DataFrame(index=[1, 2]),
    "one record": GOOD[:1],
    "nothing but missing values": pd.DataFrame(dict.fromkeys("abs", [None] * 4)),
    "nothing but NaN": pd.DataFrame(dict.fromkeys("abs", [math.nan] * 4)),
    "nothing but NA": pd.DataFrame({name: pd.array([pd.NA] * 4) for name in "abs"}),
    "a column twice": named("a", "a", "s"),
    "columns of several levels": pd.DataFrame(
        [[1, 2, 3]] * 4, columns=pd.MultiIndex.from_tuples([("a", "x"), ("b", "y"), ("s", CANARY)])
    ),
    "columns without names": pd.DataFrame([[1, 2, 3]] * 4),
    "a name that is None": named("a", None, "s"),
    "a name that is a tuple": named("a", ("b", CANARY), "s"),
    "a name that is empty": named("a", "", "s"),
    "a name that is half a character": named("a", "\ud800", "s"),
    "a name with a NUL": named("a", "b\0", "s"),
    "a name that is a date": named("a", pd.Timestamp("2024-01-31"), "s"),
    "values of several types": column([1, CANARY, 2.5, None], dtype=object),
    "integers beyond 64 bits": column([2**64, 2, 2, 2], dtype=object),
    "integers of 400 digits": column([10**400, 2, 2, 2], dtype=object),
    "the largest integers": column(np.array([2**64 - 1] * 4, dtype=np.uint64)),
    "infinite numbers": column([math.inf, -math.inf, 1.0, math.nan]),
    "half floats": column(np.array([1, 2, 3, 4], dtype=np.float16)),
    "complex numbers": column([1j] * 4),
    "decimals": column([Decimal("1.1"), Decimal("NaN"), Decimal("1e50"), None], dtype=object),
    "bytes": column([CANARY.encode()] * 4),
    "lists": column([[CANARY]] * 4),
    "mappings": column([{CANARY: 1}] * 4),
    "objects": column([object()] * 4),
    "categories that are tuples": column(pd.Categorical([(1, CANARY), (2,), (2,), (2,)])),
    "intervals": column(pd.interval_range(0, 4)),
    "periods": column(pd.period_range("2020", periods=4, freq="Y")),
    "durations": column(pd.to_timedelta([1] * 4)),
    "the first and the last day": column([dt.date(1, 1, 1), dt.date(9999, 12, 31)] * 2),
    "times of day": column([dt.time(1)] * 4),
    "times of several zones": column(
        [pd.Timestamp("2024-01-31", tz="UTC"), pd.Timestamp("2024-01-31", tz="Asia/Tokyo")] * 2,
        dtype=object,
    ),
    "sparse numbers": column(pd.arrays.SparseArray([1, 1, 0, 0])),
    "truth values and none": column([True, False, None, True], dtype=object),
    "half characters": column(["\ud800"] * 4, dtype=object),
    "a text of a million characters": column([CANARY * 100_000] * 4),
    "a list": [CANARY],
    "a mapping": {"a": [CANARY]},
    "a text": CANARY + ".csv",
    "a column": pd.Series([CANARY]),
    "an array": np.array([[CANARY]]),
}
INTERVAL = {**QI, "hierarchy": {"type": "interval", "widths": [5], "other": "other"}}
ORDER = {**QI, "hierarchy": {"type": "order", "sizes": [2]}}
FREQUENCY = {**QI, "hierarchy": {"type": "frequency", "keep": [1]}}
AVERAGED = {**QI, "transformation": "microaggregation", "aggregate": "mean"}
ORDERED = {**PRIVACY, "t_closeness": {"attribute": "s", "t": 0.9, "distance": "ordered"}}
ENTROPY = {**PRIVACY, "l_diversity": {"attribute": "s", "l": 1.5, "variant": "entropy"}}
REQUESTS = [
    REQUEST,
    policy(recoding="local"),
    policy({"a": INTERVAL, "b": ORDER, "s": ROLES["s"]}, ORDERED),
    policy({"a": FREQUENCY, "b": AVERAGED, "s": ROLES["s"]}, ENTROPY),
]


@pytest.mark.parametrize("name", FRAMES)
def test_an_odd_frame_is_served_or_refused_by_every_operation(name: str) -> None:
    frame = FRAMES[name]
    if not isinstance(frame, str):
        for request in REQUESTS:
            require_words(anon_dagster.anonymize, request, frame=frame)
        require_words(lambda: anon_dagster.measure(REQUEST, frame=frame, measurement={"k": [2, 3]}))
        require_words(lambda: anon_dagster.apply(DOCUMENT, frame=frame))
        require_words(lambda: anon_dagster.apply(RESULT, frame=frame, enforce=True))
        require_words(lambda: anon_dagster.risk_per_record(RESULT, frame=frame))
        require_words(lambda: anon_dagster.verify(POLICY, frame))
        require_words(lambda: anon_dagster.auto_anonymize(frame, seconds=0))
        require_words(lambda: anon_dagster.detect(frame).yaml())
        require_words(lambda: anon_dagster.propose_hierarchies(frame))


# -- arguments -------------------------------------------------------------------------------


def nested_in_itself() -> dict[str, Any]:
    request: dict[str, Any] = {}
    request["policy"] = request
    return request


def order_within_itself() -> dict[str, Any]:
    order: list[Any] = []
    order.append(order)
    return policy({"a": {**QI, "hierarchy": {"type": "order", "sizes": [2], "order": order}}})


def tree_within_itself() -> dict[str, Any]:
    nodes: dict[str, Any] = {}
    nodes["x"] = nodes
    return policy({"a": {**QI, "hierarchy": {"type": "tree", "nodes": nodes}}})


def tree(nodes: Any) -> dict[str, Any]:
    rule = {"type": "tree", "nodes": nodes, "other": "other"}
    return policy({"a": {**QI, "hierarchy": rule}, "b": QI, "s": ROLES["s"]})


ARGUMENTS: dict[str, Any] = {
    "none": None,
    "a number": 5,
    "a fraction": 5.5,
    "no number": math.nan,
    "a truth value": True,
    "bytes": b"x",
    "no text": "",
    "a NUL": "\0",
    "a long path": "x" * 5_000,
    "half a character": "\ud800",
    "no such file": "nowhere.yaml",
    "no such path": Path("nowhere"),
    "a list": ["x"],
    "a list of nothing": [],
    "a mapping of nothing": {},
    "keys that are numbers": {1: 2},
    "keys that are bytes": {b"policy": CANARY.encode()},
    "an object": object(),
    "a module": anon_dagster,
    "a frame": pd.DataFrame({"a": [CANARY]}),
    "a policy in a policy": {"policy": {"policy": {}}},
    "attributes that are numbers": policy({1: QI, None: QI}),
    "attributes in a list": policy([QI]),
    "roles in a list": policy({"a": {"role": ["x"]}}, {"l_diversity": [None, 5]}),
    "numbers for parts": policy({"a": 5}, 5, objective=5, search=5, population={"path": 5}),
    "types in a list": policy({"a": {**QI, "hierarchy": {"type": ["x"]}}}, {"k_anonymity": [2]}),
    "NaN in options": policy({"a": {**QI, "importance": math.nan}}, {"k_anonymity": {"k": 2.5}}),
    "huge numbers": policy({"a": {**QI, "lowest_level": 10**400}}, {"k_anonymity": {"k": 10**400}}),
    "huge and infinite widths": policy(
        {"a": {**QI, "hierarchy": {"type": "interval", "widths": [1e308, math.inf]}}}
    ),
    "paths of nothing": {**REQUEST, "source": {"path": []}, "target": {"path": None}},
    "itself": nested_in_itself(),
    "an order within itself": order_within_itself(),
    "a tree within itself": tree_within_itself(),
    "a tree of objects": tree({object(): [object()]}),
    "a tree of sets": tree({"x": {CANARY}}),
    "a tree with one label twice": tree({1: ["x"], "1": ["y"]}),
    "a tree of a number of 5,000 digits": tree({"x": [10**5_000]}),
    "a tree of NaN": tree({"x": [math.nan]}),
}
CALLS: dict[str, Callable[[Any], object]] = {
    "anonymize": lambda x: anon_dagster.anonymize(x, frame=GOOD),
    "anonymize without a frame": anon_dagster.anonymize,
    "on_progress": lambda x: anon_dagster.anonymize(REQUEST, frame=GOOD, on_progress=x),
    "measure": lambda x: anon_dagster.measure(x, frame=GOOD),
    "measurement": lambda x: anon_dagster.measure(REQUEST, measurement=x, frame=GOOD),
    "solution": lambda x: anon_dagster.apply(x, frame=GOOD),
    "source of apply": lambda x: anon_dagster.apply(DOCUMENT, source=x),
    "target of apply": lambda x: anon_dagster.apply(DOCUMENT, frame=GOOD, target=x),
    "lacking": lambda x: anon_dagster.apply(DOCUMENT, frame=GOOD, lacking=x),
    "enforce": lambda x: anon_dagster.apply(DOCUMENT, frame=GOOD, enforce=x),
    "first_release": lambda x: anon_dagster.apply(DOCUMENT, frame=GOOD, first_release=x),
    "policy": lambda x: anon_dagster.verify(x, GOOD),
    "released": lambda x: anon_dagster.verify(POLICY, x),
    "levels": lambda x: anon_dagster.verify(POLICY, GOOD, levels=x),
    "result": lambda x: anon_dagster.risk_per_record(x, frame=GOOD),
    "detect": anon_dagster.detect,
    "sample": lambda x: anon_dagster.detect(GOOD, sample=x),
    "seed": lambda x: anon_dagster.detect(GOOD, seed=x),
    "domains": lambda x: anon_dagster.detect(GOOD, domains=x),
    "classify": anon_dagster.classify_columns,
    "columns": lambda x: anon_dagster.propose_hierarchies(GOOD, columns=x),
    "data_domains": anon_dagster.data_domains,
    "acceptable_risk": lambda x: anon_dagster.auto_anonymize(GOOD, acceptable_risk=x, seconds=0),
    "target of auto": lambda x: anon_dagster.auto_anonymize(GOOD, target=x, seconds=0),
    "parse_request": anon_dagster.parse_request,
    "load_request": anon_dagster.load_request,
    "source": lambda x: anon_dagster.anonymize({**REQUEST, "source": x}),
    "path": lambda x: anon_dagster.anonymize({**REQUEST, "source": {"path": x, "format": "csv"}}),
    "part of a tree": lambda x: anon_dagster.anonymize(tree({"x": x}), frame=GOOD),
}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_an_odd_argument_is_refused_by_every_function(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for call in CALLS.values():
        require_words(call, ARGUMENTS[name])


def test_seconds_must_be_a_time() -> None:
    for value in (None, "5", -1, math.nan, [CANARY]):
        with pytest.raises(AnonError, match="seconds must be at least 0"):
            anon_dagster.auto_anonymize(GOOD, seconds=value)  # type: ignore[arg-type]


# -- files and addresses ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"a,b,s\n",
        b"\n\n\n",
        b"\0\0\0",
        bytes(range(256)) * 10,
        f'a,b,s\n"{CANARY},1,2\n'.encode(),
        f"a,b,s\n{CANARY}\n{CANARY},1\n".encode(),
        f"a,b,s\n1,2,{CANARY}\n".encode("utf-16"),
        f"{CANARY}\n".encode() * 3,
        f"a,b,s\n{'x' * 200_000},1,{CANARY}\n".encode(),
        b"\x1f\x8b" + CANARY.encode(),
        b"PAR1" + CANARY.encode(),
    ],
)
def test_an_odd_file_is_served_or_refused(tmp_path: Path, content: bytes) -> None:
    for name in ("people.csv", "people.parquet", "request.yaml"):
        path = tmp_path / name
        path.write_bytes(content)
        for request in REQUESTS:
            whole = {**request, "source": {"path": str(path)}}
            require_words(anon_dagster.anonymize, whole)
        require_words(anon_dagster.anonymize, path)
        require_words(anon_dagster.detect, path)
        require_words(anon_dagster.verify, POLICY, str(path))
        require_words(anon_dagster.apply, DOCUMENT, source=str(path))


@pytest.mark.parametrize(
    "address",
    [
        "data:text/csv,a,b,s%0A1,2,3",
        "data://text/csv,a,b,s",
        "reference://x",
        "zip://people.csv",
        "zip://people.csv::nowhere.zip",
        "unknown://x/people.csv",
        "memory://nowhere/people.csv",
        "generic://x",
        "dir://x",
        "::people.csv",
        "file://",
        "s3://",
        "://people.csv",
        "people.csv::",
        "[people.csv",
    ],
)
def test_an_odd_address_is_refused(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for call in (
        lambda: anon_dagster.anonymize({**REQUEST, "source": {"path": address, "format": "csv"}}),
        lambda: anon_dagster.detect(address),
        lambda: anon_dagster.verify(POLICY, address),
    ):
        with pytest.raises(AnonError):
            call()
    target = {"path": address, "format": "csv"}
    require_words(lambda: anon_dagster.anonymize({**REQUEST, "target": target}, frame=GOOD))


# -- solutions -------------------------------------------------------------------------------


def places(node: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    keys = range(min(len(node), 2)) if isinstance(node, list) else node
    for key in keys if isinstance(node, dict | list) else ():
        yield (*above, key)
        yield from places(node[key], (*above, key))


def altered(place: tuple[Any, ...], value: object) -> Any:
    document = json.loads(json.dumps(DOCUMENT))
    node = document
    for key in place[:-1]:
        node = node[key]
    node[place[-1]] = copy.copy(value)
    return document


def sealed(document: dict[str, Any]) -> dict[str, Any]:
    """Give an altered solution the checksum of what it says now."""
    content = json.dumps([document[key] for key in ("policy", "levels", "cells")], sort_keys=True)
    return {**document, "checksum": hashlib.sha256(content.encode()).hexdigest()}


@pytest.mark.parametrize("part", [key for key in DOCUMENT if key != "policy"])
def test_an_altered_solution_is_refused_or_applied(part: str) -> None:
    odd: tuple[Any, ...] = (None, -1, 99, 2**40, 1.5, math.nan, True, CANARY, [], {}, [[0]])
    for place in places(json.loads(json.dumps(DOCUMENT))):
        if place[0] == part:
            for value in odd:
                document = altered(place, value)
                for solution in (document, sealed(document)):
                    require_words(anon_dagster.apply, solution, frame=GOOD, enforce=True)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("cells", "codes"), [[99, 0]]),
        (("cells", "codes"), [[0]]),
        (("cells", "codes", 0), [-1, 0]),
        (("cells", "labels", 0), [1, 2]),
        (("cells", "levels"), []),
        (("levels",), [99, 0]),
        (("levels",), "much"),
    ],
)
def test_a_solution_whose_parts_do_not_fit_is_said_to_be_damaged(
    place: tuple[Any, ...], value: object
) -> None:
    with pytest.raises(AnonError, match="the solution is damaged"):
        anon_dagster.apply(sealed(altered(place, value)), frame=GOOD)
