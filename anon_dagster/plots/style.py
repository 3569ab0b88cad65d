"""How pictures look: colours that the colour-blind tell apart, and that print in grey.

On white a shape has a contrast of 3 to 1 at least, a text of 4.5 to 1 (WCAG 2.2, 1.4.3 and 1.4.11).
Nothing is told by colour alone: the source is hatched, the release is solid.
"""

from collections.abc import Mapping
from typing import Any

INK = "#1f2937"
QUIET = "#4b5563"
GRID = "#d1d5db"
SOURCE = "#6b7280"
RELEASE = "#1d5fb4"
LIMIT = "#b42318"

WIDTH = 440
"""Of every picture, in units of a picture; a telephone is 390 pixels wide."""
TEXT, SMALL, TITLE = 12, 11, 13
"""Sizes of letters, in the same units."""
MARGIN = 10

TABLES: Mapping[str, Mapping[str, Any]] = {
    "source": {"facecolor": "white", "edgecolor": SOURCE, "hatch": "/////", "linewidth": 1.0},
    "release": {"facecolor": RELEASE, "edgecolor": RELEASE, "linewidth": 1.0},
}
"""How bars of each table look."""
WHOLE_STYLE: Mapping[str, Any] = {"facecolor": "white", "edgecolor": SOURCE, "linewidth": 0.8}
"""A bar that is compared with."""
