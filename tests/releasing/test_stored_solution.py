"""A solution outlives its job: it is written down, and places later records."""

import hashlib
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anon_dagster import AnonResult, HierarchyError, RequestError, anonymize, apply
from anon_dagster.releasing.stored_solution import FORMAT, from_document

TREE = {"north": ["a", "b"], "south": ["c", "d", "e"]}
HIERARCHIES = {
    "interval": {"type": "interval", "widths": [5, 10, 20, 40]},
    "rounding": {"type": "rounding", "steps": [5, 15, 75]},
    "order": {"type": "order", "sizes": [4, 3, 2]},
    "frequency": {"type": "frequency", "keep": [30, 20, 5]},
    "mask": {"type": "mask", "from": "right"},
    "default": None,
}


def people(records: int, seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": random.integers(10, 90, records),
            "town": random.choice(list("abcde"), records),
            "ill": random.choice(["x", "y", "z"], records),
        }
    )


def policy(**changes: Any) -> dict[str, Any]:
    age = {"role": "quasi_identifier", "hierarchy": changes.pop("hierarchy", None)}
    return {
        "attributes": {
            "age": {**age, **changes.pop("age", {})},
            "town": {"role": "quasi_identifier", "hierarchy": {"type": "tree", "nodes": TREE}},
            "ill": {"role": "sensitive"},
        },
        "privacy": {"k_anonymity": {"k": 4}, "l_diversity": {"attribute": "ill", "l": 2}},
        "suppression_limit": 0.05,
        **changes,
    }


def released(result: AnonResult) -> pd.DataFrame:
    assert result.df is not None
    return result.df


@pytest.mark.parametrize("recoding", ["global", "local"])
@pytest.mark.parametrize("rule", sorted(HIERARCHIES))
def test_the_first_records_are_placed_where_they_were(rule: str, recoding: str) -> None:
    request = {"policy": policy(hierarchy=HIERARCHIES[rule], recoding=recoding)}
    first = anonymize(request, frame=people(400, 1))
    again = apply(json.loads(json.dumps(first.document())), frame=people(400, 1))
    if recoding == "global":
        pd.testing.assert_frame_equal(released(again), released(first))
    assert len(released(again)) >= len(released(first))
    labels = {tuple(row) for row in released(first)[["age", "town"]].astype(str).to_numpy()}
    placed = {tuple(row) for row in released(again)[["age", "town"]].astype(str).to_numpy()}
    assert placed <= labels


@pytest.mark.parametrize("recoding", ["global", "local"])
@pytest.mark.parametrize("labels", ["nodes", "ranges", "sets"])
def test_later_records_read_as_a_released_class_or_not_at_all(recoding: str, labels: str) -> None:
    request = {"policy": policy(age={"local_labels": labels}, recoding=recoding)}
    first = anonymize(request, frame=people(400, 1))
    later = apply(first, frame=people(150, 2))
    shown = released(first).groupby(["age", "town"], dropna=False).size()
    for label in released(later)[["age", "town"]].itertuples(index=False):
        assert tuple(label) in shown.index
    assert len(released(later)) + later.decision.suppressed == 150
    assert later.together is not None
    assert next(p for p in later.together.promises if p.name == "4-anonymity").holds


def test_what_is_enforced_holds_for_the_later_records_by_themselves() -> None:
    first = anonymize({"policy": policy()}, frame=people(400, 1))
    plain, enforced = (apply(first, frame=people(120, 3), enforce=e) for e in (False, True))
    assert {p.name for p in plain.alone.failures} >= {"4-anonymity"}
    sizes = released(enforced).groupby(["age", "town"], dropna=False)["ill"]
    assert sizes.size().min() >= 4
    assert sizes.nunique().min() >= 2


def test_values_that_a_hierarchy_lacks_are_suppressed_or_refused_as_asked() -> None:
    first = anonymize({"policy": policy()}, frame=people(400, 1))
    strange = people(50, 4).assign(town=["CANARY"] * 10 + ["a"] * 40)
    assert apply(first, frame=strange).decision.suppressed >= 10
    with pytest.raises(HierarchyError, match="town") as caught:
        apply(first, frame=strange, lacking="refuse")
    assert "CANARY" not in str(caught.value)


def test_averages_of_the_first_release_stand_for_later_records() -> None:
    averaged = {"transformation": "microaggregation", "aggregate": "mean"}
    first = anonymize({"policy": policy(age=averaged)}, frame=people(400, 1))
    later = apply(first, frame=people(50, 5))
    assert set(released(later)["age"]) <= set(released(first)["age"])
    assert first.levels is not None
    assert first.document()["levels"] == [0, first.levels["town"]]


