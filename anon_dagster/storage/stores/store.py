"""What a store is; as it stands here, any file system that fsspec knows."""

import sys
from collections.abc import Iterator
from typing import IO, ClassVar, NamedTuple

from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs

from anon_dagster.storage.stores.uploads import Upload


class UnfinishedUpload(NamedTuple):
    """An upload that its writer has neither completed nor given up."""

    key: str
    """Of the object that it would become, without its bucket."""
    id: str


class Store:
    """A file system with folders, whose files are seen while they are written."""

    schemes: ClassVar[tuple[str, ...]] = ()
    """What comes before ``://`` in its URLs."""
    has_folders: ClassVar[bool] = True
    """Whether a folder must be made; elsewhere it is but the beginning of a name."""
    appears_whole: ClassVar[bool] = False
    """Whether a file is complete as soon as it is seen."""
    read_size: ClassVar[int] = 8 << 20
    """Bytes that are fetched at once."""
    write_size: ClassVar[int] = 32 << 20
    """Bytes that are sent at once; a file of S3 has 10 000 such parts at most."""
    extra: ClassVar[str | None] = None
    """What of anon-dagster is to be installed for it."""
    package: ClassVar[tuple[str, str]] = ("", "")
    """The module and class of its file system, which keeps instances with their credentials."""

    def why_refused(self, path: str) -> str | None:
        """Say why an address is not used; nothing if it can be."""
        del path
        return None

    def locate(self, path: str) -> tuple[AbstractFileSystem, str]:
        """Return its file system, and the path within."""
        system, inner = url_to_fs(path)
        return system, inner

    def forget_credentials(self) -> None:
        """Let credentials be looked for anew, where they may have been renewed since."""
        module, name = self.package
        if (loaded := sys.modules.get(module)) is not None:
            getattr(loaded, name).clear_instance_cache()

    def require_bucket(self, system: AbstractFileSystem, inner: str) -> None:
        """Refuse a bucket that is not there; a folder that is not there has no files.

        Raises
        ------
        RefusedError
            If the store has no such bucket.
        """

    def open_to_write(self, system: AbstractFileSystem, inner: str) -> IO[bytes]:
        """Begin a file that exists once it is committed."""
        return Upload(system, inner, self.write_size)  # type: ignore[return-value]

    def copy(self, system: AbstractFileSystem, inner: str, goal: str) -> None:
        """Copy a file to a place in the same store, in one step for whoever reads it there."""
        system.cp_file(inner, goal)

    def unfinished_uploads(
        self, system: AbstractFileSystem, inner: str
    ) -> Iterator[UnfinishedUpload]:
        """Find the uploads that nobody ended, of keys that begin like this."""
        del system, inner
        yield from ()

    def end_upload(self, system: AbstractFileSystem, inner: str, upload: UnfinishedUpload) -> None:
        """End an upload that nobody ended, of a key that begins like this."""
        raise NotImplementedError

    def version_of(self, system: AbstractFileSystem, inner: str) -> str:
        """Return the version of a file that lies there now; nothing where none is kept."""
        del system, inner
        return ""

    def remove(self, system: AbstractFileSystem, inner: str) -> bool:
        """Remove the file of exactly this name; tell whether no version of it is left."""
        system.rm_file(inner)
        return True

    def remove_version(self, system: AbstractFileSystem, inner: str, version: str) -> bool:
        """Remove a version of a file; tell whether the store did so: it may be a right of its own.

        Where no versions are kept, there is none.
        """
        del system, inner, version
        return True
