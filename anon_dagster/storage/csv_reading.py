"""CSV files as streams of text columns, exactly as written.

A record of our own is added at the end of each stream: if it does not arrive as it was sent, a
quote before it was never closed.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field

import pyarrow as pa
from pyarrow import csv as arrow_csv

from anon_dagster.errors import SourceError, StoreAccessError
from anon_dagster.request import CsvOptions
from anon_dagster.storage.csv_head import advice_on, lacks_row_number, named, records
from anon_dagster.storage.csv_ranges import WHOLE, Range
from anon_dagster.storage.csv_text import Utf8, open_decompressed, open_text, require_text
from anon_dagster.storage.failures import changed, reading
from anon_dagster.storage.formulas import unescaped
from anon_dagster.storage.opening import open_stretch

_BLOCK = 4 << 20  # bytes that are parsed at once; no record may be longer
_NOT_UTF8 = "invalid UTF8 data"  # ends what Arrow says of a value that is not
_NAMED = 5  # wrong records whose numbers are told


def require_readable(options: CsvOptions) -> None:
    """Refuse options that no file can be read with.

    Raises
    ------
    SourceError
        Naming the option.
    """
    signs = {"separator": options.separator, "quote": options.quote, "escape": options.escape}
    for option, sign in signs.items():
        if sign is not None and (not sign.isascii() or sign in "\r\n"):
            raise SourceError(f"csv.{option} must be an ASCII character")
    if options.escape in {options.quote, options.separator}:
        raise SourceError("csv.escape must differ from the quote and the separator")
    if options.escape and any(options.escape in token for token in options.missing):
        raise SourceError("csv.missing must not contain the escape character")
    try:
        "".encode(options.encoding)  # not a mere lookup: there are codecs that are not of text
    except (LookupError, UnicodeError):
        raise SourceError(
            f"csv.encoding is unknown: {options.encoding}; say utf-8, latin-1, cp1252 or another"
        ) from None


def columns(path: str, options: CsvOptions) -> tuple[str, ...]:
    """Return the names of the columns of a file; none if it is empty and has no names.

    Raises
    ------
    SourceError
        If a name is empty or stands twice; by position, because what is taken for a header may
        be a record.
    """
    require_text(path)
    if not options.header:
        return options.names or ()
    with reading(path), open_text(path, options) as text:
        following = records(text, options)
        try:
            header = next(following, None)
        except csv.Error:
            raise SourceError(f"{path} has no header that can be read") from None
        if header is None:
            return ()
        if options.names is None:
            try:
                names = named(path, header, following)
            except StoreAccessError:
                raise
            except SourceError as error:
                raise SourceError(f"{error}{advice_on(path, options)}") from None
            escapes = options.formulas == "escape"
            return tuple(unescaped(pa.array(names)).to_pylist()) if escapes else names
        width = len(header) + lacks_row_number(header, following)
    if width != len(options.names):
        raise SourceError(f"{path} has {width} columns, but csv.names names {len(options.names)}")
    return options.names


# -- records -------------------------------------------------------------------------------


def read(
    path: str, names: tuple[str, ...], options: CsvOptions, range_: Range = WHOLE
) -> Iterator[pa.RecordBatch]:
    """Read a file, or a range of it, as batches of text columns.

    An empty line is a record with a missing value if there is one column, else it is skipped.

    Raises
    ------
    SourceError
        If records have too few or too many fields, with how many and the numbers of the first;
        if a quote is not closed; if the file is not in its encoding.
    SourceChangedError
        If a record does not end where a range does.
    """
    wrong = _WrongRecords()
    end = _end_sign(options)
    held: pa.RecordBatch | None = None
    for batch in _stream(path, names, options, wrong, range_=range_):
        if batch.num_rows:
            if held is not None:
                yield held
            held = batch
    if wrong.count:
        counted = _counted(path, names, options)
        if not counted.count:
            raise changed(path)
        described = counted.describe(len(names))
        raise SourceError(f"{path} {described}{advice_on(path, options)}")
    last = held.slice(held.num_rows - 1).to_pylist()[0] if held is not None else {}
    if held is None or set(last.values()) != {end}:
        if range_ != WHOLE:
            raise changed(path)
        raise SourceError(f"{path} has a quote that is never closed, or was cut off")
    if held.num_rows > 1:
        yield held.slice(0, held.num_rows - 1)


def _counted(path: str, names: tuple[str, ...], options: CsvOptions) -> "_WrongRecords":
    """Read all of it once more, for only a single thread knows the numbers of the records."""
    wrong = _WrongRecords()
    for _ in _stream(path, names, options, wrong, threads=False):
        pass
    return wrong


def _end_sign(options: CsvOptions) -> str:
    in_use = {options.separator, options.quote, options.escape, *options.missing}
    return next(sign for sign in "\x04\x05\x06\x07\x08\x0e\x0f" if sign not in in_use)


def _stream(
    path: str,
    names: tuple[str, ...],
    options: CsvOptions,
    wrong: "_WrongRecords",
    *,
    range_: Range = WHOLE,
    threads: bool = True,
) -> Iterator[pa.RecordBatch]:
    """Read a file or a range of it, and the record that marks its end."""
    tail = options.separator.join([_end_sign(options)] * len(names))
    begins = not range_[0]
    opened = open_decompressed(path) if range_ == WHOLE else open_stretch(path, *range_)
    with reading(path), opened as file:
        stream = Utf8(file, path, options, begins=begins, tail=tail)
        try:
            reader = arrow_csv.open_csv(
                pa.PythonFile(stream, mode="r"),
                read_options=arrow_csv.ReadOptions(
                    block_size=_BLOCK,
                    column_names=names,
                    skip_rows_after_names=int(options.header and begins),
                    use_threads=threads,
                ),
                parse_options=arrow_csv.ParseOptions(
                    delimiter=options.separator,
                    quote_char=options.quote,
                    escape_char=options.escape or False,
                    newlines_in_values=True,
                    ignore_empty_lines=len(names) > 1,
                    invalid_row_handler=wrong.note,
                ),
                convert_options=arrow_csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()),
                    null_values=list(options.missing),
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,
                ),
            )
            with reader:  # it reads ahead, so it ends before its file is closed
                yield from reader
        except pa.ArrowInvalid as error:
            if str(error).endswith(_NOT_UTF8):
                raise UnicodeDecodeError("utf-8", b"", 0, 0, "") from None
            raise SourceError(f"{path} {_complaint(error)}") from None


def _complaint(error: pa.ArrowInvalid) -> str:
    """Say what the parser found, without the text that it quotes."""
    if "straddl" in str(error):
        return f"has a quote that is never closed, or a record of more than {_BLOCK >> 20} MB"
    return "cannot be parsed as CSV"


@dataclass(slots=True)
class _WrongRecords:
    """Records with too few or too many fields."""

    count: int = 0
    numbers: list[int] = field(default_factory=list)

    def note(self, row: arrow_csv.InvalidRow) -> str:
        self.count += 1
        if row.number is not None and len(self.numbers) < _NAMED:
            self.numbers.append(row.number)
        return "skip"

    def describe(self, expected: int) -> str:
        listed = ", ".join(str(number) for number in self.numbers)
        where = f" (record {listed}{' …' if self.count > len(self.numbers) else ''})"
        records = "1 record has" if self.count == 1 else f"{self.count} records have"
        return (
            f"is no table of {expected} columns: {records} another number of fields"
            f"{where if listed else ''}; check separator, quote and escape"
        )
