"""What contributors read names what there is."""

import re
from importlib import import_module
from pathlib import Path

import pytest

PAGES = ["CONTRIBUTING.md", "docs/architecture.md"]
FOLDERS = "anon_dagster|tests|docs|benchmarks|data"
PATH = re.compile(rf"(?:{FOLDERS})(?:/[\w.-]+)*/?|\w+\.(?:md|toml|lock)")


def spans(page: Path) -> set[str]:
    return set(re.findall(r"`([^`\n]+)`", page.read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", PAGES)
def test_every_path_that_the_page_names_exists(name: str, project_folder: Path) -> None:
    paths = {span for span in spans(project_folder / name) if PATH.fullmatch(span)}
    assert len(paths) > 5
    assert {path for path in paths if not (project_folder / path).exists()} == set()


@pytest.mark.parametrize("name", [*PAGES, "README.md", "CHANGELOG.md", "SECURITY.md"])
def test_every_link_leads_to_a_file(name: str, project_folder: Path) -> None:
    page = project_folder / name
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    assert links
    assert {link for link in links if not (page.parent / link).exists()} == set()


@pytest.mark.parametrize("name", PAGES)
def test_every_name_that_the_page_names_is_in_the_code(name: str, project_folder: Path) -> None:
    files = [*project_folder.glob("anon_dagster/**/*.*"), *project_folder.glob("tests/**/*.py")]
    code = [f.read_text(encoding="utf-8") for f in files if f.suffix in {".py", ".yaml"}]
    known = set(re.findall(r"\w+", "\n".join(code)))
    named = {span for span in spans(project_folder / name) if re.fullmatch(r"[A-Za-z_]\w+", span)}
    assert len(named) > 5
    assert named - known <= {"make"}


def resolves(reference: str) -> bool:
    """Tell whether a dotted name leads to a module, or to something in one."""
    module, _, name = reference.rpartition(".")
    try:
        return bool(import_module(reference))
    except ModuleNotFoundError:
        try:
            return hasattr(import_module(module), name)
        except ModuleNotFoundError:  # a method: of a class, of a module
            outer, _, kind = module.rpartition(".")
            return hasattr(getattr(import_module(outer), kind, None), name)


def test_every_reference_of_a_docstring_leads_somewhere(project_folder: Path) -> None:
    files = sorted((project_folder / "anon_dagster").rglob("*.py"))
    code = "\n".join(file.read_text(encoding="utf-8") for file in files)
    references = set(re.findall(r":\w+:`~?(anon_dagster[\w.]*)`", code))
    assert len(references) > 10
    assert {reference for reference in references if not resolves(reference)} == set()
