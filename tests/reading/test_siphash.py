"""SipHash of numbers is that of their bytes, as its authors and pandas compute it."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.core.residual.alone import mixed
from anon_dagster.reading.siphash import hash_numbers

KEY = "0123456789abcdef"


def test_the_published_vector_of_eight_bytes() -> None:
    # The key and the message are the bytes 0, 1, 2 … of the authors' reference implementation.
    number = np.frombuffer(bytes(range(8)), "<i8")
    key = bytes(range(16)).decode("ascii")
    assert hash_numbers(number, key)[0] == 0x93F5F5799A932462


@given(st.lists(st.text(st.characters(max_codepoint=127), min_size=8, max_size=8), min_size=1))
def test_numbers_hash_as_texts_of_the_same_bytes(texts: list[str]) -> None:
    numbers = np.frombuffer("".join(texts).encode("ascii"), "<i8")
    expected = pd.util.hash_array(np.array(texts, dtype=object), hash_key=KEY, categorize=False)
    assert mixed(hash_numbers(numbers, KEY)).tolist() == expected.tolist()  # as pandas ends


def test_as_many_as_there_are_have_the_hash_that_each_has_alone() -> None:
    numbers = np.random.default_rng(0).integers(-(10**18), 10**18, 40_000)
    hashes = hash_numbers(numbers, KEY)
    chosen = [0, 16_383, 16_384, 39_999]
    assert hashes[chosen].tolist() == [hash_numbers(numbers[[n]], KEY)[0] for n in chosen]
    assert len(np.unique(hashes)) == len(np.unique(numbers))
    assert not len(hash_numbers(numbers[:0], KEY))
