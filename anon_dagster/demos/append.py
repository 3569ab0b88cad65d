"""Ten files arrive and add up to one release; somebody is erased, and all of it is audited."""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from anon_dagster.continuous import Line, append_file, audit
from anon_dagster.continuous.declared import erase_from, stream_of
from anon_dagster.continuous.stream import Stream
from anon_dagster.demos.running import demonstrate

_FILES, _FIRST, _EACH = 10, 2_000, 200
_ILLNESSES = ("cold", "flu", "asthma", "gout", "diabetes", "hepatitis", "cancer", "HIV")
_LOOKS = ("file", "read", "released", "waiting", "expired", "refused", "delta")


def main(project: Path | None = None) -> int:
    """Run the demo and return the exit code.

    Parameters
    ----------
    project
        The folder with ``dagster.yaml`` and ``data``; the working directory if left out.
    """
    return demonstrate(_demonstrate, project)


def _demonstrate(project: Path, folder: Path) -> int:
    """Let the files arrive, erase people, audit, and return the exit code."""
    del project  # all that is shown is made here
    stream = stream_of(_request(folder), dataset="hospital", store=folder / ".anon")
    print(
        f"{_FILES} files arrive. Whoever is released is in one delta, and each delta is\n"
        "5-anonymous and 2-diverse by itself; the others wait until enough people are like them.\n"
    )
    lines = [append_file(stream, path) for path in _arriving(folder)]
    print(_table(lines))
    keys = [3, 4, 10_010, 10_011, _FIRST + 999_999]
    print(f"\nFive people ask to be erased.\n\n{erase_from(stream, keys)}.")
    found = audit(stream)
    print(f"\nThe audit reads all deltas as they lie there.\n\n{found}")
    print(f"\n{_in_place(stream)} How it works, and what it does not promise: docs/continuous.md")
    return 0 if found.holds else 1


def _request(folder: Path) -> dict[str, object]:
    ages = {"type": "interval", "widths": [5, 10, 20, 40]}
    attributes = {
        "patient": {"role": "direct_identifier"},
        "age": {
            "role": "quasi_identifier",
            "hierarchy": ages,
        },
        "town": {"role": "quasi_identifier", "hierarchy": {"type": "mask"}},
        "sex": {"role": "quasi_identifier"},
        "illness": {"role": "sensitive"},
    }
    return {
        "source": {"path": f"{folder}/in/*.csv"},
        "arrivals": {"mode": "append", "target": {"path": f"{folder}/released/{{delta}}.parquet"}},
        "policy": {
            "person": "patient",
            "attributes": attributes,
            "suppression_limit": 0.02,
            "privacy": {
                "k_anonymity": {"k": 5},
                "l_diversity": {"attribute": "illness", "l": 2},
            },
        },
    }


def _arriving(folder: Path) -> Iterator[str]:
    """Write one file after the other; each has also a few people who came before."""
    draw = np.random.default_rng(7)
    (folder / "in").mkdir()
    known = pd.DataFrame()
    for day in range(_FILES):
        fresh = _people(draw, 10_000 * day, _EACH if day else _FIRST)
        back = known.sample(min(5, len(known)), random_state=day)
        path = folder / "in" / f"day-{day + 1:02}.csv"
        pd.concat([fresh, back]).to_csv(path, index=False)
        known = pd.concat([known, fresh])
        yield str(path)


def _people(draw: np.random.Generator, first: int, number: int) -> pd.DataFrame:
    shares = 1 / np.arange(1, len(_ILLNESSES) + 1)
    return pd.DataFrame(
        {
            "patient": np.arange(first, first + number),
            "age": draw.normal(50, 18, number).clip(0, 95).astype(int),
            "town": draw.choice(["1010", "1020", "2340", "2500", "8010"], number),
            "sex": draw.choice(["f", "m"], number),
            "illness": draw.choice(_ILLNESSES, number, p=shares / shares.sum()),
        }
    )


def _table(lines: list[Line]) -> str:
    rows = [
        (
            *(Path(line.file).name, line.read, line.released, line.waiting, line.expired),
            *(line.set_aside, Path(line.target).name or "none"),
        )
        for line in lines
    ]
    return pd.DataFrame(rows, columns=list(_LOOKS)).to_string(index=False)


def _in_place(stream: Stream) -> str:
    left = [delta for delta in stream.ledger.deltas() if delta.target]
    return f"{len(left)} deltas hold {sum(delta.records for delta in left):,} records together."


if __name__ == "__main__":
    sys.exit(main())
