"""Vectors of k-anonymity, average risk and uniqueness."""

import random
from collections.abc import Iterator

from vectors.exact.sizes import average_risk, sample_uniqueness
from vectors.exact.tables import Cell, Promise, Vector, sizes
from vectors.making.tables import above, around, below, of_counts, of_sizes

_LOOKALIKES = {
    "an asterisk": ("*", "**"),
    "an interval": ("[1, 5)", "[1, 5]"),
    "the text NA": ("NA", "N/A"),
    "the text null": ("null", "NULL"),
    "the text nan": ("nan", "NaN"),
    "the text None": ("None", "none"),
    "a hyphen": ("-", "–"),
    "a blank": (" ", "  "),
    "a truth value": ("true", "True"),
    "a formula": ("=1+1", "=1+2"),
    "a quote": ('"', '""'),
    "a separator": ("a,b", "a;b"),
    "a line's end": ("a\nb", "a b"),
    "upper and lower case": ("ward a", "ward A"),
    "trailing blanks": ("ward", "ward "),
    "an accent in one sign or in two": ("caf\u00e9", "cafe\u0301"),
    "look-alike letters of two alphabets": ("A1", "\u0391\u0031"),
    "codes with idle zeros": ("007", "0007"),
    "digits beyond a float": ("x9007199254740993", "x9007199254740992"),
}


def k(bound: int) -> Promise:
    """Ask for k-anonymity."""
    return {"model": "k_anonymity", "k": bound}


def of_sizes_of_classes() -> Iterator[Vector]:
    """Make the vectors."""
    yield from _labels()
    yield from _shapes()
    yield from _many()
    yield from _risks()
    yield from _random()


def _table(name: str, why: str, rows: list[tuple[Cell, ...]], *promises: Promise) -> Vector:
    columns = tuple(f"q{i + 1}" for i in range(len(rows[0]) if rows else 2))
    return Vector(name, why, columns, tuple(rows), columns, promises)


def _labels() -> Iterator[Vector]:
    rows: list[tuple[Cell, ...]]
    for i, (what, (one, other)) in enumerate(_LOOKALIKES.items()):
        rows = [*[(one, "x")] * 3, *[(other, "x")] * 2]
        why = (
            f"Labels that are or hold {what}: two classes, of three and of two records. Whoever "
            "takes one for a missing value, for a suppressed record or for the other counts five."
        )
        yield _table(f"k-anonymity/label-{i:02d}", why, rows, k(2), k(3))
    rows = [(None, "x")] * 2 + [("a", "x")] * 2
    why = "A missing label is a label like any other; dropping its records leaves one class."
    yield _table("k-anonymity/missing", why, rows, k(2), k(3))
    rows = [(None, "x"), (None, "x"), ("a", "x"), ("a", "x"), ("b", None)]
    why = "One record is alone by a missing label; whoever drops it says that 2-anonymity holds."
    yield _table("k-anonymity/missing-alone", why, rows, k(2))
    rows = [(None, None)] * 3 + [(None, "a")] * 3
    why = "Records with no label at all are a class."
    yield _table("k-anonymity/all-missing", why, rows, k(3), k(4))


def _shapes() -> Iterator[Vector]:
    why = "A table without records breaks nothing."
    yield _table("k-anonymity/empty", why, [], k(2))
    why = "A single record is never hidden."
    yield _table("k-anonymity/single", why, [("a", "b")], k(2))
    why = "All records are alike: exactly k of them."
    yield _table("k-anonymity/one-class", why, [("a", "b")] * 7, k(7), k(8))
    rows: list[tuple[Cell, ...]] = [("a", "bc"), ("ab", "c")] * 2
    why = "Two columns that read alike when they are glued together are two classes of two."
    yield _table("k-anonymity/glued", why, rows, k(2), k(3))
    rows = [("a,b", "c"), ("a", "b,c")] * 2
    why = "The same with the separator that somebody glues by."
    yield _table("k-anonymity/glued-by-comma", why, rows, k(2), k(3))
    rows = [("a|b", "c"), ("a", "b|c")] * 2
    why = "The same with another separator."
    yield _table("k-anonymity/glued-by-bar", why, rows, k(2), k(3))
    rows = [("a", "b"), ("b", "a")] * 2
    why = "Labels that change places between columns: two classes, though the same set of labels."
    yield _table("k-anonymity/exchanged", why, rows, k(2), k(3))
    rows = [("a", "x"), ("b", "y"), ("a", "x"), ("b", "y"), ("a", "x")]
    why = "Equal records that do not stand together are still one class."
    yield _table("k-anonymity/unsorted", why, rows, k(2), k(3))
    rows = [(a, b) for a in "abcd" for b in "wxyz"]
    why = "Each column alone hides every record four times; together they hide none."
    yield _table("k-anonymity/crossed", why, rows, k(2))
    rows = [("1", "x"), ("1.0", "x"), ("1", "x"), ("1.0", "x")]
    why = "Labels are text: 1 and 1.0 are two classes of two, so that no reader sees smaller ones."
    yield _table("k-anonymity/spellings", why, rows, k(2), k(4))
    rows = [("1", "x"), ("01", "x"), ("1", "x")]
    why = "A label with an idle zero is another text, and alone."
    yield _table("k-anonymity/idle-zero", why, rows, k(2))