@pytest.mark.parametrize("damage", ["a class without an average", "a range that does not end"])
def test_an_average_that_is_not_there_is_no_reading_of_a_class(damage: str) -> None:
    averaged = {"transformation": "microaggregation", "aggregate": "mean"}
    result = anonymize({"policy": policy(age=averaged)}, frame=people(400, 1))
    changed: dict[str, Any] = json.loads(json.dumps(result.document()))
    cells = changed["cells"]
    if damage == "a class without an average":
        cells["codes"][-1][0] = len(cells["labels"][0])
    else:
        cells["labels"][0][-1] = "[30"
    changed["checksum"] = checksum(changed)
    with pytest.raises(RequestError, match="damaged: a part of it is missing or unfit"):
        from_document(changed)


def test_addresses_are_masked_by_part_as_far_as_the_release_shows() -> None:
    masked = {"role": "quasi_identifier", "hierarchy": {"type": "mask", "parts": "."}}
    rules = {"attributes": {"address": masked}, "privacy": {"k_anonymity": {"k": 2}}}
    earlier = pd.DataFrame({"address": ["10.2.33.4", "10.2.33.55", "10.2.4.7", "10.2.4.80"]})
    first = anonymize({"policy": rules}, frame=earlier)
    assert set(released(first)["address"]) == {"10.2.33.*", "10.2.4.*"}
    shown = first.document()["policy"]["attributes"]["address"]["hierarchy"]
    assert (shown["levels"], shown["parts"]) == (1, ".")
    later = pd.DataFrame({"address": ["10.2.33.200", "10.2.5.1", "10.2.4", "10.2.4.7.7"]})
    assert set(released(apply(first, frame=later))["address"]) == {"10.2.33.*"}


def test_clusters_cannot_be_applied_and_the_error_says_what_can() -> None:
    clustered = {"transformation": "microaggregation", "aggregate": "mean", "groups": "mdav"}
    first = anonymize({"policy": policy(age=clustered)}, frame=people(400, 1))
    with pytest.raises(RequestError, match="groups: classes"):
        first.document()


def test_a_document_says_nothing_beyond_release_and_request() -> None:
    frame = people(300, 6)
    frame.loc[0, "town"] = "f"
    request = {"policy": policy(hierarchy=HIERARCHIES["order"])}
    request["policy"]["attributes"]["town"] = {"role": "quasi_identifier"}
    first = anonymize(request, frame=frame)
    document = first.document()
    shown = {str(value) for value in released(first)[["age", "town"]].to_numpy().ravel()}
    for of_attribute in document["cells"]["labels"]:
        assert {str(label) for label in of_attribute} <= shown | {"*"}


@pytest.mark.parametrize("rule", ["default", "interval", "mask"])
@pytest.mark.parametrize("recoding", ["global", "local"])
def test_equal_releases_have_equal_documents(rule: str, recoding: str) -> None:
    """Only two records differ, and these are suppressed or read alike."""
    documents, releases = [], []
    for hidden in (["a", "b"], ["b", "a"]):
        frame = people(300, 6)
        frame["town"] = "a"
        frame.loc[[0, 1], "age"] = [7, 119] if hidden[0] == "a" else [3, 117]
        asked = policy(hierarchy=HIERARCHIES[rule], recoding=recoding)
        first = anonymize({"policy": asked}, frame=frame)
        releases.append(released(first))
        documents.append(first.document())
    if releases[0].equals(releases[1]):
        assert documents[0] == documents[1]
    else:
        assert recoding == "local" or rule != "default"


def test_what_is_no_solution_is_refused() -> None:
    for other in ({}, {"format": "something else"}, {"format": FORMAT}):
        with pytest.raises(RequestError):
            apply(other, frame=people(5, 1))


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    result = anonymize({"policy": policy(hierarchy=HIERARCHIES["interval"])}, frame=people(400, 1))
    whole: dict[str, Any] = json.loads(json.dumps(result.document()))
    assert from_document(whole).classes > 1
    return whole


def test_a_solution_of_another_version_is_refused_and_its_version_is_told(
    document: dict[str, Any],
) -> None:
    with pytest.raises(RequestError, match="version 3 of its format, and only version 2"):
        from_document({**document, "format": "anon-dagster solution 3"})


READ = ("policy", "levels", "cells", "checksum")
"""The parts of a document that a solution is read from; others are for people."""


