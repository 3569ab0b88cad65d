"""The page on detection says nothing that was not run."""

import doctest
import re
import shlex
from pathlib import Path

import pandas as pd
import pytest

from anon_dagster.cli import main
from anon_dagster.detection import data_domains, detect
from anon_dagster.request.documents import parse_yaml

PAGE = Path("docs") / "detection.md"


def blocks(project_folder: Path, language: str) -> list[str]:
    page = (project_folder / PAGE).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


def test_python_gives_what_the_page_shows(project_folder: Path) -> None:
    source = "\n".join(blocks(project_folder, "python"))
    test = doctest.DocTestParser().get_doctest(source, {}, PAGE.name, PAGE.name, 0)
    report: list[str] = []
    with pd.option_context("display.width", 120, "display.max_columns", 20):
        doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test, out=report.append)
    assert test.examples
    assert not report, "".join(report)


def test_the_custom_domains_that_the_page_shows_are_found(
    project_folder: Path, tmp_path: Path
) -> None:
    (block,) = blocks(project_folder, "yaml")
    path = tmp_path / "domains.yaml"
    path.write_text(block, encoding="utf-8")
    assert set(parse_yaml(block, name="the example")) <= set(data_domains(path).index)
    frame = pd.DataFrame(
        {
            "c1": [f"ST-{n:04}-B" for n in range(60)],
            "c2": ["North", "South", "Day clinic"] * 20,
            "STATION_2": ["i", "k", "l"] * 20,
        }
    )
    found = detect(frame, domains=path)
    assert [column.domain for column in found.columns] == ["staff_number", "ward", "ward"]


def test_the_commands_that_the_page_names_exist(
    project_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (project_folder / PAGE).read_text(encoding="utf-8")
    for command in {shlex.split(each)[1] for each in re.findall(r"`(anon [^`]+)`", page)}:
        with pytest.raises(SystemExit) as ended:
            main([command, "--help"])
        assert ended.value.code == 0
    capsys.readouterr()


def test_the_domains_are_listed_in_the_shell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "domains.yaml"
    path.write_text("ward: {description: Ward of the hospital, names: [ward]}", encoding="utf-8")
    assert main(["domains", "--domains", str(path)]) == 0
    shown = capsys.readouterr().out
    assert "E-mail address" in shown
    assert "Ward of the hospital" in shown
    path.write_text("ward: {pattern: '('}", encoding="utf-8")
    assert main(["domains", "--domains", str(path)]) != 0
    assert "ward.pattern: no regular expression" in capsys.readouterr().err
