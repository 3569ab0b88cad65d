"""Ranges of bytes: whatever a text is, they hold the very records that it has as a whole."""

import csv
import gzip
import io
import pickle
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from anon_dagster.engine import LocalEngine, keeping
from anon_dagster.errors import SourceChangedError, SourceError
from anon_dagster.request import CsvOptions, Source
from anon_dagster.storage import csv_ranges, csv_reading
from anon_dagster.storage.csv_ranges import WHOLE, Range, cut
from anon_dagster.storage.fingerprints import fingerprint
from anon_dagster.storage.opened import OpenSource, Part
from anon_dagster.storage.sources import open_source
from tests.engine.travelling import TravellingEngine

CANARY = "Canary4711"
Records = list[tuple[Any, ...]]


def cut_text(
    folder: str | Path, text: bytes, options: CsvOptions, length: int = 1, *, chunk: int = 1 << 18
) -> list[Range]:
    path = Path(folder, "table.csv")
    path.write_bytes(text)
    with patch.object(csv_ranges, "_CHUNK", chunk):
        looking = LocalEngine(1, 0).map
        return list(cut(fingerprint(str(path)), options, length, looking))


def records(
    folder: str | Path, names: tuple[str, ...], options: CsvOptions, ranges: list[Range]
) -> Records | str:
    """Return the records of ranges one after another, or the first error."""
    path = str(Path(folder, "table.csv"))
    found: Records = []
    try:
        for each in ranges:
            for batch in csv_reading.read(path, names, options, each):
                found += zip(*batch.to_pydict().values(), strict=True)
    except SourceError as error:
        return str(error)
    return found


# -- any text ------------------------------------------------------------------------------

LINE_ENDS = st.sampled_from(["\n", "\r\n", "\r", "\n\n", "\n\ufeff"])


def fields(quote: str, separator: str) -> st.SearchStrategy[str]:
    """Draw a field, most of which are written as they should be."""
    plain = st.text(alphabet="ab é0", max_size=3)
    inner = st.text(alphabet=f"a{separator}\n\r\ufeff ", max_size=4)
    quoted = st.lists(inner, max_size=3).map(lambda t: quote + (quote * 2).join(t) + quote)
    odd = st.text(alphabet=f"a{quote}{separator}\n", max_size=4)
    return st.one_of(plain, plain, quoted, quoted, quoted, odd)


@st.composite
def texts(draw: st.DrawFn, quote: str, separator: str, width: int) -> str:
    """Draw the text of a table, or what somebody takes for one."""
    cell = (
        fields(quote, separator)
        if draw(st.booleans())
        else fields(quote, separator).filter(
            lambda t: not t.strip(quote) or t[0] == quote or quote not in t
        )
    )
    lines = draw(st.lists(st.lists(cell, min_size=width, max_size=width), max_size=12))
    end = draw(LINE_ENDS)
    text = "".join(separator.join(line) + draw(st.just(end) | LINE_ENDS) for line in lines)
    return text + draw(st.sampled_from(["", separator.join("x" * width), quote, '"sep=;"']))


@given(st.data())
def test_ranges_have_the_records_of_the_whole(data: st.DataObject) -> None:
    width = data.draw(st.integers(1, 3))
    quote = data.draw(st.sampled_from(['"', "'"]))
    separator = data.draw(st.sampled_from([",", ";", "\t"]))
    names = tuple("abc"[:width])
    title = data.draw(st.sampled_from([0, 0, 1]))
    options = CsvOptions(
        separator=separator,
        quote=quote,
        header=data.draw(st.booleans()),
        names=names,
        skip_lines=title,
        missing=data.draw(st.sampled_from([("",), ("a", "")])),
    )
    head = data.draw(st.sampled_from(["", "\ufeff", "\ufeff\ufeff", f'"sep={separator}"\n']))
    head += 'it"s a title\n' * title + (separator.join(names) + "\n") * options.header
    text = head + data.draw(texts(quote, separator, width))
    with tempfile.TemporaryDirectory() as folder:
        length, chunk = data.draw(st.integers(1, 30)), data.draw(st.sampled_from([16, 17, 99]))
        ranges = cut_text(folder, text.encode(), options, length, chunk=chunk)
        event("cut" if len(ranges) > 1 else "whole")
        whole = records(folder, names, options, [WHOLE])
        assert records(folder, names, options, ranges) == whole


