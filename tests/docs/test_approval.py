"""The page of approvals says what there is."""

import re
from pathlib import Path
from typing import get_args

import pytest

from anon_dagster.cli.exit_codes import CODES
from anon_dagster.client import AnonJob
from anon_dagster.defs import holding, login
from anon_dagster.errors import AwaitingApprovalError
from anon_dagster.jobs.ledger import Entry
from anon_dagster.jobs.people import LONGEST_REASON
from anon_dagster.jobs.tags import REQUESTED_TAG, State
from anon_dagster.request import parse_request
from anon_dagster.request.documents import parse_yaml
from tests.pages import texts


@pytest.fixture
def page(project_folder: Path) -> Path:
    return project_folder / "docs" / "approval.md"


def test_the_request_of_the_page_is_valid() -> None:
    (block, *_) = texts("docs/approval.md", "yaml")
    request = parse_request(parse_yaml(block, name="the example"))
    assert request.target is not None
    assert request.target.hold is True


def test_the_page_names_what_there_is(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert f"exit code {CODES[AwaitingApprovalError]}" in text
    assert all(state in text for state in get_args(State) if state != "approved")
    assert all(f"job.{name}(" in text for name in ("approve", "reject") if hasattr(AnonJob, name))
    for name in ("requested_by", "approved_by", "rejected_by", "decided"):
        assert name in Entry.__dataclass_fields__
        assert f"`{name}`" in text
    assert f"module: {login.__name__}\n" in text
    assert f"class: {login.LoginRunCoordinator.__name__}\n" in text
    assert f"`{holding.HOLD_DAYS}`" in text
    assert f"within {holding.DAYS:g} days" in text
    assert f"`{REQUESTED_TAG}`" in text
    assert f"{LONGEST_REASON:,} characters" in text


def test_links_of_the_page_exist(page: Path) -> None:
    for target, place in re.findall(r"\]\(([^)#]+)#?([^)]*)\)", page.read_text(encoding="utf-8")):
        there = (page.parent / target).read_text(encoding="utf-8")
        headings = {
            re.sub(r"[^\w -]", "", line.lstrip("# ").lower()).replace(" ", "-")
            for line in there.splitlines()
            if line.startswith("#")
        }
        assert not place or place in headings, (target, place)
