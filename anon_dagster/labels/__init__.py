"""What the labels of a release stand for, as numbers and dates that a program can compute with.

>>> from anon_dagster import labels
>>> label = labels.parse("[20, 30)")
>>> label.kind, label.lower, label.upper, label.midpoint
('interval', 20.0, 30.0, 25.0)

============  ======================================  =============================================
kind          label                                   stands for
============  ======================================  =============================================
``interval``  ``[20, 30)``, ``< 18``, ``>= 90``       numbers from the first on, below the second
``range``     ``[23, 29]``, ``a .. d``                values from one to another, both included
``set``       ``{a, b}``                              these values
``period``    ``2024-05-17``, ``2024-05``,            a day with all of its times; the days of a
              ``2024-Q2``, ``2024-H1``,               month, a quarter, half a year, of years; of a
              ``2020/2029``                           year by itself only where values are dates
``anything``  ``*``                                   any value of the column
``missing``   missing                                 no value
``value``     ``42``, ``flu``, ``123**``              itself; also the name of a group
============  ======================================  =============================================

A number by itself has the decimal mark of the release; within brackets and braces, and beside
``..``, it has a point. More in ``docs/labels.md``.
"""

from anon_dagster.labels.reading import LabelReader, ParsedLabel, parse, reader_of
from anon_dagster.labels.tables import bounds, midpoints

__all__ = ["LabelReader", "ParsedLabel", "bounds", "midpoints", "parse", "reader_of"]
