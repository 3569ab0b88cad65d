"""Every page is on the site and in its menu, says what it is for, and what it lists is complete."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pandas as pd
import pytest

import anon_dagster
from anon_dagster import cli, errors
from anon_dagster.client import AnonClient, AnonJob, JobResult
from anon_dagster.request.documents import load_yaml
from documentation import links
from documentation.reference import PAGES
from documentation.reference.keys import models
from documentation.request_schema import FILE
from tests.pages import pages
from tests.site import build, menu, written

NOT_FOR_READERS_BY_THEMSELVES = {"README.md", "CHANGELOG.md", "docs/proofs"}


def test_every_page_is_in_the_menu() -> None:
    assert menu() == written()


@pytest.mark.slow
def test_the_site_is_built_and_nothing_of_it_is_fetched(tmp_path: Path) -> None:
    site = build(tmp_path).parent
    fetched = re.compile(r"""(?:src|href)=["']?(https?:)?//[^"'> ]+\.(?:css|js|woff2?|png|svg)""")
    for place in written():
        page = (site / place).with_suffix(".html")
        if place.endswith("README.md"):
            page = page.with_name("index.html")
        assert not fetched.search(page.read_text(encoding="utf-8")), place
    listed = (tmp_path / "external-links.txt").read_text(encoding="utf-8").split()
    assert "https://dagster.io" in listed


@pytest.mark.parametrize(
    "page", [p for p in pages() if not p.startswith(tuple(NOT_FOR_READERS_BY_THEMSELVES))]
)
def test_a_page_says_at_its_top_what_it_is_for(page: str, project_folder: Path) -> None:
    head, _, rest = (project_folder / page).read_text(encoding="utf-8").partition("\n")
    assert head.startswith("# ")
    first = rest.strip().partition("\n\n")[0]
    assert 40 < len(first) < 900
    assert not first.startswith(("#", "|", "```"))


# -- what is written from the code -------------------------------------------------------------


def test_every_key_of_a_request_has_a_meaning() -> None:
    page = PAGES["reference/request.md"]()
    parts = set(re.findall(r"^## (\w+)$", page, re.MULTILINE))
    assert parts == set(json.loads(FILE.read_text(encoding="utf-8"))["$defs"])
    for name in parts:
        model = models()[name]
        section = page.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        for own, field in model.model_fields.items():
            (row,) = re.findall(rf"^\| `{field.alias or own}` \|.*$", section, re.MULTILINE)
            assert len(row.split(" | ")[-1].strip(" |")) > 8, (name, own)


def test_every_error_and_exit_code_is_on_its_page() -> None:
    page = PAGES["reference/errors.md"]()
    kinds = {
        name
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.AnonError)
    }
    assert kinds == {name for name in re.findall(r"`(\w+)` \|", page) if name.endswith("Error")}
    codes = {int(code) for code in re.findall(r"^\| `(\d+)`", page, re.MULTILINE)}
    assert codes >= {0, 1, 2, cli.INTERRUPTED, cli.AUDIT_FAILED, *cli.CODES.values()}


def test_every_command_has_a_section_and_every_option_a_line() -> None:
    page = PAGES["reference/shell.md"]()
    for command in re.findall(r"^\$ anon (?:--json )?(\w+)", _client_page(), re.MULTILINE):
        assert f"## anon {command}\n" in page
    assert not re.search(
        r"^\| `[^`]+` \|  \|$", page.partition("## anon anonymize")[2], re.MULTILINE
    )


def _client_page() -> str:
    path = Path(__file__).resolve().parents[2] / "docs" / "client.md"
    return path.read_text(encoding="utf-8")


def test_every_public_function_and_class_is_on_its_page() -> None:
    page = PAGES["reference/functions.md"]()
    for name in anon_dagster.__all__:
        each = getattr(anon_dagster, name)
        if callable(each) and not (isinstance(each, type) and issubclass(each, Exception)):
            assert f"::: {each.__module__}.{each.__qualname__}\n" in page, name
    for kind in (AnonClient, AnonJob, JobResult):
        assert f"::: {kind.__module__}.{kind.__qualname__}\n" in page


def test_every_domain_is_on_its_page() -> None:
    page = PAGES["reference/domains.md"]()
    assert set(anon_dagster.data_domains().index) == set(
        re.findall(r"^\| `(\w+)`", page, re.MULTILINE)
    )


def everything() -> dict[str, Any]:
    """Return a policy whose statistics have every row that there is."""
    quasi = {"role": "quasi_identifier"}
    return {
        "attributes": {
            "who": {"role": "direct_identifier"},
            "house": {"role": "direct_identifier"},
            "age": quasi,
            "ill": {
                "role": "sensitive",
                "hierarchy": {"type": "tree", "nodes": {"x": ["a", "b"], "y": ["c"]}},
            },
            "income": {"role": "sensitive"},
            "pweight": {"role": "weight"},
        },
        "person": "who",
        "household": {"by": "house", "k": 2},
        "population": 10_000,
        "privacy": {
            "k_anonymity": {"k": 2},
            "l_diversity": {"attribute": "ill", "l": 2, "variant": "recursive", "c": 9},
            "t_closeness": [
                {"attribute": "ill", "t": 1, "distance": "hierarchical"},
                {"attribute": "income", "t": 1, "distance": "ordered"},
            ],
        },
    }


def test_the_statistics_of_the_page_are_those_that_there_are(project_folder: Path) -> None:
    who = np.arange(60)
    frame = pd.DataFrame(
        {
            "who": who,
            "house": who // 2,
            "age": 20 + who % 3,
            "ill": [*"abc"] * 20,
            "income": 1_000 + who % 7,
            "pweight": 10.0,
        }
    )
    result = anon_dagster.anonymize({"policy": everything()}, frame=frame)
    there = {*result.risk.index, *result.utility.index}
    there = {re.sub(r"\(.*\)", "(…)", name) for name in there}
    page = (project_folder / "docs" / "statistics.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`[^|]+) \|", page, re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`([^`]+)`", row)} == there


# -- the schema for editors --------------------------------------------------------------------


def test_an_editor_takes_the_bundled_requests_for_valid(project_folder: Path) -> None:
    schema = json.loads(FILE.read_text(encoding="utf-8"))
    for path in sorted((project_folder / "data").rglob("*.yaml")):
        if path.name in {"request.yaml", "linked.yaml"}:
            jsonschema.validate(load_yaml(path), schema)


def test_links_are_moved_with_what_they_lead_to() -> None:
    page = "[a](../CHANGELOG.md#b) [c](d.md) [e](https://f.g) `[h](i)`\n```text\n[j](../k)\n```\n"
    moved = links.on_the_site(
        page, source="docs/x/y.md", page="x/y.md", places={"docs/CHANGELOG.md": "changelog.md"}
    )
    assert moved.startswith("[a](../changelog.md#b) [c](d.md) [e](https://f.g)")
    assert "[j](../k)" in moved
    assert [*links.external(page)] == ["https://f.g"]


@pytest.mark.parametrize(("most", "k"), [("0.2", 5), ("0.1", 10), ("0.09", 12), ("0.05", 20)])
def test_k_is_the_least_that_meets_a_threshold(most: str, k: int, project_folder: Path) -> None:
    assert 1 / k <= float(most) < 1 / (k - 1)
    page = (project_folder / "docs" / "thresholds.md").read_text(encoding="utf-8")
    assert f"| {most} | {k} |" in page
