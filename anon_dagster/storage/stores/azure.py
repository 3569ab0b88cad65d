"""Azure Blob Storage, and its Data Lake by the same interface.

Which account and who asks is told by the environment: ``AZURE_STORAGE_CONNECTION_STRING``, or
``AZURE_STORAGE_ACCOUNT_NAME`` with a key, a SAS token, a service principal, or the role of the
machine. The account may stand in the address, too (``abfs://box@account.dfs.core.windows.net/…``).
"""

import logging
import os
import re
from collections.abc import Mapping

from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs

from anon_dagster.storage.stores.refusals import NO_ACCOUNT, NO_BUCKET, RefusedError
from anon_dagster.storage.stores.store import Store
from anon_dagster.storage.stores.uploads import Upload

_ACCOUNT = re.compile(r"\w+://[^/]*\.(dfs|blob)\.core\.windows\.net(/|$)")
_NAMED = ("AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGE_ACCOUNT_NAME")


def has_account(path: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Tell whether an address or the environment says which account it is."""
    return bool(_ACCOUNT.match(path)) or any(environment.get(name) for name in _NAMED)


class AzureStore(Store):
    """A store whose blobs appear whole: their blocks are seen once the list of them is there."""

    schemes = ("abfs", "abfss", "az")
    has_folders = False
    appears_whole = True
    extra = "azure"
    package = ("adlfs", "AzureBlobFileSystem")

    def why_refused(self, path: str) -> str | None:
        """Refuse what its file system would take for something else than a name."""
        if "#" in path or "?versionid=" in path:
            return (
                "a blob with # in its name is not found by its address, and ?versionid= names a "
                "version; releases and sources are the latest ones"
            )
        return None

    def locate(self, path: str) -> tuple[AbstractFileSystem, str]:
        """Return its file system, and the path within."""
        if not has_account(path):
            raise RefusedError(NO_ACCOUNT)
        logging.getLogger("azure").setLevel(logging.CRITICAL)  # it writes what it looked for
        system, inner = url_to_fs(path, use_listings_cache=False)
        return system, inner

    def require_bucket(self, system: AbstractFileSystem, inner: str) -> None:
        """Refuse a container that is not there."""
        try:
            system.info(inner.partition("/")[0])
        except FileNotFoundError:
            raise RefusedError(NO_BUCKET) from None

    def copy(self, system: AbstractFileSystem, inner: str, goal: str) -> None:
        """Send a blob again under another name.

        What the store copies by itself may be there before it has its content.
        """
        written = Upload(system, goal, self.write_size)
        with written, system.open(inner, "rb", block_size=self.read_size) as read:
            while piece := read.read(self.read_size):
                written.write(piece)
            written.commit()
