"""What travels shows nothing of itself."""

import logging
import pickle
from typing import Any

import pytest

from anon_dagster.engine import checkpoint, on_worker
from anon_dagster.engine.on_worker import Done, Failed
from anon_dagster.engine.sealed import Sealed
from anon_dagster.errors import TargetError

CANARY = "canary-1f2e"


def twice(text: str) -> str:
    return text * 2


def fail(text: str) -> str:
    raise ValueError(text)


def refuse(text: str) -> str:
    raise TargetError(f"cannot write {len(text)} letters")


def test_what_is_sealed_comes_out_as_it_went_in_and_describes_itself_in_one_word() -> None:
    sealed = pickle.loads(pickle.dumps(Sealed({"cell": CANARY})))  # noqa: S301 (our own)
    assert repr(sealed) == str(sealed) == "sealed"
    assert sealed.content == {"cell": CANARY}
    assert sealed.content is sealed.content, "it is unpacked once"
    assert sealed.__sizeof__() > len(CANARY)


@pytest.mark.parametrize(
    ("work", "expected"),
    [
        (twice, Done(CANARY * 2)),
        (fail, Failed(None, "ValueError")),
        (len, Done(len(CANARY))),
    ],
)
def test_work_never_raises(work: Any, expected: object, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        outcome = on_worker.run(Sealed(work), Sealed(CANARY), "token")
    assert outcome.content == expected
    assert on_worker.at_work("token") == 0
    assert not caplog.records


def test_an_error_of_ours_is_told_in_its_words() -> None:
    outcome = on_worker.run(Sealed(refuse), Sealed(CANARY), "token").content
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, TargetError)
    assert str(outcome.error) == f"cannot write {len(CANARY)} letters"


def check(_: str) -> str:
    checkpoint()
    return "went on"


def test_work_that_is_called_off_does_not_begin_and_other_work_goes_on() -> None:
    on_worker.call_off("off")
    stopped = on_worker.run(Sealed(check), Sealed(""), "off").content
    assert stopped == Failed(None, "CalledOffError")
    assert on_worker.run(Sealed(check), Sealed(""), "on").content == Done("went on")


def test_this_process_calls_nothing_off() -> None:
    checkpoint()
