import re
import shutil
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd
import pytest

from anon_dagster import anonymize
from anon_dagster.client.deployment import RunRecord
from anon_dagster.client.outcome import notes_of
from anon_dagster.core.solution import BY_INTEGER_PROGRAM, LOCAL, Proof
from anon_dagster.defs import metadata
from anon_dagster.operations.anonymize import AnonResult, findings_of
from anon_dagster.report.advice import advise
from anon_dagster.report.evidence import Evidence, Remark
from anon_dagster.report.explanation import cautions, explain_policy, explain_search
from anon_dagster.report.gathering import gather
from anon_dagster.report.page import html
from anon_dagster.request import Policy, parse_policy, parse_request
from anon_dagster.residual import ResidualDisclosure
from tests.disclosures import ATTACKED, GIVEN_BACK
from tests.report.releases import KINDS, people

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
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self.elements.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def page_of(result: AnonResult, *, residual: ResidualDisclosure | None = None) -> str:
    findings = findings_of(result)
    return html(gather(replace(findings, residual=residual or findings.residual)))


@pytest.fixture(scope="module")
def result() -> AnonResult:
    frame = pd.DataFrame({"age <b>": [1, 1, 2, 2], "illness": [MARKUP, "flu"] * 2})
    return anonymize({"policy": POLICY}, frame=frame)


@pytest.fixture(scope="module")
def page(result: AnonResult) -> str:
    return page_of(result)


def told_as(evidence: Evidence, **told: Any) -> Evidence:
    """Return facts of which some of the request are others."""
    identity = evidence.identity
    asked = replace(identity.of_request, **told)
    return replace(evidence, identity=replace(identity, of_request=asked))


def test_a_value_a_name_or_a_path_is_never_taken_for_markup(result: AnonResult) -> None:
    odd = told_as(gather(findings_of(result)), dataset="</title><i>", requested_by="<i>")
    page = html(odd)
    reader = Reader()
    reader.feed(page)
    assert not reader.elements & {"script", "b", "i"}
    assert reader.open == []
    for shown in ("&lt;script&gt;", "age &lt;b&gt;", "&lt;/title&gt;&lt;i&gt;"):
        assert shown in page


def test_what_would_change_how_other_text_reads_is_shown_for_what_it_is() -> None:
    frame = pd.DataFrame({"age <b>": [1, 1, 2, 2], "illness": ["\u202egout", "a\x07b"] * 2})
    page = anonymize({"policy": POLICY}, frame=frame).report()
    assert not {"\u202e", "\x07"} & set(page)
    assert "\N{REPLACEMENT CHARACTER}gout" in page


def test_every_element_is_closed_and_headings_are_in_order(page: str) -> None:
    reader = Reader()
    reader.feed(page)
    assert {"table", "svg", "ol", "caption", "figure"} <= reader.elements
    assert reader.open == []
    levels = [int(level) for level in re.findall(r"<h([1-6])", page)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - level <= 1 for level, later in pairwise(levels))


def test_a_page_needs_nothing_else(page: str) -> None:
    links = re.findall(r"""(?:href|src|url)\s*[=(]\s*["']?([^"')>\s]+)""", page)
    assert all(link.startswith("#") for link in links)
    assert "@import" not in page
    assert 'lang="en"' in page


def test_every_picture_says_what_it_shows_and_has_its_figures_beside_it(page: str) -> None:
    pictures = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(pictures) >= 4
    assert all('role="img"' in picture and "<title" in picture for picture in pictures)
    assert page.count("<summary>The figures behind it</summary>") == len(pictures)


def test_a_column_of_many_numbers_is_a_histogram() -> None:
    ages: dict[str, Any] = {"age": range(300)}
    attributes = {"age": {"role": "non_sensitive"}, "sex": {"role": "quasi_identifier"}}
    policy = {"attributes": attributes, "privacy": {"k_anonymity": {"k": 2}}}
    frame = pd.DataFrame(ages | {"sex": ["f"] * 300})
    page = page_of(anonymize({"policy": policy}, frame=frame))
    assert "age: records by value" in page


# -- the verdict ---------------------------------------------------------------------------


def calm() -> Evidence:
    frame = pd.DataFrame({"age": [1] * 20, "illness": ["flu", "cold"] * 10})
    policy = {
        "attributes": {"age": {"role": "quasi_identifier"}, "illness": {"role": "sensitive"}},
        "privacy": {"k_anonymity": {"k": 20}, "l_diversity": {"attribute": "illness", "l": 2}},
        "risk_threshold": 0.05,
    }
    return gather(findings_of(anonymize({"policy": policy}, frame=frame)))


def test_a_release_that_keeps_all_and_tells_nothing_else_may_be_signed() -> None:
    advice = advise(calm())
    assert (advice.grade, advice.to_look_at) == ("nothing against it", ())
    assert advice.sentences[0].startswith("All 3 promises that were asked for hold")
    assert (
        "1 in 20 (5%): not above the threshold that the request states, 5%" in advice.sentences[1]
    )