@given(
    st.lists(st.text('a",\n\r\ufeff', max_size=6), min_size=1, max_size=20),
    st.sampled_from(["\n", "\r\n"]),
)
def test_what_a_writer_of_csv_writes_can_be_cut(cells: list[str], end: str) -> None:
    lines = io.StringIO(newline="")
    writer = csv.writer(lines, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([[cell, str(place)] for place, cell in enumerate(cells)])
    options = CsvOptions(header=False, names=("a", "b"), quoted_empty="text")
    with tempfile.TemporaryDirectory() as folder:
        ranges = cut_text(folder, lines.getvalue().encode(), options, 5)
        assert len(ranges) > 1 or len(cells) < 9
        expected = [(cell, str(place)) for place, cell in enumerate(cells)]
        assert records(folder, ("a", "b"), options, ranges) == expected


# -- what is cut, and what is not ----------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "is_cut"),
    [
        ("x,1\nyy,2\nzz,3\n", True),
        ("x,1\r\nyy,2\r\nzz,3", True),
        ('"x\n1",1\n"y ""\n""",2\nzz,3\n', True),
        ('"",""\n"""",""\n"","",\n', True),
        ("x,1\n\n\n\n\nyy,2\n", True),  # nor is a range without any record a mistake
        ("x,1\n\ufeffy,2\n", False),  # the mark would be left out where a range begins
        ("x,1\nsep=;,2\nzz,3\n", True),  # only the first line tells a separator
        ("x,1\nyy,2\nzz,ÿ\n", True),
        ("x,1\ryy,2\rzz,3\r", False),
        ('x,5" 10\nyy,2\nzz,3\n', False),
        ('"x"y"z,1\nyy,2\nzz,3\n', False),
        ('x, "y\nz"\nyy,2\n', False),
        ('x,"1\nyy,2\nzz,3\n', False),
    ],
)
@pytest.mark.parametrize("length", [3, 5])
def test_a_text_is_cut_where_records_end_for_sure(
    tmp_path: Path, text: str, length: int, *, is_cut: bool
) -> None:
    options = CsvOptions(header=False, names=("a", "b"))
    ranges = cut_text(tmp_path, text.encode(), options, length)
    assert (len(ranges) > 1) is is_cut
    if is_cut:
        assert [a[1] for a in ranges[:-1]] == [b[0] for b in ranges[1:]]
        assert (ranges[0][0], ranges[-1][1]) == (0, len(text.encode()))
    whole = records(tmp_path, ("a", "b"), options, [WHOLE])
    assert records(tmp_path, ("a", "b"), options, ranges) == whole


def test_lines_above_the_header_may_hold_any_quotes(tmp_path: Path) -> None:
    text = b'\xef\xbb\xbfall 5" "tables\nsep=,\na,b\n1,2\n3,4\n'
    options = CsvOptions(skip_lines=2)
    ranges = cut_text(tmp_path, text, options, 10)
    assert len(ranges) == 2
    assert records(tmp_path, ("a", "b"), options, ranges) == [("1", "2"), ("3", "4")]


@pytest.mark.parametrize(
    "options",
    [
        {"escape": "\\"},
        {"encoding": "latin-1"},
        {"encoding": "utf-16"},
        {"skip_initial_space": True},
    ],
)
def test_a_file_whose_bytes_do_not_tell_its_records_stays_whole(
    tmp_path: Path, large_from: int, options: dict[str, Any]
) -> None:
    asked = CsvOptions(**options)
    path = tmp_path / "t.csv"
    path.write_bytes(("a,b\n" + "1,2\n" * large_from).encode(asked.encoding))
    assert open_source(Source(path=str(path), csv=asked)).parts == (Part(str(path)),)


def test_a_compressed_file_stays_whole(tmp_path: Path) -> None:
    assert cut_text(tmp_path, gzip.compress(b"a,b\n" + b"1,2\n" * 99), CsvOptions()) == [WHOLE]


# -- sources -------------------------------------------------------------------------------


