"""CSV files as streams of text columns, exactly as written.

A record of our own is added at the end of each stream: if it does not arrive as it was sent, a
quote before it was never closed.
"""

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from gzip import GzipFile
from typing import IO

import pyarrow as pa
from pyarrow import csv as arrow_csv

from anon_dagster.errors import SourceError
from anon_dagster.request import CsvOptions
from anon_dagster.storage.failures import reading
from anon_dagster.storage.opening import open_to_read

_BLOCK = 4 << 20  # bytes that are parsed at once; no record may be longer
_SAMPLE = 1 << 16  # bytes that tell how long lines are
_GZIP = b"\x1f\x8b"
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
    if not options.header:
        return options.names or ()
    with reading(path), _open_text(path, options) as text:
        try:
            header = next(_records(text, options), None)
        except csv.Error:
            raise SourceError(f"{path} has no header that can be read") from None
    if header is None:
        return ()
    if options.names is not None:
        if len(header) != len(options.names):
            raise SourceError(
                f"{path} has {len(header)} columns, but csv.names names {len(options.names)}"
            )
        return options.names
    return _checked(path, header)


def line_length(path: str) -> float | None:
    """Return how many bytes a line has on average, at the beginning of a file.

    None if it is packed, or has no whole line there.
    """
    with reading(path), open_to_read(path) as file:
        start = file.read(_SAMPLE)
    lines = 0 if start.startswith(_GZIP) else start.count(b"\n")
    return len(start) / lines if lines else None


def _open_text(path: str, options: CsvOptions) -> io.TextIOWrapper:
    raw = io.BufferedReader(_Utf8(open_decompressed(path), options.encoding))
    return io.TextIOWrapper(raw, encoding="utf-8", newline="")


def _records(text: io.TextIOWrapper, options: CsvOptions) -> Iterator[list[str]]:
    return csv.reader(
        text,
        delimiter=options.separator,
        quotechar=options.quote,
        escapechar=options.escape,
        doublequote=True,
    )


def _checked(path: str, header: list[str]) -> tuple[str, ...]:
    """Return the names of a header if each is one, and there once."""
    if not header:
        raise SourceError(f"{path} begins with an empty line where its header should be")
    for index, label in enumerate(header):
        if not label:
            raise SourceError(f"column {index + 1} of {path} has no name in the header")
        if label in header[:index]:
            raise SourceError(
                f"columns {header.index(label) + 1} and {index + 1} of {path} have the same name"
            )
    return tuple(header)


# -- records -------------------------------------------------------------------------------


def read(path: str, names: tuple[str, ...], options: CsvOptions) -> Iterator[pa.RecordBatch]:
    """Read a file as batches of text columns.

    An empty line is a record with a missing value if there is one column, else it is skipped.

    Raises
    ------
    SourceError
        If records have too few or too many fields, with how many and the numbers of the first;
        if a quote is not closed; if the file is not in its encoding.
    """
    wrong = _WrongRecords()
    end = _end_sign(options)
    held: pa.RecordBatch | None = None
    for batch in _stream(path, names, options, wrong):
        if batch.num_rows:
            if held is not None:
                yield held
            held = batch
    if wrong.count:
        raise SourceError(f"{path} {_counted(path, names, options).describe(len(names))}")
    last = held.slice(held.num_rows - 1).to_pylist()[0] if held is not None else {}
    if held is None or set(last.values()) != {end}:
        raise SourceError(f"{path} has a quote that is never closed, or was cut off")
    if held.num_rows > 1:
        yield held.slice(0, held.num_rows - 1)


def _counted(path: str, names: tuple[str, ...], options: CsvOptions) -> "_WrongRecords":
    """Read once more, for only a single thread knows the numbers of the records."""
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
    threads: bool = True,
) -> Iterator[pa.RecordBatch]:
    """Read a file, and the record that marks its end."""
    tail = options.separator.join([_end_sign(options)] * len(names))
    with reading(path), open_decompressed(path) as file:
        stream = _Utf8(file, options.encoding, tail=tail)
        try:
            reader = arrow_csv.open_csv(
                pa.PythonFile(stream, mode="r"),
                read_options=arrow_csv.ReadOptions(
                    block_size=_BLOCK,
                    column_names=names,
                    skip_rows_after_names=int(options.header),
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


# -- bytes ---------------------------------------------------------------------------------


def open_decompressed(path: str) -> IO[bytes]:
    """Open a file, decompressed if it is gzip by its first bytes."""
    file = open_to_read(path)
    with reading(path):
        compressed = file.read(len(_GZIP)) == _GZIP
        file.seek(0)
    return _OwningGzip(file) if compressed else file  # type: ignore[return-value]


class _OwningGzip(GzipFile):
    """Closes the file beneath as well."""

    def __init__(self, beneath: IO[bytes]) -> None:
        super().__init__(fileobj=beneath)
        self._beneath = beneath

    def close(self) -> None:
        super().close()
        self._beneath.close()


class _Utf8(io.RawIOBase):
    """A stream recoded to UTF-8 without a byte order mark, and a last line added to it."""

    def __init__(self, file: IO[bytes], encoding: str, *, tail: str | None = None) -> None:
        utf8 = codecs.lookup(encoding).name in {"utf-8", "ascii"}
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8-sig" if utf8 else encoding)()
        self._tail = tail
        self._ready = b""
        self._last = "\n"
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        # Filled as far as there is something: Arrow takes a block that is short for a whole one.
        while len(self._ready) < len(buffer) and not self._ended:
            self._ready += self._next(len(buffer))
        chunk = self._ready[: len(buffer)]
        self._ready = self._ready[len(chunk) :]
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def _next(self, size: int) -> bytes:
        raw = self._file.read(size)
        text = self._decoder.decode(raw, final=not raw)
        self._last = text[-1:] or self._last
        if not raw:
            self._ended = True
            if self._tail is not None:
                text += ("" if self._last in "\r\n" else "\n") + self._tail + "\n"
        return text.encode()

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()
