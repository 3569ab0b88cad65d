"""Sources whose records are read by their places among all of them."""

from dataclasses import dataclass, field, replace
from typing import Self

from anon_dagster.reading.scanning import first_places
from anon_dagster.storage.wrapped import WrappedSource


@dataclass(frozen=True, slots=True, eq=False)
class PlacedSource(WrappedSource):
    """A source that knows the place of the first record of a part; parts are read in order."""

    _first: dict[int, int] = field(default_factory=lambda: {0: 0}, kw_only=True)
    """The row of the first record of each part, as far as they were read."""

    def placed(self) -> Self:
        """Return the same with the row of the first record of each part, to be read anywhere."""
        return replace(self, _first=dict(enumerate(first_places(self.source))))

    def first_row_of(self, number: int) -> int:
        """Return the row of the first record of a part, reading those before it if need be."""
        if number not in self._first:
            self._first.update(enumerate(first_places(self.source)))
        return self._first[number]

    def note_end(self, number: int, row: int) -> None:
        """Tell one past the row of the last record of a part."""
        self._first[number + 1] = row