@pytest.fixture(name="large_from")
def cut_small_files(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Let other processes read ranges of a thousand bytes; give how many make a file large."""
    monkeypatch.setattr(csv_ranges, "LENGTH", 1000)
    with keeping(TravellingEngine(1, 2**30)):
        yield 2000


def source_of(path: Path, text: str, **options: Any) -> OpenSource:
    path.write_text(text, encoding="utf-8", newline="")
    return open_source(Source(path=str(path), csv=CsvOptions(**options)))


def read(source: OpenSource, part: Part) -> list[dict[str, Any]]:
    return [record for batch in source.batches(part) for record in batch.to_pylist()]


def numbered(count: int, odd: str = "") -> str:
    return "a,b\n" + "".join(f"{n},{odd if odd and n == 900 else n}\n" for n in range(count))


def test_the_parts_of_a_large_file_add_up_to_it_wherever_they_are_read(
    tmp_path: Path, large_from: int
) -> None:
    source = source_of(tmp_path / "t.csv", numbered(1000))
    assert tmp_path.joinpath("t.csv").stat().st_size > large_from
    sent: OpenSource = pickle.loads(pickle.dumps(source))  # noqa: S301 (our own bytes)
    assert len(source.parts) > 3
    assert sent.parts == source.parts
    with ThreadPoolExecutor(3) as pool:
        found = pool.map(lambda part: read(sent, part), reversed(source.parts))
        together = [record for some in reversed(list(found)) for record in some]
    assert together == [{"a": str(n), "b": str(n)} for n in range(1000)]


def test_where_one_process_reads_all_no_file_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_ranges, "LENGTH", 1000)
    monkeypatch.setattr(csv_ranges, "look_at", None)
    source = source_of(tmp_path / "t.csv", numbered(1000))
    assert source.parts == (Part(str(tmp_path / "t.csv")),)


@pytest.mark.usefixtures("large_from")
def test_files_of_one_source_are_cut_each_by_itself(tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text(numbered(300), encoding="utf-8")
    (tmp_path / "2.csv").write_text("b,a\n" + numbered(2)[4:], encoding="utf-8")
    source = open_source(Source(path=str(tmp_path), format="csv"))
    assert [Path(part.path).name for part in source.parts] == ["1.csv"] * 3 + ["2.csv"]
    assert [r["a"] for part in source.parts for r in read(source, part)][-3:] == ["299", "0", "1"]


@pytest.mark.usefixtures("large_from")
def test_wrong_records_of_a_range_are_numbered_in_the_file(tmp_path: Path) -> None:
    source = source_of(tmp_path / "t.csv", numbered(1000, odd=f"{CANARY},"))
    with pytest.raises(SourceError, match=r"1 record has another .* \(record 902\)") as caught:
        [read(source, part) for part in source.parts]
    assert CANARY not in str(caught.value)


@pytest.mark.usefixtures("large_from")
def test_a_range_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(numbered(5000).replace("4000,4", f"{CANARY}ÿ,4").encode("latin-1"))
    source = open_source(Source(path=str(path)))
    with pytest.raises(SourceError, match="not in the encoding that the request names") as caught:
        [read(source, part) for part in source.parts]
    assert CANARY not in str(caught.value)


@pytest.mark.usefixtures("large_from")
@pytest.mark.parametrize("length", [-100, numbered(1000).index("\n990,") + 1])
def test_a_file_that_was_cut_off_since_then_is_noticed_by_reading_it(
    tmp_path: Path, length: int
) -> None:
    source = source_of(tmp_path / "t.csv", numbered(1000))
    (tmp_path / "t.csv").write_text(numbered(1000)[:length], encoding="utf-8")
    with pytest.raises(SourceChangedError, match="changed while it was read"):
        read(source, source.parts[-1])


@pytest.mark.usefixtures("large_from")
def test_a_range_at_whose_end_a_quote_is_open_is_of_another_file(tmp_path: Path) -> None:
    source = source_of(tmp_path / "t.csv", numbered(1000))
    changed = numbered(1000).replace("\n5,5", '\n5,"5', 1)
    (tmp_path / "t.csv").write_text(changed, encoding="utf-8")
    with pytest.raises(SourceChangedError, match="changed while it was read"):
        read(source, source.parts[0])
    with pytest.raises(SourceChangedError):
        source.unchanged()


@pytest.mark.usefixtures("large_from")
def test_a_newer_version_of_a_file_is_cut_anew(tmp_path: Path) -> None:
    for records in (1000, 700):
        source = source_of(tmp_path / "t.csv", numbered(records))
        assert sum(len(read(source, part)) for part in source.parts) == records
