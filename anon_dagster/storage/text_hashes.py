"""Hashes of texts, 64 bits each: to count different ones without keeping them."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

_WORD = 8  # bytes that are mixed in at once
_FACTORS = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9))
_SHIFTS = (np.uint64(29), np.uint64(32))


def text_hashes(texts: pa.StringArray) -> NDArray[np.uint64]:
    """Return the hash of each text, (texts,); none may be missing.

    Each word of a text is mixed in by steps that can be undone [1]_, so that texts of up to eight
    bytes never share a hash with others of their length; two others do with a chance of about
    2^-64. Whoever chooses the texts can make them collide.

    References
    ----------
    .. [1] G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators",
       OOPSLA 2014.
    """
    starts, content = _content(texts)
    lengths = np.diff(starts)
    hashes = lengths.astype(np.uint64) * _FACTORS[0]
    rows: NDArray[np.int64] | slice = slice(None)
    for first in range(0, int(lengths.max(initial=0)), _WORD):
        longer = np.flatnonzero(lengths > first)
        rows = longer if len(longer) < len(lengths) else slice(None)
        hashes[rows] = _mixed(
            hashes[rows], _words(content, starts[:-1][rows] + first, lengths[rows] - first)
        )
    return hashes


def _content(texts: pa.StringArray) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Return where texts begin, and where the last ends; and their bytes, with a word of zeros."""
    assert not texts.null_count, "what is missing has no hash"
    if not len(texts):
        return np.zeros(1, dtype=np.int64), np.zeros(_WORD, dtype=np.uint8)
    _, offsets, content = texts.buffers()
    starts = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    told = np.frombuffer(content, np.uint8)[starts[0] : starts[-1]] if content else starts[:0]
    padded = np.concatenate([told.astype(np.uint8, copy=False), np.zeros(_WORD, dtype=np.uint8)])
    return starts.astype(np.int64) - starts[0], padded


def _words(
    content: NDArray[np.uint8], at: NDArray[np.int64], left: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """Return the next word of each text, (texts,), zeros behind its end."""
    anywhere = np.ndarray((len(content) - _WORD + 1,), "<u8", content, strides=(1,))
    beyond = np.maximum(_WORD - left, 0).astype(np.uint64) * np.uint64(8)
    words: NDArray[np.uint64] = anywhere[at] << beyond
    return words


def _mixed(hashes: NDArray[np.uint64], words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    mixed = hashes ^ words
    for factor, shift in zip(_FACTORS, _SHIFTS, strict=True):
        mixed *= factor
        mixed ^= mixed >> shift
    return mixed
