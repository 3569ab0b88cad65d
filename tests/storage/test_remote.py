"""Stores that say no: in words of our own, and nothing of theirs."""

import errno
import json
import re
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientPayloadError, ServerDisconnectedError
from botocore import exceptions as botocore
from botocore.session import get_session
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st
from s3fs.errors import translate_boto_error
from s3fs.utils import FileExpired

from anon_dagster.errors import (
    AnonError,
    RequestError,
    SourceError,
    StoreAccessError,
    StoreUnavailableError,
    TargetError,
)
from anon_dagster.request import Source, Target, TreeRule, parse_request, parse_request_part
from anon_dagster.request.documents import parse_yaml
from anon_dagster.storage import manifest
from anon_dagster.storage.failures import reading, writing
from anon_dagster.storage.stores import store_of
from anon_dagster.storage.stores.s3 import options
from anon_dagster.storage.stores.s3_system import with_strong_etags

CANARY = "Canary4711"
_FOR_EVER = ("AccessDenied", "SignatureDoesNotMatch", "NoSuchBucket", "PermanentRedirect")
_FOR_NOW = ("SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "503", "500")


def answer(code: str) -> botocore.ClientError:
    return botocore.ClientError({"Error": {"Code": code, "Message": CANARY}}, "GetObject")


def told(error: BaseException) -> AnonError:
    with pytest.raises(AnonError) as caught, reading("s3://bucket/key"):
        raise error
    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    return caught.value


@pytest.mark.parametrize("code", [*_FOR_EVER, *_FOR_NOW, "Unheard"])
def test_an_answer_is_told_alike_whether_the_library_translated_it_or_not(code: str) -> None:
    plain, translated = told(answer(code)), told(translate_boto_error(answer(code)))
    assert plain.transient == translated.transient == (code in _FOR_NOW)
    if code != "Unheard":
        assert str(plain) == str(translated)


@pytest.mark.parametrize(
    "error",
    [
        botocore.EndpointConnectionError(endpoint_url=CANARY),
        botocore.ConnectTimeoutError(endpoint_url=CANARY),
        botocore.ReadTimeoutError(endpoint_url=CANARY),
        botocore.ConnectionClosedError(endpoint_url=CANARY),
        ClientPayloadError(CANARY),
        ServerDisconnectedError(CANARY),
        ConnectionResetError(CANARY),
        TimeoutError(CANARY),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_store_that_cannot_be_reached_may_be_tried_again(error: Exception) -> None:
    assert isinstance(told(error), StoreUnavailableError)


@pytest.mark.parametrize(
    "error",
    [
        *map(answer, ("400", "403", "AccessDenied", "ExpiredToken", "InvalidToken")),
        *map(answer, ("RequestTimeTooSkewed", "NoSuchBucket", "PermanentRedirect", "401")),
        botocore.NoCredentialsError(),
        botocore.ProfileNotFound(profile=CANARY),
        botocore.UnauthorizedSSOTokenError(),
    ],
    ids=str,
)
def test_a_store_that_lets_nobody_in_says_nothing_of_a_file(error: Exception) -> None:
    read = told(error)
    with pytest.raises(StoreAccessError) as caught, writing("s3://bucket/key"):
        raise translate_boto_error(error)
    assert isinstance(read, StoreAccessError)
    assert str(read).removeprefix("cannot read") == str(caught.value).removeprefix("cannot write")
    assert isinstance(read, SourceError)
    assert isinstance(read, TargetError)
    assert not read.transient


@pytest.mark.parametrize("code", ["InvalidObjectState", "NotImplemented", "405"])
def test_what_a_store_does_not_do_is_told_of_the_file(code: str) -> None:
    assert not isinstance(told(answer(code)), StoreAccessError)


def test_an_etag_is_the_same_whether_it_is_weak() -> None:
    listed = {"Contents": [{"ETag": 'W/"a"', "Key": "W/"}, {"Key": "b"}]}
    assert with_strong_etags(listed) == {"Contents": [{"ETag": '"a"', "Key": "W/"}, {"Key": "b"}]}
    assert (
        with_strong_etags({"ETag": 'W/"a"'})
        == with_strong_etags({"ETag": '"a"'})
        == {"ETag": '"a"'}
    )
    assert with_strong_etags({}) == {}


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (botocore.NoCredentialsError(), "no credentials"),
        (botocore.ProfileNotFound(profile=CANARY), "profile"),
        (botocore.ParamValidationError(report=CANARY), "not understood"),
        (FileExpired(CANARY, CANARY), "changed while it was read"),
        (OSError(errno.EIO, CANARY), "input/output error"),
    ],
    ids=lambda each: type(each).__name__,
)
def test_what_will_not_mend_itself_says_what_to_do(error: Exception, said: str) -> None:
    refused = told(error)
    assert isinstance(refused, SourceError)
    assert said in str(refused)


def test_our_own_defects_pass_as_what_they_are() -> None:
    with pytest.raises(AssertionError), reading("s3://bucket/key"):
        raise AssertionError


def test_a_bucket_is_reached_with_the_profile_that_the_environment_names() -> None:
    named = {"ANON_S3_PROFILE_MY_IN_BOX": "clinic"}
    assert options("s3://my-in.box/key", named)["profile"] == "clinic"
    assert "profile" not in options("s3://other/key", named)


# -- addresses -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        f"s3://AKIA:{CANARY}@bucket/t.csv",
        f"s3://AKIA:{CANARY}/{CANARY}@bucket/t.csv",
        f"sftp://me:{CANARY}@host/t.csv",
        f"https://host/t.csv?X-Amz-Signature={CANARY}",
        f"https://host/t.csv?a=b&sig={CANARY}",
        f"simplecache::s3://{CANARY}/t.csv",
    ],
)
@pytest.mark.parametrize("kind", [Source, Target, TreeRule])
def test_an_address_that_holds_a_secret_or_makes_a_copy_is_refused_unseen(
    kind: Any, path: str
) -> None:
    paths = [path, ("a.csv", path)] if kind is Source else [path]
    for each in paths:
        with pytest.raises(RequestError) as caught:
            parse_request_part(kind, {"path": each}, "here")
        assert [problem.path for problem in caught.value.problems] == ["here.path"]
        assert CANARY not in str(caught.value)


