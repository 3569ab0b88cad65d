"""The facts of a report: each is what somebody else finds out in another way."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from anon_dagster import JobError, anonymize, verify
from anon_dagster.operations.anonymize import AnonResult, findings_of
from anon_dagster.report.evidence import (
    AttributeOfRelease,
    AttributeOfSource,
    Evidence,
    from_document,
    schema,
    to_document,
)
from anon_dagster.report.gathering import gather
from anon_dagster.report.gathering.associations import (
    Column,
    correlation_ratio,
    cramers_v,
    pearson,
)
from anon_dagster.report.page import html
from anon_dagster.request import parse_request
from tests.linked import request, tables
from tests.report.releases import KINDS, POLICY, QUASI, people, released

TABLES = {
    "no records": pd.DataFrame({"age": pd.Series([], dtype="int64")}),
    "nothing but missing values": pd.DataFrame({"age": [None] * 4}),
    "one column": pd.DataFrame({"age": [1, 1, 2, 2]}),
    "one record of a kind": pd.DataFrame({"age": [7] * 3}),
}


def evidence_of(result: AnonResult) -> Evidence:
    return gather(findings_of(result))


def of_release(evidence: Evidence, name: str) -> AttributeOfRelease:
    found = next(each.of_release for each in evidence.attributes if each.name == name)
    assert found is not None
    return found


def of_source(evidence: Evidence, name: str) -> AttributeOfSource:
    found = next(each.of_source for each in evidence.attributes if each.name == name)
    assert found is not None
    return found


# -- what is kept --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_facts_outlive_their_document(kind: str) -> None:
    evidence = evidence_of(released(kind))
    text = json.dumps(to_document(evidence), allow_nan=False)
    again = from_document(json.loads(text))
    assert again == evidence


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_page_is_made_of_the_facts_alone(kind: str) -> None:
    evidence = evidence_of(released(kind))
    assert html(from_document(to_document(evidence))) == html(evidence)


@pytest.mark.parametrize("table", TABLES)
def test_a_table_of_next_to_nothing_has_a_report(table: str) -> None:
    policy = {"attributes": {"age": QUASI}, "privacy": {"k_anonymity": {"k": 2}}}
    result = anonymize({"policy": policy}, frame=TABLES[table])
    text = json.dumps(to_document(evidence_of(result)), allow_nan=False)
    assert from_document(json.loads(text)).identity.of_release.records == len(TABLES[table])
    assert "Do not sign" not in result.report()


def test_a_document_of_another_version_or_a_damaged_one_is_refused_without_a_fact() -> None:
    document = to_document(evidence_of(released("global")))
    with pytest.raises(JobError, match="not of format version 1"):
        from_document({**document, "evidence_version": 2})
    risk = {**document["risk"], "of_release": {"figures": "Zorblatt"}}
    with pytest.raises(JobError, match=r"in risk\.of_release") as refused:
        from_document({**document, "risk": risk})
    assert "Zorblatt" not in str(refused.value)
    assert refused.value.__context__ is None or refused.value.__suppress_context__


def test_the_schema_names_every_section() -> None:
    document = to_document(evidence_of(released("global")))
    assert set(schema()["properties"]) == set(document)


# -- identity ------------------------------------------------------------------------------


def stored(folder: Path, **options: Any) -> AnonResult:
    people().to_csv(folder / "people.csv", index=False)
    return anonymize(
        {
            "source": {"path": str(folder / "people.csv")},
            "target": {"path": str(folder / "out"), "format": "parquet", **options},
            "policy": POLICY,
        }
    )


def test_files_are_known_by_the_checksums_of_their_bytes(tmp_path: Path) -> None:
    result = stored(tmp_path, single_file=False, rows_per_file=100)
    identity = evidence_of(result).identity
    assert identity.of_source is not None
    assert (
        identity.of_source.sha256
        == hashlib.sha256((tmp_path / "people.csv").read_bytes()).hexdigest()
    )
    files = [Path(file.address) for file in identity.of_release.files]
    assert len(files) > 1
    digests = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
    assert [file.sha256 for file in identity.of_release.files] == digests
    together = b"".join(file.read_bytes() for file in files)
    assert identity.of_release.sha256 == hashlib.sha256(together).hexdigest()


def test_of_a_source_that_changed_no_checksum_is_told(tmp_path: Path) -> None:
    result = stored(tmp_path, single_file=True)
    with (tmp_path / "people.csv").open("a") as file:
        file.write("30,Ulm,flu,1,p\n")
    source = evidence_of(result).identity.of_source
    assert source is not None
    assert (source.sha256, source.files[0].sha256) == (None, None)
    assert source.unknown.startswith("not known")
    assert "not known: its files changed since" in result.report()


# -- the verdict ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["global", "local", "kept", "guarded", "averages", "bounds"])
def test_what_is_of_the_release_is_what_whoever_has_it_measures(kind: str) -> None:
    result = released(kind)
    assert result.df is not None
    told = evidence_of(result).verdict.of_release.promises
    measured = {(p.name, p.attribute): p for p in verify(KINDS[kind], result.df).promises}
    assert told
    for promise in told:
        other = measured[promise.name, promise.attribute]
        assert (promise.holds, promise.asked) == (other.holds, other.asked)
        assert promise.reached == pytest.approx(other.reached)


def test_no_promise_is_lost_between_release_and_source() -> None:
    for kind in KINDS:
        result = released(kind)
        verdict = evidence_of(result).verdict
        assert verdict.of_source is not None
        told = [*verdict.of_release.promises, *verdict.of_source.promises]
        promises = result.release.verification.promises
        assert {(p.name, p.attribute) for p in told} == {(p.name, p.attribute) for p in promises}
        assert len(told) == len(promises)


# -- risk ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["global", "local", "averages", "stars"])
def test_risks_are_those_of_the_classes_of_the_released_frame(kind: str) -> None:
    result = released(kind)
    assert result.df is not None
    names = list(result.decision.request.policy.quasi_identifiers)
    sizes = result.df.astype("string").fillna("\0").groupby(names).size()
    risk = evidence_of(result).risk
    told = {figure.name: figure.value for figure in risk.of_release.figures}
    assert told["prosecutor_highest"] == 1 / sizes.min()
    assert told["prosecutor_average"] == len(sizes) / sizes.sum()
    assert told["prosecutor_above_threshold"] == sizes[sizes < 10].sum()
    counted = {each.size: each.classes for each in risk.of_release.class_sizes}
    assert counted == sizes.value_counts().to_dict()


# -- attributes ----------------------------------------------------------------------------


def test_the_source_stands_at_the_labels_of_the_release() -> None:
    frame = people()
    result = released("global")
    assert result.df is not None
    evidence = evidence_of(result)
    width = {1: 5, 2: 10, 3: 20, 4: 40}[(result.levels or {})["age"]]
    low = frame["age"] // width * width
    expected = (f"[{a}, {a + width})" for a in low)
    before = pd.Series(list(expected)).value_counts().to_dict()
    told = {each.label: each.records for each in of_source(evidence, "age").labels}
    assert told == before
    after = {each.label: each.records for each in of_release(evidence, "age").labels}
    assert after == result.df["age"].value_counts().to_dict()
    differences = sum(told.values()) - sum(after.values())
    assert differences == result.decision.suppressed > 0


@pytest.mark.parametrize("kind", KINDS)
def test_before_and_after_differ_by_the_suppressed_alone(kind: str) -> None:
    result = released(kind)
    decision = result.decision
    evidence = evidence_of(result)
    for name in decision.plan.quasi_identifiers:
        source, release = of_source(evidence, name), of_release(evidence, name)
        assert source.labels or kind == "averages"
        if release.labels_left_off or not source.labels:
            continue
        before = {each.label: each.records for each in source.labels}
        after = {each.label: each.records for each in release.labels}
        gone = decision.suppressed - source.untold_labels
        if decision.request.policy.suppressed_records == "keep":
            assert after.pop("*") == decision.suppressed  # they are among the released
        assert sum(before.values()) - sum(after.values()) == gone
        assert all(before[label] >= records for label, records in after.items())


def test_numbers_lie_in_the_same_bins_before_and_after() -> None:
    frame = people()
    result = released("global")
    assert result.df is not None
    pay = of_source(evidence_of(result), "pay")
    edges = np.linspace(frame["pay"].min(), frame["pay"].max(), 21)
    for bins, values in ((pay.bins, frame["pay"]), (pay.bins_after, result.df["pay"])):
        assert [each.records for each in bins] == np.histogram(values, edges)[0].tolist()
        assert [each.low for each in bins] == pytest.approx(edges[:-1])


def test_very_long_labels_are_told_apart_by_more_than_their_beginning() -> None:
    texts = [f"{'x' * 5_000}{number % 3}" for number in range(30)]
    policy = {
        "attributes": {"age": QUASI, "note": {"role": "sensitive"}},
        "privacy": {"k_anonymity": {"k": 3}},
    }
    result = anonymize({"policy": policy}, frame=pd.DataFrame({"age": 1, "note": texts}))
    assert result.plot.attribute("note").data["release"].tolist() == [10] * 3
    told = [each.label or "" for each in of_release(evidence_of(result), "note").labels]
    assert len(set(told)) == 3
    assert max(map(len, told)) <= 200
    assert max(map(len, result.report(share=True).split())) < 5_000


def test_an_example_is_a_value_and_its_label() -> None:
    frame = people()
    found = of_source(evidence_of(released("global")), "age").example
    assert found is not None
    assert found.before is not None
    assert found.after is not None
    low, high = map(int, found.after.strip("[)").split(", "))
    assert low <= int(found.before) < high
    assert int(found.before) in set(frame["age"])


def test_the_loss_of_attributes_makes_up_that_of_the_release() -> None:
    result = released("local")
    evidence = evidence_of(result)
    losses = [of_source(evidence, name).loss for name in result.decision.plan.quasi_identifiers]
    info = result.utility["release"]["infoLoss"]
    assert np.mean([loss for loss in losses if loss is not None]) == pytest.approx(info)


def test_of_an_identifier_nothing_is_told_but_what_its_mask_leaves() -> None:
    ids = [f"{number:06}" for number in range(100_000, 100_040)]
    masked = {"role": "direct_identifier", "redaction": "mask", "keep": 1}
    policy = {
        "attributes": {"id": masked, "age": QUASI},
        "privacy": {"k_anonymity": {"k": 2}},
        "suppression_limit": 0.5,
    }
    frame = pd.DataFrame({"id": ids, "age": [1, 2] * 20})
    result = anonymize({"policy": policy}, frame=frame)
    text = json.dumps(to_document(evidence_of(result))) + result.report()
    assert not any(each in text for each in ids)


# -- damage --------------------------------------------------------------------------------


def test_who_was_suppressed_is_told_by_value() -> None:
    frame = people()
    result = released("global")
    assert result.df is not None
    lost = evidence_of(result).damage.of_source
    assert lost is not None
    told = {s.value: (s.records, s.suppressed) for s in lost.shares if s.attribute == "illness"}
    before, after = frame["illness"].value_counts(), result.df["illness"].value_counts()
    assert told == {value: (before[value], before[value] - after[value]) for value in before.index}


def test_who_was_suppressed_is_told_where_nobody_knows_their_labels() -> None:
    ages = {**QUASI, "hierarchy": {"type": "interval", "widths": [5, 10]}}
    policy = POLICY | {
        "attributes": POLICY["attributes"] | {"age": ages},
        "recoding": "local",
        "suppression_cost": 0.01,
        "suppression_limit": 0.3,
    }
    result = anonymize({"policy": policy}, frame=people())
    lost = evidence_of(result).damage.of_source
    assert lost is not None
    told = [each for each in lost.shares if each.attribute == "age"]
    assert sum(each.records for each in told) == len(people())
    assert sum(each.suppressed for each in told) == result.decision.suppressed > 0


def column(values: NDArray[Any], *, is_number: bool) -> Column:
    if is_number:
        numbers = values.astype(np.float64)
        nothing = np.zeros(len(values), dtype=np.int64)
        return Column(is_number, nothing, 1, numbers)
    _, codes = np.unique(values, return_inverse=True)
    none = np.full(len(values), np.nan)
    return Column(is_number, codes.astype(np.int64), int(codes.max()) + 1, none)


@pytest.mark.parametrize("seed", range(5))
def test_associations_are_those_of_the_records_themselves(seed: int) -> None:
    drawn = np.random.default_rng(seed)
    x = drawn.normal(size=60)
    y = x * seed + drawn.normal(size=60)
    a, b = drawn.integers(0, 3, 60), drawn.integers(0, 4, 60)
    counts = drawn.integers(1, 5, 60)
    whole: list[NDArray[Any]] = [np.repeat(each, counts) for each in (x, y, a, b)]
    weights = counts.astype(np.float64)
    number, other = (column(each, is_number=True) for each in (x, y))
    kind, second = (column(each, is_number=False) for each in (a, b))
    assert pearson(number, other, weights) == pytest.approx(np.corrcoef(whole[0], whole[1])[0, 1])
    groups = pd.Series(whole[0]).groupby(whole[2])
    between = (groups.size() * (groups.mean() - whole[0].mean()) ** 2).sum()
    table = pd.crosstab(whole[2], whole[3]).to_numpy()
    n = table.sum()
    within = 1 - between / ((whole[0] - whole[0].mean()) ** 2).sum()
    ratio = max(0, 1 - within * (n - 1) / (n - len(groups)))
    assert correlation_ratio(kind, number, weights) == pytest.approx(ratio**0.5)
    expected = table.sum(1, keepdims=True) * table.sum(0, keepdims=True) / n
    phi2 = ((table - expected) ** 2 / expected).sum() / n
    r, c = table.shape
    corrected = max(0, phi2 - (r - 1) * (c - 1) / (n - 1))
    least = min(r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)) - 1
    assert cramers_v(kind, second, weights) == pytest.approx((corrected / least) ** 0.5)


def test_what_is_the_same_goes_together_wholly_and_what_is_constant_with_nothing() -> None:
    weights = np.full(40, 2.0)
    values = np.arange(40) % 4
    same, number = column(values, is_number=False), column(values, is_number=True)
    constant = column(np.zeros(40), is_number=False)
    assert cramers_v(same, same, weights) == pytest.approx(1.0)
    assert pearson(number, number, weights) == pytest.approx(1.0)
    assert correlation_ratio(same, number, weights) == pytest.approx(1.0)
    assert cramers_v(same, constant, weights) is None
    assert correlation_ratio(constant, number, weights) is None
    tenth = column(np.full(40, 0.1), is_number=True)  # whose mean is rounded
    assert pearson(tenth, number, np.arange(40.0)) is None
    assert correlation_ratio(same, tenth, np.arange(40.0)) is None


@pytest.mark.parametrize("scale", [1e-300, 5e307])
def test_how_numbers_go_together_does_not_depend_on_their_size(scale: float) -> None:
    drawn, weights = np.random.default_rng(3), np.arange(1.0, 41.0)
    left, right = drawn.normal(size=40).clip(-3, 3), drawn.normal(size=40)
    kinds = column(drawn.integers(0, 3, 40), is_number=False)
    once, large = column(left, is_number=True), column(left * scale, is_number=True)
    other = column(right, is_number=True)
    assert pearson(large, other, weights) == pytest.approx(pearson(once, other, weights))
    ratio = correlation_ratio(kinds, once, weights)
    assert correlation_ratio(kinds, large, weights) == pytest.approx(ratio)


def test_many_categories_do_not_go_together_with_numbers_by_their_number_alone() -> None:
    drawn = np.random.default_rng(7)
    number = column(drawn.normal(size=3000), is_number=True)
    days = column(drawn.integers(0, 700, 3000), is_number=False)
    ratio = correlation_ratio(days, number, np.ones(3000))
    assert ratio is not None
    assert ratio < 0.2, "without the correction it is nearly 0.5"
    alone = column(np.arange(3000), is_number=False)
    assert correlation_ratio(alone, number, np.ones(3000)) is None


def test_pairs_of_a_release_are_measured_as_those_of_its_source() -> None:
    damage = evidence_of(released("local")).damage
    assert damage.of_release is not None
    assert damage.of_source is not None
    pairs = [(a.left, a.right, a.measure) for a in damage.of_release.associations]
    assert pairs == [(a.left, a.right, a.measure) for a in damage.of_source.associations]
    assert ("age", "illness", "correlation_ratio") in pairs


# -- bounds --------------------------------------------------------------------------------


@pytest.mark.slow
def test_two_hundred_columns_of_many_values_make_a_page_of_bounded_size() -> None:
    drawn = np.random.default_rng(1)
    roles = ["quasi_identifier"] * 8 + ["sensitive"] * 10 + ["non_sensitive"] * 182
    names = [f"c{place}" for place in range(200)]
    frame = pd.DataFrame({n: drawn.integers(0, 1000, 500) for n in names})
    frame[names[:8]] %= 2
    policy = {
        "attributes": {n: {"role": role} for n, role in zip(names, roles, strict=True)},
        "privacy": {"k_anonymity": {"k": 2}},
        "suppression_limit": 0.5,
        "recoding": "local",
    }
    evidence = evidence_of(anonymize({"policy": policy}, frame=frame))
    page = html(evidence)
    assert len(page) < 1_000_000
    assert len(json.dumps(to_document(evidence))) < 1_000_000
    assert "100 further attributes are not shown." in page
    assert "further columns are not compared" in page


def test_a_table_in_memory_has_no_checksum_and_says_so() -> None:
    evidence = evidence_of(released("global"))
    assert evidence.identity.of_source is not None
    assert evidence.identity.of_source.unknown == "a table in memory"
    assert evidence.identity.of_release.sha256 is None


# -- what a model learns -------------------------------------------------------------------


def learned(**options: Any) -> list[tuple[Any, ...]]:
    pytest.importorskip("sklearn")
    drawn, frame = np.random.default_rng(3), people()
    frame["illness"] = np.where(frame["age"] + drawn.normal(0, 9, len(frame)) > 55, "gout", "flu")
    policy = {**POLICY, "target_use": {"attribute": "illness", "features": ["age"]}, **options}
    lost = evidence_of(anonymize({"policy": policy}, frame=frame)).damage.of_source
    assert lost is not None
    assert lost.coefficients is not None
    return list(lost.coefficients.rows)


@pytest.mark.slow
def test_a_release_that_loses_nothing_teaches_what_its_source_does() -> None:
    nothing = {"k_anonymity": {"k": 2}}
    kept = {
        **POLICY["attributes"],
        "age": {**QUASI, "highest_level": 0},
        "town": {"role": "non_sensitive"},
    }
    ((name, value, before, after),) = learned(
        privacy=nothing, attributes=kept, suppression_limit=0.5
    )
    assert (name, value) == ("age", "gout")
    assert before > 1  # the older, the likelier
    assert after == pytest.approx(before, rel=0.1)


@pytest.mark.slow
def test_labels_of_numbers_teach_by_their_middle() -> None:
    ((_, _, before, after),) = learned(recoding="local")
    assert after == pytest.approx(before, rel=0.1)


# -- several tables, several releases -------------------------------------------------------


@pytest.mark.slow
def test_linked_tables_have_a_report_each_with_what_they_promise_together() -> None:
    sources = tables(persons=40, rows=120, values=3)
    result = anonymize(request(privacy={"k_anonymity": {"k": 2}}), frame=sources)
    for name, each in result.tables.items():
        evidence = evidence_of(each)
        assert evidence.identity.of_request.table == name
        kinds = {remark.kind for remark in evidence.verdict.of_request.remarks}
        assert "linked" in kinds
        assert f"{name}, of linked tables" in html(evidence)
    joined = evidence_of(result).verdict.of_source
    assert joined is not None
    assert result.linked is not None
    told = [p.name for p in joined.promises if "of the joined table beside it" in p.how]
    assert told == [promise.name for promise in result.linked.promises]


def test_a_release_of_a_growing_dataset_says_that_it_is_one_of_several() -> None:
    result = released("global")
    target = {"path": "out/{delta}.csv"}
    arrivals = {"mode": "append", "target": target, "people_return": "never"}
    document = {"source": {"path": "in/"}, "arrivals": arrivals, "policy": POLICY}
    growing = parse_request(document)
    decision = replace(result.decision, request=growing)
    findings = replace(findings_of(result), decision=decision)
    remarks = gather(findings).verdict.of_request.remarks
    assert [each.kind for each in remarks if "add up" in each.text] == ["appended"]
