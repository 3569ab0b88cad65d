"""What a store meant when it did not do as it was asked, in words of our own."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final


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
_NOBODY_AT_GOOGLE = Refusal(
    "no credentials for the store were found, or they are no longer valid: set "
    "GOOGLE_APPLICATION_CREDENTIALS, or log in by gcloud auth application-default login",
    of_access=True,
)
_NOBODY_AT_AZURE = Refusal(
    "no credentials for the store were found, or they are no longer valid: set "
    "AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT_NAME with "
    "AZURE_STORAGE_ACCOUNT_KEY, AZURE_STORAGE_SAS_TOKEN or a service principal",
    of_access=True,
)
NO_ACCOUNT: Final = Refusal(
    "neither its address nor the environment names an account: set "
    "AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT_NAME and its credentials",
    of_access=True,
)
_PROFILE = Refusal("the profile that the environment names does not exist", of_access=True)
NO_BUCKET: Final = Refusal("the store has no such bucket", of_access=True)
_ELSEWHERE = Refusal(
    "the bucket lies in another region or at another endpoint: set AWS_REGION", of_access=True
)
_ARCHIVED = Refusal("it is archived: have the store restore it first")
_GONE = Refusal("no such file or directory")
_UNKNOWN = Refusal("the store does not know how to do this")
REPLACED: Final = Refusal("it changed while it was read; run the job again")

_MEANINGS: dict[Refusal, str] = {
    _DENIED: "401 403 AccessDenied AccountProblem AllAccessDisabled AuthenticationRequired "
    "InvalidAccessKeyId InvalidSecurity NotSignedUp SignatureDoesNotMatch Unauthorized "
    "UnauthorizedAccess AuthenticationFailed AuthorizationFailure InvalidAuthenticationInfo "
    "AuthorizationPermissionMismatch AuthorizationProtocolMismatch InsufficientAccountPermissions",
    _EXPIRED: "ExpiredToken ExpiredTokenException InvalidClientTokenId InvalidToken RequestExpired "
    "TokenRefreshRequired UnrecognizedClientException",
    _UNTOLD: "400",  # a HEAD has no body that could tell the code
    _SKEWED: "RequestTimeTooSkewed",
    NO_BUCKET: "NoSuchBucket ContainerNotFound ContainerBeingDeleted",
    _ELSEWHERE: "301 307 AuthorizationHeaderMalformed IllegalLocationConstraintException "
    "PermanentRedirect Redirect TemporaryRedirect",
    _ARCHIVED: "InvalidObjectState BlobArchived BlobBeingRehydrated",
    _GONE: "BlobNotFound",
    _UNKNOWN: "405 501 MethodNotAllowed NotImplemented",
    # A range that it had when it was opened.
    REPLACED: "412 416 InvalidRange PreconditionFailed ConditionNotMet",
    _BUSY: "409 429 503 OperationAborted RequestLimitExceeded ServiceUnavailable SlowDown "
    "Throttling ThrottlingException TooManyRequests ServerBusy",
    _UNANSWERED: "408 500 502 504 IncompleteBody InternalError RequestTimeout OperationTimedOut",
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
    "DefaultCredentialsError": _NOBODY_AT_GOOGLE,
    "RefreshError": _NOBODY_AT_GOOGLE,
    "ClientAuthenticationError": _NOBODY_AT_AZURE,
    "ResourceNotFoundError": _GONE,
    "ConnectionError": _UNANSWERED,  # of Python, and botocore's; both have kinds below them
    "ClientConnectionError": _UNANSWERED,
    "ClientPayloadError": _UNANSWERED,
    "HTTPClientError": _UNANSWERED,
    "IncompleteReadError": _UNANSWERED,
    "ResponseParserError": _UNANSWERED,
    "ServiceRequestError": _UNANSWERED,
    "ServiceResponseError": _UNANSWERED,
    "TimeoutError": _UNANSWERED,
    "TransportError": _UNANSWERED,
}
_LIBRARIES = (
    "adlfs.",
    "aiobotocore.",
    "aiohttp.",
    "azure.",
    "botocore.",
    "gcsfs.",
    "google.",
    "requests.",
    "s3fs.",
)
_FORBIDDEN = "Forbidden: "
"""How the text of an error of gcsfs begins that has no code."""


class RefusedError(Exception):
    """A store that could not even be asked."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal


def refusal(error: BaseException) -> Refusal | None:
    """Say in words of our own what a store meant; nothing if it said nothing of the kind.

    The texts of the libraries are not passed on: they quote addresses, keys and requests. Their
    kinds are known by name, since importing them would cost those who read local files.
    """
    for cause in (error, error.__cause__):
        if isinstance(cause, RefusedError):
            return cause.refusal
    for code in _codes(error):
        if code in _CODES:
            return _CODES[code]
    for kind in type(error).__mro__:
        if kind.__name__ in _KINDS:
            return _KINDS[kind.__name__]
    return _DENIED if str(error).startswith(_FORBIDDEN) else None


def is_busy(error: BaseException) -> bool:
    """Tell whether a store answered that it cannot do this now."""
    meant = next((_CODES[code] for code in _codes(error) if code in _CODES), None)
    return meant is not None and meant.transient


def is_of_store(error: BaseException) -> bool:
    """Tell whether an error was made by a library that speaks to stores."""
    known = f"{type(error).__module__}.".startswith(_LIBRARIES)
    return known or isinstance(error, RefusedError)


def _codes(error: BaseException) -> Iterator[str]:
    """Give the codes that an error or its cause has, those that say most first."""
    for cause in (error, error.__cause__):
        response = getattr(cause, "response", None)
        if isinstance(response, Mapping):  # of S3
            yield str(response.get("Error", {}).get("Code", ""))
        elif type(cause).__module__.startswith("gcsfs."):
            code = str(getattr(cause, "code", ""))
            yield "" if code == "400" else code  # where it is told, it is no question of access
        elif type(cause).__module__.startswith("azure."):
            yield str(getattr(cause, "error_code", ""))
            yield str(getattr(cause, "status_code", ""))
