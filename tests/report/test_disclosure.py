"""What is said of a finding: in plain words, with its figure and its cure, and nothing more."""

from dataclasses import replace

import pandas as pd
import pytest

from anon_dagster import anonymize
from anon_dagster.operations.anonymize import AnonResult
from anon_dagster.report.disclosure import (
    BLIND,
    COLUMNS,
    attacks_table,
    explain_coverage,
    explain_finding,
    finding_rows,
    lines_of,
    warnings_of,
)
from anon_dagster.report.explanation import explain_policy
from anon_dagster.request import parse_request
from anon_dagster.residual import Finding
from tests.disclosures import ALONE, ATTACKED, FOUND, GIVEN_BACK, NOTHING
from tests.report.test_page import Reader, page_of


def test_a_finding_says_who_tells_what_of_whom_and_how_often() -> None:
    assert explain_finding(FOUND, GIVEN_BACK) == (
        "age_again gives age back (the same value, maybe written in another way): the value of "
        "60 records (100.0%); the label alone tells as much of 5.0%"
    )
    several = replace(GIVEN_BACK, columns=("day", "month", "year"), baseline=None)
    assert explain_finding(FOUND, several).startswith("day, month and year give age back")
    narrow = replace(GIVEN_BACK, tells="range")
    assert "a narrow range of 60 records" in explain_finding(FOUND, narrow)


@pytest.mark.parametrize(
    ("finding", "said"),
    [
        (
            replace(ALONE, records=9, share=0.15, baseline=0.01),
            (
                "once seat and shift join the released labels, 9 records (15.0%) are alone; "
                "without, 1.0% are"
            ),
        ),
        (
            replace(ALONE, relation="fewer than k", columns=("seat",)),
            (
                "once seat joins the released labels, fewer than 3 records are in groups of fewer "
                "than 3"
            ),
        ),
        (
            replace(
                GIVEN_BACK,
                examination="intersected",
                relation="fewer than 3 values",
                records=None,
                persons=1,
            ),
            (
                "all of a person's classes by age_again, intersected, leave fewer than 3 values of "
                "age: 1 person (100.0%); a single one of the classes leaves as few of 5.0%"
            ),
        ),
        (
            replace(ALONE, examination="intersected", relation="nobody else"),
            (
                "all of a person's classes by seat and shift, intersected, leave nobody else: "
                "fewer than 3 persons"
            ),
        ),
        (
            replace(GIVEN_BACK, examination="outcome_in_pattern", relation="labels"),
            (
                "the labels of age_again tell age (records of a class have the same outcome), of "
                "60 records (100.0%); the values behind the labels tell it of 5.0%"
            ),
        ),
        (
            replace(
                GIVEN_BACK, examination="intruder", relation="inference by 2 columns", baseline=0.0
            ),
            (
                "an intruder who knows age_again, and infers age, gains by the release (inference "
                "by 2 columns): 60 records (100.0%)"
            ),
        ),
    ],
)
def test_each_kind_of_finding_has_its_sentence(finding: Finding, said: str) -> None:
    assert explain_finding(FOUND, finding) == said


def test_a_figure_below_k_is_not_told() -> None:
    said = explain_finding(FOUND, ALONE)
    assert "fewer than 3 records" in said
    assert "None" not in said


def test_every_finding_is_a_warning_with_its_cure_the_gravest_first() -> None:
    first, second = warnings_of(FOUND)
    assert first.startswith("high: age_again gives age back")
    assert first.endswith(GIVEN_BACK.cure)
    assert second.startswith("low: once seat and shift join the released labels, fewer than 3")
    assert warnings_of(NOTHING) == []


def test_what_was_looked_at_is_said_whether_or_not_something_was_found() -> None:
    assert "on all 60 records" in explain_coverage(NOTHING)
    assert "nothing was found" in explain_coverage(NOTHING)
    sampled = replace(FOUND, examined=50, records=1_000, seed=7)
    assert "50 of 1,000 records, drawn with the seed 7" in explain_coverage(sampled)
    assert "2 findings" in explain_coverage(sampled)
    assert "an outcome" not in explain_coverage(replace(NOTHING, examinations=("alone",)))
    assert "ignores all of it" in explain_coverage(replace(NOTHING, examinations=()))


def test_the_rows_for_people_are_texts_and_figures() -> None:
    rows = finding_rows(FOUND)
    assert all(tuple(row) == COLUMNS for row in rows)
    assert rows[0]["records"] == "60 records (100.0%)"
    assert rows[1]["columns"] == "seat, shift"


def test_attacks_are_told_with_control_and_interval() -> None:
    (row,) = attacks_table(ATTACKED).reset_index().to_dict("records")
    assert row["attack"] == "inference(illness)"
    assert (row["control"], row["low"], row["high"]) == (0.1, 0.2, 0.5)
    assert row["columns"] == "age, illness"
    assert attacks_table(FOUND).empty
    assert any("inference(illness)" in line for line in lines_of(ATTACKED))


def test_whoever_reads_lines_is_told_what_was_left_out_and_what_cannot_be_seen() -> None:
    lines = list(lines_of(replace(NOTHING, bounds=("20 of 90 columns were looked at",))))
    assert lines[0] == explain_coverage(NOTHING)
    assert lines[-2:] == ["20 of 90 columns were looked at", BLIND]


def test_what_is_refused_is_told_among_the_promises() -> None:
    policy = {
        "attributes": {"age": {"role": "quasi_identifier"}},
        "privacy": {"k_anonymity": {"k": 2}},
        "residual": {"given_back": "refuse", "outcome_in_pattern": "refuse"},
    }
    told = explain_policy(parse_request({"policy": policy}).policy)
    assert told.count("nothing is published in which is found") == 2
    assert "give a protected one back, for more than 1.00% of the records" in told
    plain = explain_policy(parse_request({"policy": policy | {"residual": {}}}).policy)
    assert "nothing is published" not in plain


# -- the page ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def result() -> AnonResult:
    policy = {
        "attributes": {"age": {"role": "quasi_identifier"}},
        "privacy": {"k_anonymity": {"k": 2}},
    }
    return anonymize({"policy": policy}, frame=pd.DataFrame({"age": [1, 1, 2, 2]}))


def test_the_report_has_every_finding_with_its_cure(result: AnonResult) -> None:
    page = page_of(result, residual=ATTACKED)
    assert "age_again gives age back" in page
    assert "the value of 60 records (100.0%)" in page
    assert "fewer than 3 records" in page
    assert "<em>What to do:</em> make `seat` a quasi-identifier, or drop it." in page
    assert "inference(illness)</th>" in page
    assert BLIND in page


def test_the_report_says_so_when_nothing_was_found(result: AnonResult) -> None:
    page = page_of(result, residual=NOTHING)
    assert "on all 60 records" in page
    assert "nothing was found" in page
    assert BLIND in page
    assert 'class="remark high"' not in page


def test_a_finding_is_never_taken_for_markup(result: AnonResult) -> None:
    odd = replace(GIVEN_BACK, columns=("<i>",), cure="drop `<i>`")
    page = page_of(result, residual=replace(FOUND, findings=(odd,)))
    reader = Reader()
    reader.feed(page)
    assert "i" not in reader.elements
    assert reader.open == []
    assert page.count("&lt;i&gt;") == 3  # on top, and below with what to do
