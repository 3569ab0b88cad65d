"""What the page of evidence shows is so."""

import re
from pathlib import Path

import pandas as pd

from anon_dagster import anonymize
from anon_dagster.report.handover.answers import QUESTIONS
from tests.pages import require_examples

PAGE = Path(__file__).resolve().parents[2] / "docs" / "evidence.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_the_examples_run_as_shown() -> None:
    require_examples(TEXT, PAGE.name)


def test_what_is_asked_for_elsewhere_is_told_as_in_the_evidence() -> None:
    for each in QUESTIONS:
        facts = ", ".join(f"`{fact}`" for fact in each.answered_by) or "nothing"
        row = f"{each.framework} | {each.place}: {each.asks} | {facts}"
        assert f"| {row} | {each.not_answered or 'nothing'} |" in TEXT


def test_every_test_that_the_page_names_exists() -> None:
    named = set(re.findall(r"`(tests/[\w/.]+)`", TEXT))
    assert named
    assert all((PAGE.parents[1] / each).exists() for each in named)


def test_every_path_of_an_answer_leads_to_a_fact() -> None:
    """Of both kinds; a signature is there once there is a key."""
    frame = pd.DataFrame({"age": [20, 21, 22, 60, 61, 62]})
    attributes = {
        "age": {"role": "quasi_identifier", "hierarchy": {"type": "interval", "widths": [50]}}
    }
    policy = {"attributes": attributes, "privacy": {"k_anonymity": {"k": 3}}}
    result = anonymize({"policy": policy}, frame=frame)
    for document in (result.evidence(), result.evidence(share=True)):
        assert len(document["answers"]) == len(QUESTIONS)
        for path in {path for each in document["answers"] for path in each["answered_by"]}:
            part = document
            for key in () if path == "signature" else path.split("."):
                assert key in part, path
                part = part[key]
