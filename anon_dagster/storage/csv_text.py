"""The text of a CSV file as the parser sees it: decompressed, recoded, without what is skipped."""

import codecs
import io
import re
from itertools import islice
from typing import IO

from anon_dagster.errors import SourceError
from anon_dagster.request import CsvOptions
from anon_dagster.storage.compression import LONGEST, compression_of, decompressed
from anon_dagster.storage.failures import reading
from anon_dagster.storage.foreign import require_csv
from anon_dagster.storage.opening import open_to_read

_SEPARATOR_LINE = re.compile(r"\"?sep=(.)\"?", re.IGNORECASE)
_LINE_END = re.compile(r"\r\n|\n|\r(?!\Z)")


def open_decompressed(path: str) -> IO[bytes]:
    """Open a file, decompressed if it is compressed by its first bytes."""
    file = open_to_read(path)
    try:
        with reading(path):
            return decompressed(file, path)
    except BaseException:
        file.close()
        raise


def require_text(path: str) -> None:
    """Refuse a file of another format by its first bytes.

    Raises
    ------
    SourceError
        Naming the format, and what to do.
    """
    with reading(path), open_to_read(path, scattered=True) as file:
        require_csv(path, file)
        if compression_of(file.read(LONGEST)):
            file.seek(0)
            with decompressed(file, path) as inside:
                require_csv(path, inside)


def open_text(path: str, options: CsvOptions) -> io.TextIOWrapper:
    """Open a file as the text that its header and records are."""
    stream = Utf8(open_decompressed(path), path, options)
    return io.TextIOWrapper(io.BufferedReader(stream), encoding="utf-8", newline="")


def separator_said(line: str) -> str | None:
    """Return the separator that a line ``sep=;`` tells, as Excel has it; None of another line."""
    match = _SEPARATOR_LINE.fullmatch(line)
    return match[1] if match else None


def is_utf8(options: CsvOptions) -> bool:
    """Tell whether the bytes of a file are those of its text in UTF-8."""
    return codecs.lookup(options.encoding).name in {"utf-8", "ascii"}


class Utf8(io.RawIOBase):
    """A stream recoded to UTF-8 without a byte order mark, and a last line added to it.

    Lines that are to be skipped are left out, and blanks after separators if they are. What is
    UTF-8 already passes as it is behind them: whoever reads it sees whether it really is.

    Parameters
    ----------
    begins
        Whether this is the beginning of a file; what does not begin one must be UTF-8.
    tail
        The last line.
    """

    def __init__(
        self,
        file: IO[bytes],
        path: str,
        options: CsvOptions,
        *,
        begins: bool = True,
        tail: str | None = None,
    ) -> None:
        utf8 = is_utf8(options)
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8-sig" if utf8 else options.encoding)()
        self.skipped = 0
        """How many lines were left out at the beginning."""
        self._skipped_lines = SkippedLines(path, options) if begins else None
        self._blanks = Blanks(options) if options.skip_initial_space else None
        self._may_pass = utf8 and self._blanks is None
        self._passes = not begins
        self._tail = tail
        self._ready = b""
        self._last = b"\n"
        self._ended = False

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Read as much as there is: Arrow takes a block that is short for a whole one."""
        if size < 0:
            return self.readall()
        while len(self._ready) < size and not self._ended:
            self._ready += self._next(size - len(self._ready))
        chunk, self._ready = self._ready[:size], self._ready[size:]
        return chunk

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read as much as there is; see :meth:`read`."""
        chunk = self.read(len(buffer))
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def _next(self, size: int) -> bytes:
        raw = self._file.read(size)
        ready = raw if self._passes else self._recoded(raw)
        self._last = ready[-1:] or self._last
        if not raw:
            self._ended = True
            if self._tail is not None:
                ready += (b"" if self._last in b"\r\n" else b"\n") + self._tail.encode() + b"\n"
        return ready

    def _recoded(self, raw: bytes) -> bytes:
        text = self._decoder.decode(raw, final=not raw)
        if self._skipped_lines is not None:
            text = self._skipped_lines.after(text, final=not raw)
            if self._skipped_lines.done:
                self.skipped = self._skipped_lines.count
                self._skipped_lines = None
        if self._blanks is not None:
            text = self._blanks.without(text, final=not raw)
        if self._may_pass and raw and self._skipped_lines is None:
            self._passes = True
            return text.encode() + self._decoder.getstate()[0]  # a character that was cut
        return text.encode()

    def close(self) -> None:
        """Close the file beneath, too."""
        if not self.closed:
            self._file.close()
        super().close()


class SkippedLines:
    """Leaves out the first lines of a text: those that are asked for, and ``sep=;``."""

    def __init__(self, path: str, options: CsvOptions) -> None:
        self.done = False
        self.count = 0
        self._path = path
        self._separator = options.separator
        self._asked = options.skip_lines
        self._held = ""

    def after(self, text: str, *, final: bool) -> str:
        """Return what comes behind the lines, as far as it is known."""
        self._held += text
        looked_at = max(self._asked, 1)
        ends = [m.end() for m in islice(_LINE_END.finditer(self._held), looked_at)]
        if len(ends) < looked_at and not final:
            if self._asked or len(self._held) < len('"sep=;"\r\n'):
                return ""
            ends = []
        said = separator_said(self._held[: ends[0]].rstrip("\r\n")) if ends else None
        if said is not None and said != self._separator:
            raise SourceError(
                f"the first line of {self._path} says that its separator is another one: "
                f"csv.separator: {said!r}"
            )
        self.done = True
        self.count = max(self._asked, int(said is not None))
        if not self.count:
            return self._held
        return self._held[ends[self.count - 1] :] if len(ends) >= self.count else ""


class Blanks:
    """Leaves out blanks at the beginning of fields, before quotes, too; not within quotes."""

    def __init__(self, options: CsvOptions) -> None:
        separator, quote = re.escape(options.separator), re.escape(options.quote)
        escape = re.escape(options.escape) if options.escape else None
        inner = f"[^{quote}{escape or ''}]|{quote}{quote}" + (f"|{escape}." if escape else "")
        rest = f"[^{separator}\r\n]*"
        quoted = f"{quote}(?:{inner})*+{quote}{rest}"
        field = f" *((?:{quoted}|(?![ {quote}]){rest})(?:{separator}|[\r\n]))"
        self._fields = re.compile(f"(?:{field})*+", re.DOTALL)
        self._field = re.compile(field, re.DOTALL)
        self._held = ""

    def without(self, text: str, *, final: bool) -> str:
        """Return text up to the last field that is whole; the rest is kept for the next."""
        self._held += text
        whole = self._fields.match(self._held)
        assert whole is not None, "the pattern fits nothing at all, too"
        ready = self._field.sub(r"\1", self._held[: whole.end()])
        self._held = self._held[whole.end() :]
        if final:
            ready, self._held = ready + self._held.lstrip(" "), ""
        return ready
