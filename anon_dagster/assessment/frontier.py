"""What configurations risk and lose, as a picture: SVG, drawn without a plotting library."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from anon_dagster.assessment.comparison import risk_of

_WIDTH, _HEIGHT = 640, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 20, 64, 48  # margins around the plot
_MOST_TICKS = 6
_COLOURS = {"global": "#9aa5b1", "local": "#3366cc"}
_LINE, _LIMIT = "#334155", "#b91c1c"


def frontier_picture(measured: pd.DataFrame, *, acceptable_risk: float) -> str:
    """Draw what each configuration risks (to the right) and loses (upwards), as an SVG document.

    A line joins those that no other beats in either; a ring marks the chosen one; the risk that is
    acceptable ends at the dashed line. Those that cannot be reached have no place.

    Parameters
    ----------
    measured
        As :attr:`anon_dagster.Proposal.alternatives`.
    """
    points = list(_points(measured[measured["reachable"]]))
    plot = _Plot(max([acceptable_risk, *(p.risk for p in points)]) * 1.1)
    parts = [
        _head(),
        *plot.axes(),
        _line(plot, _unbeaten(points)),
        _limit(plot, acceptable_risk),
        *(_mark(plot, point) for point in points),
    ]
    return "".join([*parts, "</svg>"])


@dataclass(frozen=True, slots=True)
class _Point:
    """A configuration: its risk and its loss, 0 to 1, and how it is drawn."""

    risk: float
    loss: float
    recoding: str
    label: str
    chosen: bool


def _points(reachable: pd.DataFrame) -> Iterator[_Point]:
    risk = risk_of(reachable)
    for row in reachable.to_dict("records"):
        yield _Point(
            float(row[risk]),
            float(row["infoLoss"]),
            str(row["recoding"]),
            f"k = {row['k']}, {row['recoding']}, suppression up to {row['suppression_limit']:.0%}",
            bool(row["chosen"]),
        )


def _unbeaten(points: Sequence[_Point]) -> list[_Point]:
    """Return those that lose less than any other of as small a risk, the smallest risk first."""
    best: list[_Point] = []
    for point in sorted(points, key=lambda p: (p.risk, p.loss)):
        if not best or point.loss < best[-1].loss:
            best.append(point)
    return best


@dataclass(frozen=True, slots=True)
class _Plot:
    """Where risk and loss lie on the picture; losses run from 0 to 1."""

    most: float
    """The risk at the right end."""

    def x(self, risk: float) -> float:
        return _LEFT + risk / self.most * (_WIDTH - _LEFT - _RIGHT)

    def y(self, loss: float) -> float:
        return _HEIGHT - _BOTTOM - loss * (_HEIGHT - _TOP - _BOTTOM)

    def axes(self) -> Iterator[str]:
        left, right, low, high = self.x(0), self.x(self.most), self.y(0), self.y(1)
        yield _stroke([(left, high), (left, low), (right, low)], _LINE)
        for loss in _ticks(1.0):
            yield _text(left - 8, self.y(loss) + 4, f"{loss:g}", anchor="end")
        for risk in _ticks(self.most):
            yield _text(self.x(risk), low + 16, f"{risk:g}", anchor="middle")
        middle = (left + right) / 2
        yield _text(middle, _HEIGHT - 12, "largest risk of a record, or person", anchor="middle")
        yield _text(8, high - 10, "information lost")


def _ticks(most: float) -> list[float]:
    """Return round numbers from 0 on, at most 1, 2 or 5 times a power of ten apart."""
    power = math.floor(math.log10(most)) - 1
    steps = (float(f"{digit}e{power + more}") for more in (0, 1) for digit in (1, 2, 5))
    step = next(step for step in steps if most / step < _MOST_TICKS)
    return [round(tick * step, 12) for tick in range(int(most / step) + 1)]


def _head() -> str:
    legend = "".join(
        f'<circle cx="{_LEFT + 300 + 130 * place}" cy="16" r="5" fill="{colour}"/>'
        + _text(_LEFT + 310 + 130 * place, 20, f"{name} recoding")
        for place, (name, colour) in enumerate(_COLOURS.items())
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" '
        f'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>'
        f'<text x="8" y="20" font-size="14" font-weight="bold">Risk and loss of what was measured'
        f"</text>{legend}"
    )


def _line(plot: _Plot, best: Sequence[_Point]) -> str:
    return _stroke([(plot.x(p.risk), plot.y(p.loss)) for p in best], _LINE)


def _limit(plot: _Plot, risk: float) -> str:
    at = plot.x(risk)
    line = _stroke([(at, plot.y(0)), (at, plot.y(1))], _LIMIT, dashed=True)
    return line + _text(at, plot.y(1) - 6, "acceptable", anchor="middle")


def _mark(plot: _Plot, point: _Point) -> str:
    at = f'cx="{plot.x(point.risk):.1f}" cy="{plot.y(point.loss):.1f}"'
    ring = f'<circle {at} r="9" fill="none" stroke="{_LIMIT}" stroke-width="2"/>'
    said = f"<title>{point.label}: risk {point.risk:.3g}, lost {point.loss:.3f}</title>"
    colour = _COLOURS[point.recoding]
    return (ring if point.chosen else "") + f'<circle {at} r="5" fill="{colour}">{said}</circle>'


def _stroke(points: Sequence[tuple[float, float]], colour: str, *, dashed: bool = False) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dashes = ' stroke-dasharray="5 4"' if dashed else ""
    return f'<polyline points="{path}" fill="none" stroke="{colour}"{dashes}/>'


def _text(x: float, y: float, text: str, *, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text}</text>'
