"""Delta tables by their addresses: what is asked of any published file is, of these.

The bytes of ``delta:///lake/patients`` are those of its data files, one after the other, by which a
release is known again; what tells it from others is its version. Removed, it is what it was before.
"""

from pathlib import Path
from typing import Any, ClassVar

from fsspec import AbstractFileSystem

from anon_dagster.request.lakehouse import address_of, is_of_lakehouse
from anon_dagster.storage.lakehouse.commits import bring_back
from anon_dagster.storage.lakehouse.joined import joined
from anon_dagster.storage.lakehouse.versions import Version, current_version, entry_of


class DeltaTables(AbstractFileSystem):  # type: ignore[misc]  # fsspec publishes no types
    """The Delta tables of this machine."""

    protocol: ClassVar[str] = "delta"
    cachable = False

    def info(self, path: str, **_: object) -> dict[str, Any]:
        """Tell the version that a table has.

        Raises
        ------
        FileNotFoundError
            If there is no table.
        """
        found = _existing(path)
        size = sum((Path(path) / name).stat().st_size for name in found.files)
        return {"name": path, "type": "file", "size": size, "ETag": found.identity}

    def ls(self, path: str, detail: bool = True, **_: object) -> list[Any]:  # noqa: FBT001, FBT002 (as fsspec has it)
        """List a table by itself."""
        found = self.info(path)
        return [found if detail else found["name"]]

    def open(self, path: str, mode: str = "rb", **_: object) -> Any:  # noqa: ANN401 (a file)
        """Open the data files of a table, one after the other."""
        assert mode == "rb", "a table is written by its own staging"
        return joined([f"{path}/{name}" for name in _existing(path).files])

    def rm_file(self, path: str) -> None:
        """Take the latest version back."""
        bring_back(path)

    def unstrip_protocol(self, path: str) -> str:
        """Return the address of a table."""
        return path if is_of_lakehouse(path) else address_of(path)


def _existing(path: str) -> Version:
    found = current_version(path)
    if found is None:
        raise FileNotFoundError(path)
    return found


def made_at(path: str) -> float | None:
    """Return when the release in a table was made, in seconds since the epoch.

    None if there is none, or if somebody else has written to the table since.
    """
    found = current_version(path)
    if found is None or found.job is None:
        return None
    return Path(entry_of(path, found.number)).stat().st_mtime
