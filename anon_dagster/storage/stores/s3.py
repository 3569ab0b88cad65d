"""S3, of Amazon and of all who speak as it does.

Where it is and who asks is told by the environment, as for every other program: variables
(``AWS_ENDPOINT_URL``, ``AWS_REGION``, ``AWS_ACCESS_KEY_ID``, …), a profile, or the role of the
machine. A bucket of another store is given a profile of its own, see :func:`options`.
"""

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from fsspec import AbstractFileSystem

from anon_dagster.storage.stores.refusals import refusal
from anon_dagster.storage.stores.store import Store, UnfinishedUpload

PROFILE: Final = "ANON_S3_PROFILE_"
"""With the name of a bucket behind it: the profile that this bucket is reached with."""
PATIENCE: dict[str, Any] = {
    "retries": {"max_attempts": 1},
    "connect_timeout": 5,
    "read_timeout": 20,
}
"""How often botocore tries, and how many seconds it waits for an answer."""


def options(path: str, environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Return what a file system is made with.

    The bucket ``my-inbox`` is reached with the profile that ``ANON_S3_PROFILE_MY_INBOX`` names,
    with its endpoint, region, keys and role, and otherwise as the environment says.
    """
    bucket = path.partition("://")[2].partition("/")[0]
    profile = environment.get(PROFILE + re.sub(r"\W", "_", bucket).upper())
    # A listing is always a new one: what lies in a store changes without our doing.
    made: dict[str, Any] = {"config_kwargs": PATIENCE, "use_listings_cache": False}
    # What is read is compared with what was opened here: to a store, weak ETags never match.
    made["local_expiry_check"] = True
    return made | ({"profile": profile} if profile else {})


class S3Store(Store):
    """A store whose objects appear whole, in buckets that may keep versions of them."""

    schemes = ("s3", "s3a")
    has_folders = False
    appears_whole = True
    package = ("s3fs", "S3FileSystem")

    def why_refused(self, path: str) -> str | None:
        """Refuse a version of an object."""
        if "?versionId=" in path:
            return (
                "?versionId= in an address names a version of an object; releases and sources are "
                "the latest ones"
            )
        return None

    def locate(self, path: str) -> tuple[AbstractFileSystem, str]:
        """Return its file system, and the path within."""
        from anon_dagster.storage.stores.s3_system import S3

        return S3(**options(path)), str(S3._strip_protocol(path))  # noqa: SLF001 (as fsspec does)

    def unfinished_uploads(
        self, system: AbstractFileSystem, inner: str
    ) -> Iterator[UnfinishedUpload]:
        """Find the uploads that nobody ended, of keys that begin like this."""
        bucket, _, prefix = inner.partition("/")
        answer = system.call_s3("list_multipart_uploads", Bucket=bucket, Prefix=prefix)
        for upload in answer.get("Uploads") or []:
            if upload["Key"].startswith(prefix):
                yield UnfinishedUpload(upload["Key"], upload["UploadId"])

    def end_upload(self, system: AbstractFileSystem, inner: str, upload: UnfinishedUpload) -> None:
        """End an upload that nobody ended."""
        system.abort_mpu(inner.partition("/")[0], *upload)

    def version_of(self, system: AbstractFileSystem, inner: str) -> str:
        """Return the version of an object; nothing in a bucket without versions."""
        return str(system.info(inner).get("VersionId") or "")

    def remove(self, system: AbstractFileSystem, inner: str) -> bool:
        """Remove an object, and from a bucket with versions that version.

        A mark that it is deleted is set first, or the version before it would come up again.
        """
        try:
            version = self.version_of(system, inner)
        except FileNotFoundError:
            return True
        bucket, _, key = inner.partition("/")
        system.invalidate_cache(inner)
        answer = system.call_s3("delete_object", Bucket=bucket, Key=key)
        mark = answer.get("VersionId") if answer.get("DeleteMarker") else None
        # Where a bucket has stopped to keep versions, the mark takes the place of the last one.
        taken = not version or mark in {None, version}
        return taken or self.remove_version(system, inner, version)

    def remove_version(self, system: AbstractFileSystem, inner: str, version: str) -> bool:
        """Remove a version of an object; tell whether the store did so."""
        bucket, _, key = inner.partition("/")
        try:
            system.call_s3("delete_object", Bucket=bucket, Key=key, VersionId=version)
        except Exception as error:
            if refusal(error) is None:
                raise
            return False
        return True
