"""Files that arrive: which are new, whose turn it is, and what became of each.

Every version of a file is released once, across restarts, retries and ticks that run at the same
time: the registry remembers each, and gives it to one run at a time.
"""

from anon_dagster.arrivals.arrival import Arrival, State
from anon_dagster.arrivals.inbox import Inbox
from anon_dagster.arrivals.registry import Registry
from anon_dagster.arrivals.tick import Batch, RunState, Tick, plan_tick

__all__ = ["Arrival", "Batch", "Inbox", "Registry", "RunState", "State", "Tick", "plan_tick"]
