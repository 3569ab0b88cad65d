"""How objects that hold cells are shown: by names of columns, levels and counts, never by a cell.

A notebook, a debugger and a traceback with local variables all show objects by their ``repr``. That
of a dataclass has every field, and so every name and illness of a table.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from html import escape
from operator import attrgetter
from typing import Any, ClassVar


class Discreet:
    """Shows of an object only what its class names as ``shown``, by paths of attributes.

    A class that names nothing shows its name alone.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass
    ... class Column(Discreet, shown=("records",)):
    ...     records: int
    ...     values: tuple[str, ...]
    >>> Column(2, ("flu", "gout"))
    Column(records=2)
    """

    __slots__ = ()
    _shown: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, *, shown: tuple[str, ...] | None = None, **more: Any) -> None:  # noqa: ANN401 (of other bases)
        super().__init_subclass__(**more)
        if shown is not None:
            cls._shown = shown
        if (
            "__repr__" not in cls.__dict__
        ):  # dataclasses replace what is inherited, not what is here
            cls.__repr__ = Discreet.__repr__  # type: ignore[method-assign]

    def _told(self) -> Mapping[str, object]:
        """Return what is shown: names, levels and counts."""
        told = {}
        for path in self._shown:
            with suppress(AttributeError):  # an object that is being made may not have it yet
                told[path.rpartition(".")[2]] = attrgetter(path)(self)
        return told

    def __repr__(self) -> str:
        told = ", ".join(f"{name}={value!r}" for name, value in self._told().items())
        return f"{type(self).__name__}({told})"

    def _tables(self) -> Iterable[str]:
        """Return what a notebook shows below that, as HTML: no cell is in it either."""
        return ()

    def _repr_html_(self) -> str:
        """Return the same as a table, for notebooks."""
        rows = "".join(
            f'<tr><th scope="row">{escape(name)}</th><td>{escape(_in_words(value))}</td></tr>'
            for name, value in self._told().items()
        )
        facts = f"<table><caption>{type(self).__name__}</caption>{rows}</table>"
        return "".join([facts, *self._tables()])


def table_html(caption: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write a table for a notebook, in the colours of that; what is ``None`` is empty.

    Parameters
    ----------
    rows
        Of names, levels and counts.
    """
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
    body = "".join(
        "<tr>" + "".join(f"<td {_LEFT}>{escape(_text(cell))}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    table = f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>{body}"
    return f'<div style="overflow-x: auto"><table>{table}</table></div>'


def lines_html(caption: str, lines: Sequence[str]) -> str:
    """Write what a person should read, one below the other; nothing if there is nothing."""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<p>{escape(caption)}</p><ul>{items}</ul>" if lines else ""


_LEFT = 'style="text-align: left"'


def _in_words(value: object) -> str:
    """Return a fact as people read it: of names with levels or counts one after the other."""
    if isinstance(value, Discreet):
        value = value._told()  # noqa: SLF001 (of this class)
    if not isinstance(value, Mapping):
        return str(value)
    return ", ".join(f"{name}: {_in_words(each)}" for name, each in value.items())


def _text(cell: object) -> str:
    if cell is None:
        return ""
    return f"{cell:.4g}" if isinstance(cell, float) else str(cell)
