"""Public vectors of privacy models, put to a tool: which of its answers are right.

``python -m anon_dagster.vectors --tool ours`` prints a table. The vectors lie in the project's
folder ``vectors``, which no wheel has: an installed package is given it by ``--vectors``.
"""

from anon_dagster.vectors.score import Score, Tool, score
from anon_dagster.vectors.stored import StoredVector, stored_vectors

__all__ = ["Score", "StoredVector", "Tool", "score", "stored_vectors"]
