"""Targets: written beside their place, read there, and only then moved into it.

What is being written is called ``.<name>.<token>.part`` and lies in the folder of the target, so
that moving it is one step of the file system and two jobs never meet. A target of several parts
is a folder, which changes places with the old one in one step. Where the file system cannot do
that, the old one is put aside as ``.<name>.<token>.old`` and removed once the new one is in its
place; if the machine stops between the two steps, :func:`sweep` brings the old one back.

What other processes write meanwhile lies in the folder ``.<name>.<token>.shelves.part``. What no
job owns, such as a folder that is taken away, has a token that says so, and any job may sweep it.

In a store, what is being written is an upload of several parts that the store shows to nobody
until it is complete. Then it is read where it lies, and copied into its place by the store, which
is one step; several parts become the target together, see :mod:`anon_dagster.storage.manifest`.

::

    preflight    what would keep a target from being written
    formats      a file of records while it is written
    staging      a table beside its target: written, sealed, published or discarded
    publishing   how it comes into its place
    leftovers    what dead jobs left beside it
    holding      where a release waits that a person has to approve
    tables       which targets are tables and no files, and who does all of this for them
"""

from anon_dagster.storage.targets.formats import FileOfRows, after, write_file
from anon_dagster.storage.targets.holding import held_target
from anon_dagster.storage.targets.leftovers import is_published_alone, put_back, sweep
from anon_dagster.storage.targets.preflight import check_target, require_apart
from anon_dagster.storage.targets.publishing import take_away
from anon_dagster.storage.targets.staging import StagedTarget, stage

__all__ = [
    "FileOfRows",
    "StagedTarget",
    "after",
    "check_target",
    "held_target",
    "is_published_alone",
    "put_back",
    "require_apart",
    "stage",
    "sweep",
    "take_away",
    "write_file",
]