@pytest.mark.parametrize(
    "path", ["s3://bucket/a@b:c.csv", "http://host:80/a@b.csv", "a:b@c.csv", "s3://bucket/k?=1.csv"]
)
def test_an_address_without_a_secret_is_taken_as_it_is(path: str) -> None:
    assert Source(path=path).path == path


# -- the list of parts -----------------------------------------------------------------------

NAMES = st.lists(st.from_regex(r"\Apart-[0-9]{5}\.of-job\.[0-9a-f]{8}\.csv\Z"), unique=True)


@given(NAMES, NAMES)
def test_those_parts_are_the_table_that_the_list_names(mine: list[str], others: list[str]) -> None:
    found = {*mine, *others}
    assert manifest.whole("folder", found, manifest.text(mine)) == mine
    if mine:
        with pytest.raises(SourceError, match=f"lacks {len(mine)} of the {len(mine)} parts"):
            manifest.whole("folder", set(others) - set(mine), manifest.text(mine))


@pytest.mark.parametrize("success", [b"", b'{"filenames": ["x"]}', b"[1]", b"\xff"])
def test_a_folder_of_another_program_is_read_whole(success: bytes) -> None:
    names = ["part-00000-0a1b-c000.csv", "part-00001.snappy.parquet", "part-00002.csv"]
    assert manifest.whole("folder", names, success) == names
    with pytest.raises(SourceError, match="1 parts of a release that was never completed"):
        manifest.whole("folder", [*names, "part-00000.of-job.0123abcd.csv"], success)


def test_the_rules_of_a_bucket_that_a_page_shows_are_understood(project_folder: Path) -> None:
    text = (project_folder / "docs" / "s3.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    operation = (
        get_session().get_service_model("s3").operation_model("PutBucketLifecycleConfiguration")
    )
    asked = operation.input_shape.members["LifecycleConfiguration"]
    assert not ParamValidator().validate(json.loads(block), asked).has_errors()


@pytest.mark.parametrize("page", ["s3.md", "stores.md", "arrivals.md"])
def test_the_requests_that_a_page_shows_are_valid(page: str, project_folder: Path) -> None:
    text = (project_folder / "docs" / page).read_text(encoding="utf-8")
    for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL):
        request = parse_request(parse_yaml(block, name="the example"))
        assert store_of(request.inputs[0]).appears_whole
