"""A picture, what it says in words, and the figures behind it."""

import base64
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from anon_dagster.discreet import Discreet
from anon_dagster.errors import RequestError

if TYPE_CHECKING:
    import pandas as pd

_MOST_ROWS = 200


@dataclass(frozen=True, slots=True, eq=False)
class Picture(Discreet, shown=("name",)):
    """A static picture: SVG that needs no script and no network, and can stand within a page.

    A notebook shows it with the figures behind it; ``save`` writes it for a paper.
    """

    name: str
    """What it is of, such as ``risk``."""
    svg: str
    """The element ``svg`` with its title and its description; as wide as its place, up to 640
    pixels."""
    alt: str
    """What it shows, in words; no value of a table is among them."""
    data: "pd.DataFrame"
    """The figures behind it, unrounded."""

    @property
    def data_uri(self) -> str:
        """The picture as a link that holds it."""
        return "data:image/svg+xml;base64," + base64.b64encode(self.svg.encode()).decode()

    def save(self, path: str | Path) -> Path:
        """Write the picture to a file that ends in ``.svg``, whole or not at all.

        Raises
        ------
        RequestError
            If the name ends in something else, or the file cannot be written.
        """
        path = Path(path)
        if path.suffix.lower() != ".svg":
            raise RequestError(
                f"{path}: pictures are written as .svg, which programs for figures turn into others"
            )
        try:
            _write(path, self.svg.encode())
        except OSError as error:
            raise RequestError(f"{path} cannot be written: {error.strerror}") from None
        return path

    def _repr_svg_(self) -> str:
        return self.svg

    def _repr_html_(self) -> str:
        rows = len(self.data)
        head = "" if rows <= _MOST_ROWS else f", the first {_MOST_ROWS} of {rows:,}"
        table = self.data.head(_MOST_ROWS).to_html(border=0, na_rep="")
        return f"{self.svg}<details><summary>Figures{head}</summary>{table}</details>"


def _write(path: Path, content: bytes) -> None:
    """Write beside the file, then take its place."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()
