"""Every block of code on a page is run, or says why not."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from anon_dagster.cli import _parsed
from anon_dagster.errors import RequestError
from anon_dagster.request import Attribute, parse_any_request
from anon_dagster.request.documents import parse_yaml
from documentation.reference.keys import models
from tests.pages import Block, blocks, pages, require_examples

SHOWN = {"", "text", "csv", "json"}
"""Languages of what is shown, not run: drawings, output, the files that examples of YAML read."""
BY_OTHERS = {
    "docs/client.md": "tests/client/test_documentation.py",
    "docs/continuous.md": "tests/docs/test_continuous.py",
    "docs/detection.md": "tests/detection/test_documentation.py",
    "docs/labels.md": "tests/docs/test_labels.py",
    "docs/pictures.md": "tests/docs/test_pictures.py",
    "docs/objectives.md": "tests/planning/test_objective.py",
    "docs/residual-disclosure.md": "tests/docs/test_residual_disclosure.py",
    "docs/scale.md": "tests/docs/test_scale.py",
    "docs/start.md": "tests/docs/test_start.py",
}
"""Pages whose blocks have tests of their own: quick ones, or such that need more than the data."""
ATTRIBUTES = {"age": {"role": "quasi_identifier"}}
WITHOUT: dict[str, dict[str, Any]] = {
    "Policy": {"attributes": ATTRIBUTES, "privacy": {"k_anonymity": {"k": 2}}},
    "Source": {"path": "people.csv"},
    "Target": {"path": "release.csv"},
    "QuasiIdentifier": {"role": "quasi_identifier"},
    "DirectIdentifier": {"role": "direct_identifier"},
    "Sensitive": {"role": "sensitive"},
    "CommonPolicy": {"person": "id", "privacy": {"k_anonymity": {"k": 2}}},
}
"""What a part of a request needs beside the keys that a page shows of it."""
WITHOUT["Request"] = {"policy": WITHOUT["Policy"]}
ALL = [block for page in pages() for block in blocks(page)]


def of(language: str) -> list[Block]:
    return [block for block in ALL if block.language == language and not block.why_not]


def test_every_block_is_in_a_language_that_tests_know() -> None:
    known = {"python", "yaml", "console", "sh"} | SHOWN
    assert {str(block) for block in ALL if block.language not in known} == set()
    assert all(len(block.why_not) > 10 for block in ALL if block.why_not)


def test_scripts_are_run_by_tests_of_their_pages(project_folder: Path) -> None:
    pages_of_others = {block.page for language in ("sh",) for block in of(language)}
    assert pages_of_others <= set(BY_OTHERS)
    for page, test in BY_OTHERS.items():
        assert Path(page).name in (project_folder / test).read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("page", sorted({b.page for b in of("python")} - {*BY_OTHERS}))
def test_python_prints_what_the_page_shows_and_leaves_nothing_in_a_checkout(
    page: str, project_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(
        project_folder / "data", tmp_path / "data", ignore=shutil.ignore_patterns("out")
    )
    shutil.copy(project_folder / ".gitignore", tmp_path)
    checked_out(tmp_path)
    monkeypatch.chdir(tmp_path)
    require_examples("\n".join(block.text for block in blocks(page, "python")), page)
    assert left_in(tmp_path) == ""


def checked_out(folder: Path) -> None:
    """Make a repository of a folder, in which all that there is was committed."""
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")


def left_in(folder: Path) -> str:
    """Return what is neither ignored nor was there."""
    return git(folder, "ls-files", "--others", "--exclude-standard")


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments],  # noqa: S607 (of the system)
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


# -- requests, and parts of them -------------------------------------------------------------


OWN_YAML = {"docs/detection.md", "docs/labels.md", "docs/scale.md"}
"""Pages whose YAML is no request, or needs columns that it does not show: their tests read it."""


@pytest.mark.parametrize("block", [b for b in of("yaml") if b.page not in OWN_YAML], ids=str)
def test_yaml_is_a_request_or_a_part_of_one(block: Block) -> None:
    document = parse_yaml(block.text.replace("…", "{}"), name="the example")
    if "policy" in document and isinstance(document["policy"], dict):
        whole = {**document, "policy": {**WITHOUT["Policy"], **document["policy"]}}
        if "tables" in document or "attributes" in document["policy"]:
            whole = document
        parse_any_request(whole)
        return
    assert any(fits(document, name, model) for name, model in models().items()) or named(document)


def fits(document: dict[str, Any], name: str, model: type[BaseModel]) -> bool:
    try:
        model.model_validate({**WITHOUT.get(name, {}), **document})
    except (ValidationError, RequestError):
        return False
    return True


def named(document: dict[str, Any]) -> bool:
    """Tell whether a document says of columns, by name, what each is."""
    kinds: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Attribute])
    try:
        kinds.validate_python(
            {name: {"role": "quasi_identifier", **each} for name, each in document.items()}
        )
    except (ValidationError, TypeError):
        return False
    return True


# -- commands --------------------------------------------------------------------------------


def commands() -> Iterator[tuple[str, str]]:
    for block in of("console"):
        for line in block.text.splitlines():
            if line.startswith("$ "):
                yield block.page, re.split(r"\s#\s", line[2:])[0].strip()


def test_every_command_is_one(project_folder: Path) -> None:
    makefile = (project_folder / "Makefile").read_text(encoding="utf-8")
    for page, command in commands():
        words = shlex.split(re.sub(r"^(?:\w+=\$\((.*)\)|[A-Z_]+=\S+ (.*))$", r"\1\2", command))
        if words[0] == "make":
            assert re.search(rf"^{words[1]}:", makefile, re.MULTILINE), (page, command)
        elif words[0].endswith("anon"):
            _parsed(words[1:])
        else:
            known = words[0] in {"mkdir", "cd", "export"} or words[0].startswith(".venv/bin/")
            assert known, (page, command)
