"""Where the parts of a table are worked on; what comes out does not depend on it.

Work is a function of a module and plain data. An engine runs it on each of many jobs and gives the
results in the order of the jobs; whoever asks joins them. Nobody but this package knows of threads
or of a cluster.

::

    engine     what an engine does, and which one is in use
    local      threads of this process
    dask       processes of a cluster, this machine's or others
    sent       work that is on a cluster, until it is done or called off
    tree       results that are joined where they are
    cluster    reached or started, and fit for the work
    on_worker  what its processes run, which never raises
    sealed     what travels, and shows nothing of what is in it
    memory     what is free, given back to the machine
    settings   what can be set, as an argument or in the environment
"""

from anon_dagster.engine.engine import Engine, EngineLike, in_use, keeping, opened, using
from anon_dagster.engine.local import LocalEngine
from anon_dagster.engine.on_worker import checkpoint
from anon_dagster.engine.settings import EngineSettings

__all__ = [
    "Engine",
    "EngineLike",
    "EngineSettings",
    "LocalEngine",
    "checkpoint",
    "in_use",
    "keeping",
    "opened",
    "using",
]
