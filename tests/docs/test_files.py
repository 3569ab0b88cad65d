"""Every option of the page of files is read as it says."""

import re
from pathlib import Path
from typing import Any

import pyarrow as pa

from anon_dagster.request import CsvOptions, Source
from anon_dagster.request.documents import parse_yaml
from anon_dagster.storage.sources import open_source

PAGE = Path(__file__).resolve().parents[2] / "docs" / "files.md"
SHOWN = re.compile(r"```yaml\n(.*?)```\n```csv\n(.*?)```", re.DOTALL)
EXPECTED: list[dict[str, list[str | None]]] = [
    {"age": ["31", "47"], "weight": ["70,5", None]},
    {"age": ["31", "47"], "note": ["=1+1", "-5"]},
    {"age": ["31", "47"], "job": ["a, b", "it's"]},
    {"age": ["31"], "job": ["Küster"]},
    {"age": ["31", "47"], "job": ["nurse", "mayor"]},
    {"age": ["31", "47"], "job": ["nurse, retired", "mayor"]},
    {"age": ["31"], "job": ["nurse"]},
    {"row_number": ["0", "1"], "age": ["31", "47"], "job": ["nurse", "mayor"]},
    {"age": ["31", "47"], "job": ["", None]},
]


def examples() -> list[tuple[dict[str, Any], str]]:
    found = SHOWN.findall(PAGE.read_text(encoding="utf-8"))
    return [(parse_yaml(options, name="an example")["csv"], content) for options, content in found]


def test_every_example_is_read_as_the_page_says(tmp_path: Path) -> None:
    for (options, content), expected in zip(examples(), EXPECTED, strict=True):
        asked = CsvOptions(**options)
        (tmp_path / "t.csv").write_bytes(content.encode(asked.encoding))
        opened = open_source(Source(path=str(tmp_path / "t.csv"), csv=asked))
        batches = [batch for part in opened.parts for batch in opened.batches(part)]
        assert pa.Table.from_batches(batches).to_pydict() == expected


def test_every_option_has_an_example() -> None:
    shown = {option for options, _ in examples() for option in options}
    assert shown == set(CsvOptions.model_fields)


def test_every_source_that_the_page_shows_is_valid() -> None:
    blocks = re.findall(r"```yaml\n(source:.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    sources = [Source(**parse_yaml(block, name="an example")["source"]) for block in blocks]
    assert [source.format_found for source in sources] == ["excel", "spss", "delta"]
