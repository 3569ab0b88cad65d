"""Drawing with matplotlib: what it needs, what it is not told, and what is left out of its SVG."""

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from io import StringIO
from threading import RLock
from typing import TYPE_CHECKING, Any

from anon_dagster.plots import style
from anon_dagster.plots.texts import readable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LOCK = RLock()
"""Matplotlib's settings are those of the whole process."""
_SETTINGS: Mapping[str, Any] = {
    "svg.fonttype": "none",  # texts stay texts: to be selected, found and read aloud
    "text.parse_math": False,
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib: the same everywhere
    "font.size": style.TEXT,
    "text.color": style.INK,
    "axes.edgecolor": style.QUIET,
    "axes.labelcolor": style.INK,
    "axes.labelsize": style.TEXT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": style.GRID,
    "grid.linewidth": 0.8,
    "xtick.color": style.QUIET,
    "ytick.color": style.QUIET,
    "xtick.labelcolor": style.INK,
    "ytick.labelcolor": style.INK,
    "xtick.labelsize": style.SMALL,
    "ytick.labelsize": style.SMALL,
    "hatch.linewidth": 0.8,
    "legend.frameon": False,
    "legend.fontsize": style.SMALL,
}
_UNTOUCHED = ("backend", "interactive", "toolbar", "timezone")
"""What is the user's alone."""
_NO_METADATA = dict.fromkeys(("Date", "Creator", "Format", "Type"))


@dataclass(frozen=True, slots=True)
class Sheet:
    """A picture that is being drawn; its texts are kept apart.

    Matplotlib warns of letters that it has no glyph for, and names them: so it is given a number
    for each text, and the text takes its place in the SVG.
    """

    figure: "Figure"
    height: float
    texts: list[str] = field(default_factory=list)

    def pixels(self) -> "Axes":
        """Return axes of the whole sheet: x to the right, y downward, in units of the picture."""
        axes = self.figure.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.set_xlim(0, style.WIDTH)
        axes.set_ylim(self.height, 0)
        axes.set_axis_off()
        return axes

    def plot(self, left: float, top: float, right: float, bottom: float) -> "Axes":
        """Return axes that leave such margins."""
        width, height = style.WIDTH - left - right, self.height - top - bottom
        whole = (style.WIDTH, self.height)
        return self.figure.add_axes(
            (left / whole[0], bottom / whole[1], width / whole[0], height / whole[1])
        )

    def write(self, axes: "Axes", x: float, y: float, text: str, **look: Any) -> None:  # noqa: ANN401 (matplotlib's)
        """Write a text at a place of the axes."""
        self.texts.append(text)
        axes.text(x, y, f"text-{len(self.texts) - 1}-", **look)


def draw(name: str, words: tuple[str, str], height: float, paint: Callable[[Sheet], None]) -> str:
    """Return a picture as the element ``svg``.

    Parameters
    ----------
    name
        What the picture is of: the ids within it are made of it and of what they stand for.
    words
        Its title, and what it shows.
    height
        With a width of :data:`style.WIDTH`.
    paint
        Draws it on a sheet; may be told what no other thread does meanwhile.
    """
    with _matplotlib(name):
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure

        figure = Figure(figsize=(style.WIDTH / 72, height / 72))
        FigureCanvasSVG(figure)
        sheet = Sheet(figure, height)
        whole = sheet.pixels()
        sheet.write(
            whole, style.MARGIN, 20, readable(words[0], 64), fontsize=style.TITLE, fontweight="bold"
        )
        paint(sheet)
        file = StringIO()
        figure.savefig(file, format="svg", metadata=_NO_METADATA)
    return _finished(file.getvalue(), words, height, sheet.texts)


@contextmanager
def _matplotlib(name: str) -> Iterator[None]:
    """Import matplotlib at its first use, and give it our settings for a while."""
    with _LOCK:
        matplotlib = _imported()
        default = {k: v for k, v in matplotlib.rcParamsDefault.items() if k not in _UNTOUCHED}
        with matplotlib.rc_context({**default, **_SETTINGS, "svg.hashsalt": name}):
            yield


def _imported() -> Any:  # noqa: ANN401 (a module)
    """Import matplotlib without a word: it logs where it keeps its list of fonts."""
    logs = [logging.getLogger(name) for name in ("matplotlib", "matplotlib.font_manager")]
    for log in logs:
        log.addFilter(_is_error)
    try:
        import matplotlib as mpl
        import matplotlib.font_manager
    finally:
        for log in logs:
            log.removeFilter(_is_error)
    return mpl


def _is_error(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.ERROR


_LEFT_OUT = re.compile(r' transform="rotate\(-0 [^"]*\)"|(?<=<g) id="[^"]*"|<!--.*?-->', re.DOTALL)
"""Turns by nothing, ids of groups that nothing refers to, which other pictures have too, and
comments."""
_BREAKS = re.compile(r"\s*\n\s*")
_TEXT = re.compile(r">text-(\d+)-</text>")
_FONT = "font-family: 'DejaVu Sans', sans-serif; "


def _finished(drawn: str, words: tuple[str, str], height: float, texts: list[str]) -> str:
    """Keep what is within matplotlib's element ``svg``, in one of our own."""
    start = drawn.index(">", drawn.index("<svg")) + 1
    inner = drawn[start : drawn.rindex("</svg>")]
    inner = inner[inner.index("</defs>") + len("</defs>") :]  # a style for the whole page
    inner = _BREAKS.sub(" ", _LEFT_OUT.sub("", inner)).replace("> <", "><").replace(_FONT, "")
    inner = _TEXT.sub(lambda found: f">{escape(texts[int(found[1])])}</text>", inner)
    title, description = map(escape, map(readable, words, (200, 2_000)))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 0 {style.WIDTH} {height:g}" width="100%" role="img" aria-label="{title}: '
        f"{description}\" font-family=\"'DejaVu Sans', 'Segoe UI', sans-serif\" "
        f'style="max-width: 640px; display: block; background: white; '
        f'stroke-linejoin: round; stroke-linecap: butt">'
        f"<title>{title}</title><desc>{description}</desc>{inner}</svg>"
    )
