"""Whose the records of a release are, as a file beside it tells it."""

from pathlib import Path

import pyarrow as pa
import pytest

from anon_dagster.reading.persons import HOUSEHOLD, PERSON
from anon_dagster.releasing.persons_file import PersonsFile, StoredPersons, told_of_records


@pytest.mark.parametrize("columns", [(PERSON,), (PERSON, HOUSEHOLD)])
@pytest.mark.parametrize("sizes", [(), (0,), (3,), (2, 0, 5)])
def test_what_is_told_is_what_was_added(
    sizes: tuple[int, ...], columns: tuple[str, ...], tmp_path: Path
) -> None:
    file = PersonsFile(tmp_path / "persons")
    added: dict[str, list[int]] = {name: [] for name in columns}
    for size in sizes:
        for n, name in enumerate(columns, 1):
            added[name] += [(-1) ** each * (2**62 + n + 10 * each) for each in range(size)]
        owners = {name: pa.array(all_[len(all_) - size :]) for name, all_ in added.items()}
        file.add(pa.table({name: told.cast(pa.int64()) for name, told in owners.items()}))
    file.close()
    told = told_of_records(StoredPersons(file.path, columns=columns))
    assert {name: hashes.tolist() for name, hashes in told.items()} == added
    assert file.path.stat().st_mode & 0o777 == 0o600
