"""Stores beyond this machine: how S3 is spoken to, what refusals mean, how uploads end.

Where S3 is and who asks is told by the environment, as for every other program: variables
(``AWS_ENDPOINT_URL``, ``AWS_REGION``, ``AWS_ACCESS_KEY_ID``, …), a profile, or the role of the
machine. A bucket of another store is given a profile of its own, see :func:`options`.
"""

import io
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any, Final

from fsspec import AbstractFileSystem

PROFILE: Final = "ANON_S3_PROFILE_"
"""With the name of a bucket behind it: the profile that this bucket is reached with."""

READ: Final = 8 << 20
"""Bytes that are fetched at once."""
WRITE: Final = 32 << 20
"""Bytes that are sent at once; a file has 10 000 such parts at most."""

_S3 = ("s3://", "s3a://")
PATIENCE: dict[str, Any] = {
    "retries": {"max_attempts": 1},
    "connect_timeout": 5,
    "read_timeout": 20,
}
"""How often botocore tries, and how many seconds it waits for an answer."""


def is_s3(path: str) -> bool:
    """Tell whether a path lies in a store that speaks S3, where folders are but names."""
    return path.startswith(_S3)


def options(path: str, environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Return what a file system is made with.

    The bucket ``my-inbox`` is reached with the profile that ``ANON_S3_PROFILE_MY_INBOX`` names,
    with its endpoint, region, keys and role, and otherwise as the environment says.
    """
    if not is_s3(path):
        return {}
    bucket = path.partition("://")[2].partition("/")[0]
    profile = environment.get(PROFILE + re.sub(r"\W", "_", bucket).upper())
    # A listing is always a new one: what lies in a store changes without our doing.
    made: dict[str, Any] = {"config_kwargs": PATIENCE, "use_listings_cache": False}
    # What is read is compared with what was opened here: to a store, weak ETags never match.
    made["local_expiry_check"] = True
    return made | ({"profile": profile} if profile else {})


def forget_credentials() -> None:
    """Let credentials be looked for anew: those that a store denies may have been renewed since."""
    if (s3fs := sys.modules.get("s3fs")) is not None:
        s3fs.S3FileSystem.clear_instance_cache()


# -- what went wrong -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a store did not do as it was asked."""

    reason: str
    transient: bool = False
    of_access: bool = False
    """Whether it lets nobody in, or not us, which says nothing of the object."""


_UNANSWERED = Refusal("the store did not answer", transient=True)
_BUSY = Refusal("the store has too much to do", transient=True)
_DENIED = Refusal(
    "the store denies access: the credentials are wrong, or do not permit this", of_access=True
)
_EXPIRED = Refusal(
    "the store denies access: the credentials have expired, or are no longer valid; renew them",
    of_access=True,
)
_UNTOLD = Refusal(
    "the store denies access without a reason, as it does when credentials have expired, or when "
    "an object is encrypted with a key that its reader brings",
    of_access=True,
)
_SKEWED = Refusal(
    "the store denies access: the clock of this machine differs from its own", of_access=True
)
_NOBODY = Refusal(
    "no credentials for the store were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
    "AWS_PROFILE",
    of_access=True,
)
_PROFILE = Refusal("the profile that the environment names does not exist", of_access=True)
_BUCKET = Refusal("the store has no such bucket", of_access=True)
_ELSEWHERE = Refusal(
    "the bucket lies in another region or at another endpoint: set AWS_REGION", of_access=True
)
_ARCHIVED = Refusal("it is archived: have the store restore it first")
_UNKNOWN = Refusal("the store does not know how to do this")
REPLACED: Final = Refusal("it changed while it was read; run the job again")

_MEANINGS: dict[Refusal, str] = {
    _DENIED: "401 403 AccessDenied AccountProblem AllAccessDisabled AuthenticationRequired "
    "InvalidAccessKeyId InvalidSecurity NotSignedUp SignatureDoesNotMatch Unauthorized "
    "UnauthorizedAccess",
    _EXPIRED: "ExpiredToken ExpiredTokenException InvalidClientTokenId InvalidToken RequestExpired "
    "TokenRefreshRequired UnrecognizedClientException",
    _UNTOLD: "400",  # a HEAD has no body that could tell the code
    _SKEWED: "RequestTimeTooSkewed",
    _BUCKET: "NoSuchBucket",
    _ELSEWHERE: "301 307 AuthorizationHeaderMalformed IllegalLocationConstraintException "
    "PermanentRedirect Redirect TemporaryRedirect",
    _ARCHIVED: "InvalidObjectState",
    _UNKNOWN: "405 501 MethodNotAllowed NotImplemented",
    REPLACED: "412 416 InvalidRange PreconditionFailed",  # a range that it had when it was opened
    _BUSY: "409 429 503 OperationAborted RequestLimitExceeded ServiceUnavailable SlowDown "
    "Throttling ThrottlingException TooManyRequests",
    _UNANSWERED: "408 500 502 504 IncompleteBody InternalError RequestTimeout",
}
_CODES = {code: refusal for refusal, codes in _MEANINGS.items() for code in codes.split()}
_KINDS = {
    "FileExpired": REPLACED,
    "CredentialRetrievalError": _NOBODY,
    "NoAuthTokenError": _NOBODY,
    "NoCredentialsError": _NOBODY,
    "PartialCredentialsError": _NOBODY,
    "ProfileNotFound": _PROFILE,
    "SSOError": _EXPIRED,
    "TokenRetrievalError": _NOBODY,
    "ConnectionError": _UNANSWERED,  # of Python, and botocore's; both have kinds below them
    "ClientConnectionError": _UNANSWERED,
    "ClientPayloadError": _UNANSWERED,
    "HTTPClientError": _UNANSWERED,
    "IncompleteReadError": _UNANSWERED,
    "ResponseParserError": _UNANSWERED,
    "TimeoutError": _UNANSWERED,
}
_LIBRARIES = ("aiobotocore.", "aiohttp.", "botocore.", "s3fs.")


def refusal(error: BaseException) -> Refusal | None:
    """Say in words of our own what a store meant; nothing if it said nothing of the kind.

    The texts of the libraries are not passed on: they quote addresses, keys and requests. Their
    kinds are known by name, since importing them would cost those who read local files.
    """
    code = _code(error)
    if code in _CODES:
        return _CODES[code]
    for kind in type(error).__mro__:
        if kind.__name__ in _KINDS:
            return _KINDS[kind.__name__]
    return None


def is_busy(error: BaseException) -> bool:
    """Tell whether a store answered that it cannot do this now."""
    meant = _CODES.get(_code(error))
    return meant is not None and meant.transient


def is_of_store(error: BaseException) -> bool:
    """Tell whether an error was made by a library that speaks to stores."""
    return f"{type(error).__module__}.".startswith(_LIBRARIES)


def _code(error: BaseException) -> str:
    for cause in (error, error.__cause__):
        response = getattr(cause, "response", None)
        if isinstance(response, Mapping):
            return str(response.get("Error", {}).get("Code", ""))
    return ""


# -- uploads -------------------------------------------------------------------------------


class Upload(io.RawIOBase):
    """A file that is sent while it is written, and exists only once it is committed."""

    def __init__(self, system: AbstractFileSystem, inner: str) -> None:
        self._file: Any = system.open(inner, "wb", block_size=WRITE, autocommit=False)
        system.transaction.files.pop()  # where fsspec would keep it for a transaction
        self._done = False

    def writable(self) -> bool:
        """Tell that it is for writing."""
        return True

    def tell(self) -> int:
        """Return how many bytes were written."""
        return 0 if self._done else int(self._file.tell())

    def write(self, data: Any) -> int:  # noqa: ANN401 (whatever has bytes)
        """Add bytes; those that come after the end of it all go nowhere."""
        return len(data) if self._done else int(self._file.write(data))

    def commit(self) -> None:
        """Send the rest, and let the file be seen."""
        self._file.close()
        self._file.commit()
        self._done = True

    def abandon(self) -> None:
        """Let go of what was sent, so that the store keeps nothing of it."""
        if not self._done:
            self._done = True
            with suppress(Exception):  # a store that is gone cannot be told
                self._file.discard()
            self._file.closed = True  # or it would be sent when Python forgets it

    def close(self) -> None:
        """Let go of it unless it was committed."""
        self.abandon()
        super().close()


def begin_upload(system: AbstractFileSystem, inner: str) -> IO[bytes]:
    """Begin an upload."""
    return Upload(system, inner)  # type: ignore[return-value]


def unfinished_uploads(system: AbstractFileSystem, inner: str) -> Iterator[tuple[str, str]]:
    """Find the uploads that nobody ended, of keys that begin like this: key and upload."""
    bucket, _, prefix = inner.partition("/")
    answer = system.call_s3("list_multipart_uploads", Bucket=bucket, Prefix=prefix)
    for upload in answer.get("Uploads") or []:
        if upload["Key"].startswith(prefix):
            yield upload["Key"], upload["UploadId"]


def end_upload(system: AbstractFileSystem, inner: str, upload: tuple[str, str]) -> None:
    """End an upload that nobody ended."""
    system.abort_mpu(inner.partition("/")[0], *upload)


# -- versions ------------------------------------------------------------------------------


def version_of(system: AbstractFileSystem, inner: str) -> str:
    """Return the version of an object that lies there now; nothing in a bucket without versions."""
    return str(system.info(inner).get("VersionId") or "")


def remove_object(system: AbstractFileSystem, inner: str) -> bool:
    """Remove an object, and from a bucket with versions that version; tell whether it is gone.

    A mark that it is deleted is set first, or the version before it would come up again.
    """
    try:
        version = version_of(system, inner)
    except FileNotFoundError:
        return True
    bucket, _, key = inner.partition("/")
    system.invalidate_cache(inner)
    answer = system.call_s3("delete_object", Bucket=bucket, Key=key)
    mark = answer.get("VersionId") if answer.get("DeleteMarker") else None
    # Where a bucket has stopped to keep versions, the mark takes the place of the last one.
    return not version or mark in {None, version} or remove_version(system, inner, version)


def remove_version(system: AbstractFileSystem, inner: str, version: str) -> bool:
    """Remove a version of an object; tell whether the store did so: it is a right of its own."""
    bucket, _, key = inner.partition("/")
    try:
        system.call_s3("delete_object", Bucket=bucket, Key=key, VersionId=version)
    except Exception as error:
        if refusal(error) is None:
            raise
        return False
    return True
