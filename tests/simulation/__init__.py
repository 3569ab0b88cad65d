"""A deterministic simulation of arrivals, the queue, publishing and stores.

What is real
    All of ``anon_dagster`` that decides, writes, publishes, withdraws, sweeps and remembers:
    ticks, the registry and the ledger in their SQLite files, the queue of the host, announcements,
    staging and publishing onto a real disk, housekeeping, retention.
What is simulated
    Processes (:mod:`tests.simulation.scheduler`), which are threads that take turns; their disk as
    far as it is full or they die at it (:mod:`tests.simulation.effects`); a store that speaks S3
    (:mod:`tests.simulation.store`); the history that Dagster keeps, and what its daemon does with a
    tick (:mod:`tests.simulation.history`, :mod:`tests.simulation.runs`); the time; ids.
What is left out
    Counting and deciding are done once for each table. Whole clusters, linked tables, webhooks.

A seed draws everything: who does what and when, what fails, who dies at which step. Then nothing
fails any more, and it must become quiet. What must hold at each step:

- What lies at a target is the whole release of one table, or nothing.
- The release of a table that breaks a promise never lies there.
- What is published is of a version that its run has, so none is published again once it is
  released; and what is taken away is not released.
- No two processes release the same table at once; no more jobs run at once than may, none of them
  twice, and none that was aborted while it waited.

And once it is quiet:

- Every version of a file that was ever seen is released, set aside or gone; every job is over.
- What lies at a target is of a version that was released, of a job that is completed: the last one.
- Each has its line in the ledger, which says the same.
- Jobs began in the order in which they came.
- Beside the targets lies nothing, no upload is left, and of deleted jobs nothing is left but what
  they published. Of a run that was deleted a part of a store's folder may be left that was replaced
  and could not be removed then: nobody knows any more that its run is over.
- Where nothing failed, nothing was set aside and no job failed but what is unfit.
- No message holds a cell.
"""
