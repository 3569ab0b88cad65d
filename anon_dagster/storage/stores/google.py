"""Google Cloud Storage, by its JSON interface.

Who asks is told by the environment: ``GOOGLE_APPLICATION_CREDENTIALS`` names the file of a service
account; without it gcloud's login is used, or the role of the machine. ``STORAGE_EMULATOR_HOST``
names another address than Google's, which nobody logs in to.
"""

import json
import logging
import os
from collections.abc import Iterator, Mapping
from typing import Any

from fsspec import AbstractFileSystem

from anon_dagster.storage.stores.refusals import NO_BUCKET, RefusedError, refusal
from anon_dagster.storage.stores.store import Store


def options(environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Return what a file system is made with; without credentials it asks nobody's in secret."""
    token = "anon" if environment.get("STORAGE_EMULATOR_HOST") else "google_default"
    return {"token": token, "use_listings_cache": False, "requests_timeout": 60}


class GoogleStore(Store):
    """A store whose objects appear whole; each content has a generation of its own."""

    schemes = ("gs", "gcs")
    has_folders = False
    appears_whole = True
    extra = "gcs"
    package = ("gcsfs.core", "GCSFileSystem")

    def why_refused(self, path: str) -> str | None:
        """Refuse a generation of an object."""
        if "?generation=" in path:
            return (
                "?generation= in an address names a version of an object; releases and sources are "
                "the latest ones"
            )
        return None

    def locate(self, path: str) -> tuple[AbstractFileSystem, str]:
        """Return its file system, and the path within."""
        from gcsfs.core import GCSFileSystem  # its other one asks by gRPC what a bucket is

        logging.getLogger("gcsfs").setLevel(logging.CRITICAL)  # it writes what a store answers
        return GCSFileSystem(**options()), str(GCSFileSystem._strip_protocol(path))  # noqa: SLF001

    def require_bucket(self, system: AbstractFileSystem, inner: str) -> None:
        """Refuse a bucket that is not there; to list it takes no other right than to read it."""
        try:
            system.call("GET", "b/{}/o", inner.partition("/")[0], maxResults=1)
        except FileNotFoundError:
            raise RefusedError(NO_BUCKET) from None

    def version_of(self, system: AbstractFileSystem, inner: str) -> str:
        """Return the generation of an object."""
        return str(system.info(inner).get("generation") or "")

    def remove(self, system: AbstractFileSystem, inner: str) -> bool:
        """Remove an object with its generation, of which a bucket with versions keeps nothing."""
        try:
            version = self.version_of(system, inner)
        except FileNotFoundError:
            return True
        return _delete(system, inner, version)

    def remove_version(self, system: AbstractFileSystem, inner: str, version: str) -> bool:
        """Remove a generation of an object, if the bucket has it still."""
        if version not in _generations(system, inner):
            return True
        return _delete(system, inner, version)


def _generations(system: AbstractFileSystem, inner: str) -> Iterator[str]:
    """Give the generations of an object that its bucket has."""
    bucket, _, key = inner.partition("/")
    asked: dict[str, str] = {"prefix": key, "versions": "true"}
    while True:
        page = json.loads(system.call("GET", "b/{}/o", bucket, **asked)[1])
        yield from (each["generation"] for each in page.get("items", []) if each["name"] == key)
        if not (following := page.get("nextPageToken")):
            return
        asked["pageToken"] = following


def _delete(system: AbstractFileSystem, inner: str, version: str) -> bool:
    """Delete a generation for good; tell whether the store did so."""
    bucket, _, key = inner.partition("/")
    try:
        system.call("DELETE", "b/{}/o/{}", bucket, key, generation=version)
    except FileNotFoundError:
        return True
    except Exception as error:
        if (meant := refusal(error)) is None or not meant.of_access:
            raise
        return False
    return True
