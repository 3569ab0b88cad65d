"""What differs between stores is a property of each; what they refuse is told in our words."""

import logging
import sys
from collections.abc import Callable
from typing import Any

import pytest

from anon_dagster.errors import (
    AnonError,
    SourceError,
    StoreAccessError,
    StoreUnavailableError,
    TargetError,
)
from anon_dagster.request import Source, Target
from anon_dagster.storage.addresses import locate
from anon_dagster.storage.failures import reading
from anon_dagster.storage.sources import open_source
from anon_dagster.storage.stores import schemes, store_of
from anon_dagster.storage.stores.azure import has_account
from anon_dagster.storage.targets import check_target

CANARY = "Canary4711"


def told(error: BaseException) -> AnonError:
    with pytest.raises(AnonError) as caught, reading("az://bucket/key"):
        raise error
    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is None
    return caught.value


@pytest.mark.parametrize("scheme", sorted(schemes()))
def test_an_object_of_a_store_appears_whole_in_folders_that_nobody_makes(scheme: str) -> None:
    store = store_of(f"{scheme}://box/key")
    assert store.appears_whole
    assert not store.has_folders


@pytest.mark.parametrize("path", ["/box/key", "file:///box/key", "memory://box/key", "gs:/box"])
def test_any_other_place_is_a_plain_file_system(path: str) -> None:
    store = store_of(path)
    assert store.has_folders
    assert not store.appears_whole


def test_a_store_whose_package_is_missing_names_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    monkeypatch.setitem(sys.modules, "gcsfs.core", None)
    with pytest.raises(SourceError, match=r"anon-dagster\[gcs\]"):
        open_source(Source(path="gs://box/t.csv"))
    with pytest.raises(TargetError, match=r"anon-dagster\[gcs\]"):
        check_target(Target(path="gs://box/t.csv"), [])


@pytest.mark.parametrize(
    "path", ["gs://box/t.csv?generation=1", "az://box/t.csv?versionid=1", "az://box/a#b.csv"]
)
def test_what_a_library_would_not_take_for_a_name_is_refused(path: str) -> None:
    with pytest.raises(SourceError, match="latest ones"):
        open_source(Source(path=path))


# -- Google -----------------------------------------------------------------------------------


def google_error(code: int) -> Exception:
    from gcsfs.retry import HttpError

    error: Exception = HttpError({"code": code, "message": CANARY})
    return error


@pytest.mark.parametrize("code", [401, 403])
def test_google_lets_nobody_in(code: int) -> None:
    pytest.importorskip("gcsfs")
    assert isinstance(told(google_error(code)), StoreAccessError)
    assert isinstance(told(OSError(f"Forbidden: {CANARY}")), StoreAccessError)


@pytest.mark.parametrize("code", [408, 429, 500, 502, 503, 504])
def test_google_may_be_asked_again(code: int) -> None:
    pytest.importorskip("gcsfs")
    assert isinstance(told(google_error(code)), StoreUnavailableError)


def test_what_google_cannot_do_is_told_of_the_file() -> None:
    pytest.importorskip("gcsfs")
    error = told(google_error(400))
    assert not isinstance(error, StoreAccessError)
    assert "not understood" in str(error)


def test_without_credentials_google_is_not_asked_by_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    core = pytest.importorskip("gcsfs.core")
    exceptions = pytest.importorskip("google.auth.exceptions")

    def nobody(*_: Any, **__: Any) -> None:
        raise exceptions.DefaultCredentialsError(CANARY)

    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
    monkeypatch.setattr("google.auth.default", nobody)
    core.GCSFileSystem.clear_instance_cache()
    with pytest.raises(StoreAccessError, match="GOOGLE_APPLICATION_CREDENTIALS") as caught:
        open_source(Source(path="gs://box/t.csv"))
    assert caught.value.__cause__ is None
    assert logging.getLogger("gcsfs").level == logging.CRITICAL


# -- Azure ------------------------------------------------------------------------------------


def azure_error(kind: str, status: int = 0, code: str = "") -> Exception:
    exceptions = pytest.importorskip("azure.core.exceptions")
    error: Exception = getattr(exceptions, kind)(CANARY)
    error.status_code, error.error_code = status or None, code or None  # type: ignore[attr-defined]
    return error


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda: azure_error("ClientAuthenticationError"), StoreAccessError),
        (lambda: azure_error("HttpResponseError", 403, "AuthorizationFailure"), StoreAccessError),
        (lambda: azure_error("ResourceNotFoundError", 404, "ContainerNotFound"), StoreAccessError),
        (lambda: azure_error("HttpResponseError", 503, "ServerBusy"), StoreUnavailableError),
        (lambda: azure_error("HttpResponseError", 500, "Unheard"), StoreUnavailableError),
        (lambda: azure_error("ServiceRequestError"), StoreUnavailableError),
        (lambda: azure_error("ResourceNotFoundError", 404, "BlobNotFound"), SourceError),
        (lambda: azure_error("HttpResponseError", 409, "BlobArchived"), SourceError),
    ],
)
def test_what_azure_means_is_told(make: Callable[[], Exception], kind: type[AnonError]) -> None:
    error = told(make())
    assert isinstance(error, kind)
    assert kind is not SourceError or type(error) is SourceError


def test_an_account_is_named_by_the_address_or_by_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert has_account("abfs://box@account.dfs.core.windows.net/t.csv", {})
    assert has_account("az://box/t.csv", {"AZURE_STORAGE_ACCOUNT_NAME": "account"})
    assert not has_account("az://box/a.dfs.core.windows.net/t.csv", {})
    for name in ("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_CONNECTION_STRING"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(StoreAccessError, match="names an account"):
        open_source(Source(path="az://box/t.csv"))


def test_a_local_path_is_of_no_store() -> None:
    assert locate("/a/b")[1] == "/a/b"