def _many() -> Iterator[Vector]:
    for power in (31, 32, 33, 40):
        why = (
            f"A class of 2^{power} + 1 records beside one of two: a counter of 32 bits sees a "
            "negative number, or one record."
        )
        classes = [{"a": 2**power + 1}, {"a": 2}]
        promises = (
            k(2),
            k(3),
            {"model": "average_risk", "risk": 1e-9},
            {"model": "average_risk", "risk": 1e-6},
        )
        yield of_counts(f"k-anonymity/many-{power}", why, classes, promises)
    why = "2^31 classes' worth of records in two rows of one class: counts are added up."
    one = Vector(
        "k-anonymity/added-up",
        why,
        ("group", "value", "records"),
        (("c0", "a", str(2**31)), ("c0", "b", str(2**31)), ("c1", "a", "1")),
        ("group",),
        (
            k(2),
            {"model": "sample_uniqueness", "share": 2.4e-10},
            {"model": "sample_uniqueness", "share": 2.3e-10},
        ),
        count="records",
    )
    yield one


def _risks() -> Iterator[Vector]:
    def risk(bound: float) -> Promise:
        return {"model": "average_risk", "risk": bound}

    def unique(bound: float) -> Promise:
        return {"model": "sample_uniqueness", "share": bound}

    why = "Two classes of ten records: the mean risk is exactly 2 / 10, and a hair below is broken."
    yield of_sizes("average-risk/exact", why, [3, 7], [risk(0.2), risk(below(0.2))])
    why = "The mean over records, classes / records, is 0.2; the mean over classes would be larger."
    yield of_sizes("average-risk/not-over-classes", why, [1, 9], [risk(0.2), risk(0.5)])
    why = "Three classes of ten: 0.1 + 0.1 + 0.1 is above 0.3 in floats, but not in numbers."
    yield of_sizes("average-risk/tenths", why, [3, 3, 4], [risk(0.3), risk(below(0.3))])
    why = "A table without records has no risk."
    yield of_sizes("average-risk/empty", why, [], [risk(0.01), unique(0)])
    why = "A single record is found by everybody."
    yield of_sizes("average-risk/single", why, [1], [risk(0.999), unique(0.999)])
    why = "Nobody is alone, and a share of 0 is asked for."
    yield of_sizes("sample-uniqueness/none", why, [2, 2], [unique(0)])
    why = "One of ten is alone: exactly a tenth, which no float is."
    yield of_sizes("sample-uniqueness/tenth", why, [1, 9], [unique(0.1), unique(below(0.1))])
    why = "Three of thirty: the same tenth by another fraction."
    yield of_sizes("sample-uniqueness/three", why, [1, 1, 1, 27], [unique(0.1), unique(0.09)])
    why = "A third is no decimal number: the bounds of 15 digits around it part yes from no."
    promises = [unique(bound) for share in [0.333333333333333] for bound in (share, above(share))]
    yield of_sizes("sample-uniqueness/third", why, [1, 2], promises)


def _random() -> Iterator[Vector]:
    dice = random.Random("sizes")
    for i in range(14):
        drawn = [dice.choice([1, 1, 2, 3, 5, 8, 13]) for _ in range(dice.randint(1, 9))]
        of = of_sizes("", "", drawn, [])
        risks, shares = average_risk(sizes(of)), sample_uniqueness(sizes(of))
        least = min(drawn)
        promises = [
            *(k(bound) for bound in sorted({max(least, 2), least + 1})),
            *({"model": "average_risk", "risk": b} for b in around(risks, 1e-9, 0.999)),
            *({"model": "sample_uniqueness", "share": b} for b in around(shares, 0, 0.999)),
        ]
        why = f"Random classes of {sum(drawn)} records, with the bounds of 15 digits around theirs."
        yield of_sizes(f"sizes/random-{i:02d}", why, drawn, promises)
