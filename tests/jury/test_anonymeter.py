"""anonymeter's attacks on the bundled releases, with its control group and with guessing."""

import re
from pathlib import Path

import pytest

from tests.jury.bundled import TABLES, Release, Table, release
from tests.jury.trial import Attack, attack

K = 5  # of all bundled requests
RECODINGS = ("global", "local")
POWERLESS = {("visits", "linkability")}
"""What does not even find the raw table guilty, and so says nothing of a release."""
FEW = 30
"""Predicates that are too few for an interval; a coarse release has no more that fit one class."""
NOT_PROMISED = "singling out by sensitive values, too"

Found = dict[str, Attack]


@pytest.mark.slow
@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_anonymeter_gains_less_than_one_in_k_of_a_release_and_more_of_the_table_itself(
    table: Table, tmp_path: Path, page: str
) -> None:
    releases = {recoding: release(table, tmp_path, recoding) for recoding in RECODINGS}
    found = attack(releases | {"itself": Release.raw(releases["global"])}, tmp_path)
    for recoding in RECODINGS:
        require_innocence(table, found[recoding])
    require_guilt(table, found["itself"])
    if table.folder == "patients":  # who knows an income finds its record, as the page says
        assert found["global"][NOT_PROMISED].low > 1 / K
    for kind in found["itself"]:
        told = line_of(page, f"{table.folder}, {kind}")
        figures = [x for name in (*RECODINGS, "itself") for x in shown(found[name][kind])]
        assert told == pytest.approx(figures, abs=0.6), (kind, figures)


def require_innocence(table: Table, found: Found) -> None:
    """Nobody is singled out by quasi-identifiers, and no attack gains more than one in k."""
    for kind, achieved in found.items():
        if kind != NOT_PROMISED and (table.folder, kind) not in POWERLESS:
            assert achieved.hits == 0 or not kind.startswith("singling out"), kind
            assert achieved.high <= 1 / K or achieved.attacks < FEW, kind


def require_guilt(table: Table, found: Found) -> None:
    """Each attack that is said to have power finds the table itself guilty, and no other."""
    for kind, achieved in found.items():
        guilty = achieved.low > 1 / K
        assert kind == NOT_PROMISED or guilty != ((table.folder, kind) in POWERLESS), kind


def shown(achieved: Attack) -> list[float]:
    """Return success, attacks, control and the interval of the risk; rates in percent."""
    rates = (achieved.control, achieved.low, achieved.high)
    success, *others = (round(100 * rate, 1) for rate in (achieved.success, *rates))
    return [success, achieved.attacks, *others]


def line_of(page: str, name: str) -> list[float]:
    (line,) = (line for line in page.splitlines() if line.startswith(f"| {name} |"))
    return [float(number) for number in re.findall(r"\d+(?:\.\d)?", line.split("|", 2)[2])]
