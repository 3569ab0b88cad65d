import re
import shutil
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from anon_dagster import anonymize
from anon_dagster.client.deployment import RunRecord
from anon_dagster.client.outcome import notes_of
from anon_dagster.core.solution import BY_INTEGER_PROGRAM, LOCAL, Proof
from anon_dagster.defs import metadata
from anon_dagster.operations.anonymize import AnonResult, findings_of
from anon_dagster.report.explanation import cautions, explain_policy, explain_search
from anon_dagster.report.gathering import gather
from anon_dagster.report.page import html
from anon_dagster.request import Policy, parse_policy, parse_request
from anon_dagster.residual import ResidualDisclosure
from tests.disclosures import ATTACKED, GIVEN_BACK

MARKUP = '<script>alert("1")</script>'
POLICY = {
    "attributes": {
        "age <b>": {"role": "quasi_identifier"},
        "illness": {"role": "sensitive"},
    },
    "privacy": {"k_anonymity": {"k": 2}},
}


class Reader(HTMLParser):
    """Collects the elements of a page, and what remains open."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self.elements.add(tag)
        if tag not in {"meta", "rect", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self.elements.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def page_of(result: AnonResult, *, residual: ResidualDisclosure | None = None) -> str:
    findings = findings_of(result)
    return html(gather(replace(findings, residual=residual or findings.residual)))


@pytest.fixture
def result() -> AnonResult:
    frame = pd.DataFrame({"age <b>": [1, 1, 2, 2], "illness": [MARKUP, "flu"] * 2})
    return anonymize({"policy": POLICY}, frame=frame)


def test_a_value_a_name_or_a_path_is_never_taken_for_markup(result: AnonResult) -> None:
    page = page_of(result, "out/<i>.parquet")
    reader = Reader()
    reader.feed(page)
    assert not reader.elements & {"script", "b", "i"}
    for shown in ("&lt;script&gt;", "age &lt;b&gt;", "out/&lt;i&gt;.parquet"):
        assert shown in page


def test_every_element_is_closed(result: AnonResult) -> None:
    reader = Reader()
    reader.feed(page_of(result, "out.parquet"))
    assert {"table", "svg", "ol"} <= reader.elements
    assert reader.open == []


def test_an_attribute_of_too_many_values_has_a_line_in_place_of_a_picture() -> None:
    ages: dict[str, Any] = {"age": range(300)}
    attributes = {"age": {"role": "non_sensitive"}, "sex": {"role": "quasi_identifier"}}
    policy = {"attributes": attributes, "privacy": {"k_anonymity": {"k": 2}}}
    frame = pd.DataFrame(ages | {"sex": ["f"] * 300})
    page = page_of(anonymize({"policy": policy}, frame=frame), "out.parquet")
    assert "<p>age: 300 values, too many for a picture.</p>" in page


def test_the_template_engine_is_imported_only_where_a_report_is_made() -> None:
    script = "import sys, anon_dagster.report.page; sys.exit('jinja2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


@pytest.mark.slow
def test_the_page_is_as_wide_as_a_phone(result: AnonResult, tmp_path: Path) -> None:
    selenium = pytest.importorskip("selenium.webdriver")
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (browser and driver):
        pytest.skip("there is no chromium with its driver here: apt-get install chromium-driver")
    columns = tuple(f"a_column_with_a_long_name_{n}" for n in range(6))
    long = replace(GIVEN_BACK, columns=columns, cure=f"drop {', '.join(columns)}")
    page = page_of(result, "out/" * 40, residual=replace(ATTACKED, findings=(long,)))
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    options = selenium.ChromeOptions()
    options.binary_location = browser
    for option in ("--headless=new", "--no-sandbox", "--disable-gpu"):
        options.add_argument(option)
    chrome = selenium.Chrome(options=options, service=selenium.ChromeService(driver))
    phone = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    try:
        chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
        chrome.get((tmp_path / "page.html").as_uri())
        assert chrome.execute_script("return document.documentElement.scrollWidth") == 390
    finally:
        chrome.quit()


def treatment_of(page: str, attribute: str) -> str:
    row = re.search(rf"<td>{attribute}.*?</tr>", page)
    assert row is not None
    return re.sub(r"<[^>]+>", " ", row[0])


def test_only_what_a_promise_is_about_is_called_guarded() -> None:
    names = ("illness", "party", "vote")
    policy: dict[str, Any] = {
        "attributes": {
            "age": {"role": "quasi_identifier"},
            **{name: {"role": "sensitive"} for name in names},
        },
        "privacy": {
            "k_anonymity": {"k": 2},
            "l_diversity": {"attribute": "illness", "l": 2},
            "alpha_k_anonymity": {"attribute": "vote", "alpha": 0.9, "k": 2, "guarded": ["a"]},
        },
    }
    frame = pd.DataFrame(
        {"age": [1] * 4, "illness": list("abab"), "party": list("abab"), "vote": list("abab")}
    )
    result = anonymize({"policy": policy}, frame=frame)
    page = result.report()
    assert "kept and guarded" in treatment_of(page, "illness")
    assert "kept; no promise guards it" in treatment_of(page, "party")
    assert "kept, and some of its values guarded" in treatment_of(page, "vote")


def proof(bound: float, method: str = LOCAL) -> Proof:
    return Proof(
        optimal=bound == 0.3, loss=0.3, lower_bound=bound, candidates=1, evaluated=1, method=method
    )


@pytest.mark.parametrize(
    ("proven", "how", "known"),
    [
        (
            proof(0.2),
            "Local recoding",
            ", and none loses less than 0.2000: at most 1.50 times what the best one loses.",
        ),
        (proof(0.0), "Local recoding", "; how much less another could lose is not known."),
        (
            proof(0.3, BY_INTEGER_PROGRAM),
            "Integer programming",
            ", and no better one exists that treats equal records alike.",
        ),
    ],
)
def test_what_is_proven_of_other_releases_is_said_in_words(
    proven: Proof, how: str, known: str
) -> None:
    said = explain_search(proven, Policy.model_validate(POLICY), "pain")
    assert said.startswith(f"{how} looked for the classes of least pain; ")
    assert said.endswith(f" loses 0.3000 (0 nothing, 1 everything){known}")


def test_an_outcome_that_classes_of_a_local_recoding_are_formed_by_is_warned_about() -> None:
    quasi = {"role": "quasi_identifier"}
    document = {
        "attributes": {"age": quasi, "visits": quasi, "ill": {"role": "sensitive"}},
        "privacy": {"k_anonymity": {"k": 2}},
        "recoding": "local",
        "target_use": {"attribute": "visits"},
    }
    (caution,) = cautions(parse_policy(document))
    assert "visits, which is to be told from others, is a quasi-identifier" in caution
    assert f"beware: {caution}" in explain_policy(parse_policy(document))
    for harmless in ({"recoding": "global"}, {"target_use": {"attribute": "ill"}}):
        assert not cautions(parse_policy({**document, **harmless}))


def test_the_columns_of_numbers_are_named() -> None:
    age = {"role": "quasi_identifier", "hierarchy": {"type": "interval", "widths": [5]}}
    document = {
        "attributes": {"age": age},
        "privacy": {"k_anonymity": {"k": 2}},
        "release": {"numbers": "bounds"},
    }
    assert "these: age_lower, age_upper" in explain_policy(parse_policy(document))


def test_a_job_shows_the_caution_among_its_notes() -> None:
    quasi = {"role": "quasi_identifier"}
    policy = {
        "attributes": {"age": quasi, "visits": quasi},
        "privacy": {"k_anonymity": {"k": 2}},
        "recoding": "local",
        "target_use": {"attribute": "visits"},
    }
    request = parse_request({"policy": policy})
    shown = metadata.of_request(request)["notes"]
    assert isinstance(shown, dg.TableMetadataValue)
    run = RunRecord(steps={"request": {"notes": [dict(row.data) for row in shown.records]}})
    assert notes_of(run) == cautions(request.policy)