def test_what_is_left_of_nothing_and_what_else_was_found_is_told_on_top() -> None:
    evidence = calm()
    age, *others = evidence.attributes
    assert age.of_release is not None
    starred = replace(age, of_release=replace(age.of_release, starred=20))
    gone = replace(evidence, attributes=(starred, *others))
    assert f"Nothing is left of {age.name}" in html(gone)
    assert "Nothing is left" not in html(evidence)
    minor = Remark("finding", "low", "1 record is alone with illness", "")
    of_release = replace(evidence.verdict.of_release, remarks=(minor,))
    found = advise(replace(evidence, verdict=replace(evidence.verdict, of_release=of_release)))
    assert found.grade == "nothing against it"
    assert advise(evidence).sentences[-1] == "1 remark of less weight is in section 2."
    assert found.sentences[-1] == "2 remarks of less weight are in section 2."


def test_promises_that_are_told_in_one_row_count_as_one() -> None:
    who = {"role": "direct_identifier"}
    frame = pd.DataFrame({"a": list("uvwx"), "b": list("uvwx"), "sex": list("ffmm")})
    policy = {
        "attributes": {"a": who, "b": who, "sex": {"role": "quasi_identifier"}},
        "privacy": {"k_anonymity": {"k": 2}},
    }
    page = html(gather(findings_of(anonymize({"policy": policy}, frame=frame))))
    assert "All 3 promises that were asked for hold" in page
    assert "direct identifiers are gone of a and b" in page


def test_a_broken_promise_is_never_signed() -> None:
    evidence = calm()
    first, *others = evidence.verdict.of_release.promises
    broken = replace(first, holds=False, classes_failing=1, records_failing=3)
    of_release = replace(evidence.verdict.of_release, promises=(broken, *others))
    odd = replace(evidence, verdict=replace(evidence.verdict, of_release=of_release))
    advice, page = advise(odd), html(odd)
    assert advice.grade == "do not sign"
    assert advice.sentences[0] == "1 of 3 promises is broken by the release."
    assert "<h2>Do not sign this.</h2>" in page
    assert "NO: 1 class with 3 records" in page


def test_what_is_to_be_looked_at_stands_on_top_the_gravest_first(result: AnonResult) -> None:
    findings = replace(findings_of(result), residual=ATTACKED)
    evidence = gather(findings)
    kinds = [(each.kind, each.severity) for each in advise(evidence).to_look_at]
    assert kinds == [("finding", "high"), ("unguarded", "medium")]
    page = html(evidence)
    assert "Look at these 2 things before you sign." in page
    assert page.index("Look at these 2 things") < page.index("1. Which release this is")


@pytest.mark.parametrize(("others", "is_told"), [(55, True), (15, False)])
def test_a_group_of_people_that_is_left_out_is_told_on_top_without_its_name(
    others: int, *, is_told: bool
) -> None:
    dice, size = np.random.default_rng(1), 3_000
    frame = pd.DataFrame({"age": dice.integers(20, 60, size), "sex": dice.choice(["f", "m"], size)})
    frame.loc[: others - 1, "sex"] = "CANARY"
    ages = {"role": "quasi_identifier", "hierarchy": {"type": "interval", "widths": [5, 10]}}
    policy = {
        "attributes": {"age": ages, "sex": {"role": "quasi_identifier"}},
        "privacy": {"k_anonymity": {"k": 20}},
        "suppression_limit": 0.05,
        "suppression_cost": 0.05,
    }
    result = anonymize({"policy": policy}, frame=frame)
    assert result.decision.suppressed == others
    found = [
        each for each in advise(gather(findings_of(result))).to_look_at if each.kind == "fairness"
    ]
    assert [each.severity for each in found] == ["medium"] * is_told
    for each in found:
        assert each.text.startswith(
            f"Of the {others} records with a value of sex, {others} are not"
        )
        assert "CANARY" not in f"{each.text}{each.cure}"


def test_a_threshold_that_is_stated_is_held_against_the_release() -> None:
    evidence = calm()
    asked = replace(evidence.risk.of_request, threshold=0.04)
    above = replace(evidence, risk=replace(evidence.risk, of_request=asked))
    assert [each.kind for each in advise(above).to_look_at] == ["threshold"]
    silent = replace(asked, is_stated=False)
    unstated = replace(evidence, risk=replace(evidence.risk, of_request=silent))
    assert advise(unstated).to_look_at == ()
    assert "not above 4%" not in advise(unstated).sentences[1]
    assert "above 4%, a usual threshold. The request states none" in advise(unstated).sentences[1]
    assert "No threshold was asked for" in html(unstated)


@pytest.mark.parametrize(
    ("policy", "kind"),
    [
        ({"person": "who"}, "linked to no remark"),
        ({}, "records_not_persons"),
        ({"privacy": KINDS["secret"]["privacy"]}, "differential_privacy"),
        ({"privacy": {"l_diversity": {"attribute": "illness", "l": 2}}}, "no_promise"),
    ],
)
def test_what_was_not_asked_is_told(policy: dict[str, Any], kind: str) -> None:
    asked = KINDS["secret" if kind == "differential_privacy" else "global"] | policy
    result = anonymize({"policy": asked}, frame=people())
    kinds = {each.kind for each in gather(findings_of(result)).verdict.of_request.remarks}
    assert (kind in kinds) == (kind != "linked to no remark")
    assert ("records_not_persons" in kinds) == ("person" not in policy)


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
    page = page_of(result, residual=replace(ATTACKED, findings=(long,)))
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
    rows = re.findall(rf'<th scope="row" role="rowheader">{attribute}</th>.*?</tr>', page)
    return re.sub(r"<[^>]+>", " ", rows[0])


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
