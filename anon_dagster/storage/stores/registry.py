"""The store of a path."""

from typing import Final

from anon_dagster.storage.stores.azure import AzureStore
from anon_dagster.storage.stores.google import GoogleStore
from anon_dagster.storage.stores.s3 import S3Store
from anon_dagster.storage.stores.store import Store

_STORES: Final = (S3Store(), GoogleStore(), AzureStore())
_BY_SCHEME: Final = {scheme: store for store in _STORES for scheme in store.schemes}
_OTHER: Final = Store()


def store_of(path: str) -> Store:
    """Return the store that a path lies in; any other file system is a plain one."""
    scheme, told, _ = path.partition("://")
    return _BY_SCHEME.get(scheme, _OTHER) if told else _OTHER


def schemes() -> frozenset[str]:
    """Return the schemes of the stores that are known here."""
    return frozenset(_BY_SCHEME)


def forget_credentials() -> None:
    """Let credentials be looked for anew: those that a store denies may have been renewed since."""
    for store in _STORES:
        store.forget_credentials()