def incomplete(part: Any) -> Iterator[Any]:
    """Give a part of a document without each thing in it, on every level."""
    if not isinstance(part, dict | list):
        return
    for key, value in list(part.items() if isinstance(part, dict) else enumerate(part)):
        rest = {**part} if isinstance(part, dict) else [*part]
        del rest[key]
        yield rest
        if key != "policy":  # a policy may leave out whatever has a default
            for less in incomplete(value):
                changed = {**part} if isinstance(part, dict) else [*part]
                changed[key] = less
                yield changed


def test_a_solution_that_is_incomplete_is_refused_and_never_misread(
    document: dict[str, Any],
) -> None:
    for part in incomplete({key: document[key] for key in READ}):
        with pytest.raises(RequestError, match="damaged"):
            from_document({"format": FORMAT, **part})


def test_a_label_that_there_is_not_is_no_reading_of_a_class(document: dict[str, Any]) -> None:
    for code in (-1, len(document["cells"]["labels"][0]), 99, 2**40):
        changed = json.loads(json.dumps(document))
        changed["cells"]["codes"][0][0] = code
        changed["checksum"] = checksum(changed)
        with pytest.raises(RequestError, match="damaged"):
            from_document(changed)


DAMAGED: dict[str, Any] = {
    "no levels": lambda d: d.update(levels=None),
    "a level too few": lambda d: d["levels"].pop(),
    "another level than that of the labels": lambda d: d["levels"].__setitem__(0, 9),
    "labels of an attribute too few": lambda d: d["cells"]["labels"].pop(),
    "levels of an attribute too few": lambda d: d["cells"]["levels"].pop(),
    "a level of a label too few": lambda d: d["cells"]["levels"][0].pop(),
    "no rule": lambda d: d["policy"]["attributes"]["age"].pop("hierarchy"),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_solution_that_is_not_consistent_is_refused_whatever_its_checksum(
    damage: str, document: dict[str, Any]
) -> None:
    changed = json.loads(json.dumps(document))
    DAMAGED[damage](changed)
    changed["checksum"] = checksum(changed)
    with pytest.raises(RequestError, match="damaged"):
        from_document(changed)


@pytest.mark.parametrize(("q", "levels"), [(0, 6), (1, 3), (1, 9)])
def test_levels_that_the_hierarchies_lack_are_a_damaged_solution(
    document: dict[str, Any], q: int, levels: int
) -> None:
    changed = json.loads(json.dumps(document))
    changed["levels"][q] = levels  # which is how many there are: the last is one less
    changed["cells"]["levels"][q] = [levels] * len(changed["cells"]["levels"][q])
    changed["checksum"] = checksum(changed)
    with pytest.raises(RequestError, match="damaged: it has levels that its hierarchies lack"):
        apply(changed, frame=people(50, 2))


def test_a_document_is_written_as_requests_are_and_its_checksum_is_of_ascii() -> None:
    frame = people(60, 1).replace({"town": {"a": "å"}})
    mask = {"type": "mask", "from": "right", "levels": 2}
    asked = policy(hierarchy=mask, suppression_limit=1.0)
    asked["attributes"]["town"]["hierarchy"] = {"type": "suppress"}
    document = anonymize({"policy": asked}, frame=frame).document()
    assert document["policy"]["attributes"]["age"]["hierarchy"]["from"] == "right"
    assert "å" in json.dumps(document, ensure_ascii=False)
    assert document["checksum"] == checksum(document)


@pytest.mark.parametrize("level", [0, None])
@pytest.mark.parametrize("values", ["{:05d}", "number {:d}", "{:c}{:c}"])
def test_of_a_rule_made_of_the_values_nothing_is_told_that_no_label_shows(
    values: str, level: int | None
) -> None:
    places = [(3847 * n, n) if "c" not in values else (65 + n, 97 + n) for n in range(26)]
    frame = pd.DataFrame({"x": [values.format(*each) for each in places] * 3})
    role = {"role": "quasi_identifier", "highest_level": 0 if level == 0 else None}
    k = 3 if level == 0 else len(frame)  # each value by itself, or all of them together
    asked = {"attributes": {"x": role}, "privacy": {"k_anonymity": {"k": k}}}
    document = anonymize({"policy": asked}, frame=frame).document()
    assert document["cells"]["labels"] == [sorted({*frame["x"]}) if level == 0 else ["*"]]
    rule = document["policy"]["attributes"]["x"]["hierarchy"]
    assert {name: value for name, value in rule.items() if value} == {"type": "suppress"}


def test_a_mask_is_told_as_far_as_labels_show_it_and_hides_the_rest_above() -> None:
    codes = [f"12{n:03d}" for n in range(100, 120)] + [f"{n}9999" for n in range(3, 7)]
    frame = pd.DataFrame({"code": codes * 2, "ill": "x"})
    asked = {
        "attributes": {
            "code": {"role": "quasi_identifier", "hierarchy": HIERARCHIES["mask"]},
            "ill": {"role": "sensitive"},
        },
        "privacy": {"k_anonymity": {"k": 8}},
        "recoding": "local",
    }
    document = anonymize({"policy": asked}, frame=frame).document()
    (labels,), (levels,) = document["cells"]["labels"], document["cells"]["levels"]
    hidden = {label: label.count("*") for label in labels if label != "*"}
    highest = document["policy"]["attributes"]["code"]["hierarchy"]["levels"]
    assert hidden
    assert highest == max(hidden.values()), "not as many characters as the longest value has"
    assert dict(zip(labels, levels, strict=True)) == {**hidden, "*": highest + 1}


def test_of_widths_made_of_the_values_those_are_told_that_labels_have() -> None:
    ages = [*range(20, 60)] * 2 + [999, 5000] * 2
    asked = {
        "attributes": {"age": {"role": "quasi_identifier"}},
        "privacy": {"k_anonymity": {"k": 4}},
        "recoding": "local",
    }
    frame = pd.DataFrame({"age": ages})
    document = anonymize({"policy": asked}, frame=frame).document()
    (labels,), (levels,) = document["cells"]["labels"], document["cells"]["levels"]
    widths = document["policy"]["attributes"]["age"]["hierarchy"]["widths"]
    ends = {n: [float(end) for end in n[1:-1].split(", ")] for n in labels if n != "*"}
    assert widths == sorted({high - low for low, high in ends.values()})
    expected = {label: 1 + widths.index(high - low) for label, (low, high) in ends.items()}
    assert dict(zip(labels, levels, strict=True)) == {**expected, "*": len(widths) + 1}
    assert expected


SETS = ["1", "{1, 2}", "{3, 5}", "{1, 2, 3, 5}", "*"]
RANGES = ["7", "[7, 8]", "[8, 20]", "[7, 20]", "*"]


@pytest.mark.parametrize("importance", [0.25, 1.0, 3.0])
def test_of_classes_that_cover_a_record_the_one_of_least_breadth_is_tried_first(
    importance: float,
) -> None:
    """The breadth of a class is that of its labels, by how much their attributes matter."""
    attributes = {
        "set": {"importance": importance, "local_labels": "sets"},
        "range": {"importance": 1, "local_labels": "ranges"},
        "town": {"importance": 2, "hierarchy": {"type": "tree", "nodes": TREE}},
        "flag": {"importance": 1, "hierarchy": {"type": "suppress"}},
    }
    frame = pd.DataFrame({"set": ["1"] * 4, "range": "7", "town": "a", "flag": "x"})
    asked = {
        "attributes": {n: {"role": "quasi_identifier"} | a for n, a in attributes.items()},
        "privacy": {"k_anonymity": {"k": 4}},
        "recoding": "local",
    }
    document = json.loads(json.dumps(anonymize({"policy": asked}, frame=frame).document()))
    places = list(itertools.product(range(5), range(5), range(3), range(2)))
    labels, levels = (
        [SETS, RANGES, ["a", "north", "*"], ["x", "*"]],
        [None, None, [0, 1, 2], [0, 1]],
    )
    document["cells"] = {"labels": labels, "levels": levels}
    document["cells"]["codes"] = [list(each) for each in places]
    document["checksum"] = checksum(document)
    # Of 1, 2, 3, 5 and a missing value; of 7, 8 and 20; of the levels of a tree.
    of_sets = [1 / 5, 2 / 5, 2 / 5, 4 / 5, 1.0]
    of_ranges = [1 / 4, 2 / 3, 2 / 3, 1.0, 1.0]
    breadths = [importance * of_sets[s] + of_ranges[r] + 2 * t / 2 + x for s, r, t, x in places]
    order = from_document(document).cells.order
    assert sorted(order.tolist()) == list(range(len(places)))
    ordered = [breadths[place] for place in order]
    assert ordered == pytest.approx(sorted(breadths))


@pytest.mark.parametrize("recoding", ["global", "local"])
@pytest.mark.parametrize(
    ("rule", "labels"),
    [
        (None, "ranges"),
        (None, "sets"),
        ("order", "nodes"),
        ("order", "ranges"),
        ("declared", "nodes"),
        ("declared", "ranges"),
        ("declared", "sets"),
    ],
)
def test_an_order_that_only_the_table_declares_is_no_one_elses(
    rule: str | None, labels: str, recoding: str
) -> None:
    sizes = pd.CategoricalDtype(["small", "large", "huge", "vast"], ordered=True)
    frame = pd.DataFrame({"size": pd.Categorical([*sizes.categories] * 3, dtype=sizes)})
    size: dict[str, Any] = {"role": "quasi_identifier", "local_labels": labels}
    if rule is not None:
        size["hierarchy"] = {"type": "order", "sizes": [2]}
    if rule == "declared":
        size["hierarchy"]["order"] = [*sizes.categories]
    asked = {
        "attributes": {"size": size},
        "privacy": {"k_anonymity": {"k": 3}},
        "recoding": recoding,
    }
    result = anonymize({"policy": asked}, frame=frame)
    if rule == "order" or (labels == "ranges" and recoding == "local"):
        with pytest.raises(RequestError, match="size: the order of its values is one that the"):
            result.document()
    else:
        assert from_document(result.document()).classes == 4


def checksum(document: dict[str, Any]) -> str:
    content = json.dumps([document[key] for key in READ[:-1]], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def test_the_population_of_the_first_records_is_not_asked_for_again(tmp_path: Path) -> None:
    population = tmp_path / "population.csv"
    people(1000, 3).to_csv(population, index=False)
    request = {"policy": policy(population={"path": str(population)})}
    document = anonymize(request, frame=people(400, 1)).document()
    population.unlink()
    applied = apply(document, frame=people(50, 2))
    assert applied.risk["note"]["journalist_highest"].startswith("no population")


LATER: list[tuple[list[Any], dict[str, Any] | None, int, str, str]] = [
    (
        [1, 2, 100, 200],
        {"type": "tree", "nodes": {"low": [1, 2], "high": [100, 200]}},
        1,
        "1.0",
        "low",
    ),
    ([1.5, 1.5, 3.5, 4.5], {"type": "frequency", "keep": [1]}, 1, "1.50", "1.5"),
    ([1.5, 2.5, 3.5, 4.5], {"type": "order", "sizes": [2]}, 1, "1.50", "1.5 .. 2.5"),
    ([1.5, 1.5, 2.5, 2.5], None, 0, "1.50", "1.5"),
    (["7.0", "7.0", "50", "50", "007", "008"], None, 0, "7.0", "7.0"),
]


@pytest.mark.parametrize(("values", "rule", "level", "later", "label"), LATER)
def test_one_odd_cell_among_few_later_records_changes_nothing(
    values: list[Any], rule: dict[str, Any] | None, level: int, later: str, label: str
) -> None:
    attribute = {"role": "quasi_identifier", "lowest_level": level, "highest_level": level}
    asked = {
        "attributes": {"q": {**attribute, "hierarchy": rule}},
        "privacy": {"k_anonymity": {"k": 2}},
        "suppression_limit": 1.0,
    }
    document = anonymize({"policy": asked}, frame=pd.DataFrame({"q": values})).document()
    applied = apply(json.loads(json.dumps(document)), frame=pd.DataFrame({"q": [later, "odd"]}))
    assert label in released(applied)["q"].astype(str).tolist()


def test_a_missing_value_may_be_a_leaf_of_a_tree_for_later_records_too() -> None:
    frame = people(400, 1)
    frame["town"] = frame["town"].where(frame["town"] != "b", None)
    asked = policy()
    tree = {"north": ["a", None], "south": ["c", "d", "e"]}
    asked["attributes"]["town"]["hierarchy"] = {"type": "tree", "nodes": tree}
    result = anonymize({"policy": asked}, frame=frame)
    again = apply(result.document(), frame=frame)
    assert released(again)["town"].tolist() == released(result)["town"].tolist()


def test_distances_along_a_tree_are_enforced_of_later_records_too() -> None:
    asked = policy(
        privacy={
            "k_anonymity": {"k": 4},
            "t_closeness": {"attribute": "ill", "t": 0.4, "distance": "hierarchical"},
        }
    )
    nodes = {"mild": ["x", "y"], "grave": ["z"]}
    asked["attributes"]["ill"]["hierarchy"] = {"type": "tree", "nodes": nodes}
    result = anonymize({"policy": asked}, frame=people(400, 1))
    later = apply(result.document(), frame=people(60, 2), enforce=True)
    assert set(released(later)["town"]) <= set(released(result)["town"]) | {"*"}
