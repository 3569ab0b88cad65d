"""Results that are joined by the processes of a cluster, level by level, and stay there meanwhile.

Whoever asks is told little of each result. The cluster makes a result that is lost with its worker
anew, of what it came from; where it cannot, the jobs below are done once more.
"""

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from anon_dagster.engine import on_worker
from anon_dagster.engine.on_worker import Failed, Told
from anon_dagster.engine.sealed import Sealed
from anon_dagster.engine.sent import Sent, require_another_try

if TYPE_CHECKING:
    from distributed import Future

_JOINED = 8
"""How many results are joined at a time."""
_MOST_BYTES = 2**24
"""A result of more bytes is not joined further by a worker: it hardly shrinks, and would take the
memory of all those that it came from. It comes to whoever asks, who has files for it."""


@dataclass(slots=True)
class _Node:
    """A result: of a job, or of the results below it."""

    number: int
    job: Sealed | None = None
    below: Sequence["_Node"] = ()
    level: int = 0
    tries: int = 1
    kept: "Future[Any] | None" = None
    told: "Future[Any] | None" = None

    @property
    def numbers(self) -> str:
        """Which jobs it came from, as a person counts them."""
        more = " and those that are joined with it" if self.below else ""
        return f"{self.number + 1:,}{more}"

    @property
    def with_all_kept(self) -> Iterator["_Node"]:
        """The node, and those below it that are kept."""
        yield self
        for each in self.below:
            if each.kept is not None:
                yield from each.with_all_kept

    def let_go_below(self) -> None:
        """Let the cluster forget the results below."""
        for each in self.below:
            if each.kept is not None:
                each.let_go_below()
                each.kept = None


class Tree:
    """Jobs that are on a cluster, and what is joined of their results."""

    def __init__(self, sent: Sent) -> None:
        """Begin with no job."""
        self.leaves: deque[_Node] = deque()
        """Jobs that nothing was told of yet."""
        self.joins: deque[_Node] = deque()
        """Joined results that nothing was told of yet."""
        self._sent = sent
        self._ready: dict[int, list[_Node]] = defaultdict(list)
        self._taken: _Node | None = None

    def begin(self, number: int, job: Sealed) -> None:
        """Begin a job."""
        leaf = _Node(number, job)
        self.leaves.append(leaf)
        self._begin(leaf)

    def next_told(self) -> tuple[Sequence[Any], Sequence[Any]]:
        """Wait for the next job, or for what is joined, and return what is told, and results."""
        told: list[Any] = []
        results: list[Any] = []
        waiting = [self.leaves] if self.leaves else [self.joins]
        while waiting:
            node = self._taken = waiting.pop().popleft()
            news: Told = self._value(node)
            told.append(news.value)
            results += self._placed(node, news.bytes)
            self._taken = None
            if self.joins and self.joins[0].told is not None and self.joins[0].told.done():
                waiting = [self.joins]
        return told, results

    def remaining(self) -> Iterator[tuple[Sequence[Any], Sequence[Any]]]:
        """Return the results that there is nothing left to join with."""
        for nodes in self._ready.values():
            while nodes:
                yield [], [self._fetched(nodes[-1])]
                nodes.pop()

    def close(self) -> None:
        """Call off what is not done, and let go what is kept."""
        nodes = [*self.leaves, *self.joins, *([self._taken] if self._taken else [])]
        ready = [node for nodes in self._ready.values() for node in nodes]
        known = [each for node in (*nodes, *ready) for each in node.with_all_kept]
        self._sent.close([f for node in known for f in (node.kept, node.told) if f is not None])
        for node in known:
            node.kept = node.told = None
        self._taken = None
        self.leaves.clear()
        self.joins.clear()
        self._ready.clear()

    def _begin(self, node: _Node) -> None:
        node.kept = self._submitted(node)
        node.told = self._sent.tell(node.kept)

    def _submitted(self, node: _Node) -> "Future[Any]":
        if node.job is not None:
            return self._sent.submit(on_worker.keep, node.job)
        for each in node.below:
            if each.kept is None:
                each.kept = self._submitted(each)
        below = [each.kept for each in node.below if each.kept is not None]
        return self._sent.submit(on_worker.join, below, more="joined")

    def _value(self, node: _Node) -> Any:  # noqa: ANN401 (of any work)
        """Wait for what is told of a result, or for itself, and try once more if need be."""
        while isinstance(outcome := self._outcome(node), Failed):
            require_another_try(outcome, node.tries, self._sent.kind, node.numbers)
            node.tries += 1
            node.let_go_below()  # it may be what failed
            is_told = node.told is not None
            self._begin(node)
            node.told = node.told if is_told else None
        node.tries = 1
        node.let_go_below()  # the cluster knows how it was made, and makes it again if need be
        return outcome.value

    def _outcome(self, node: _Node) -> on_worker.Outcome:
        future = node.kept if node.told is None else node.told
        result = Failed(None, "nothing") if future is None else self._sent.result(future)
        if isinstance(result, Failed):
            return result
        if isinstance(result, Sealed):
            told: on_worker.Outcome = result.content
            return told
        outcome, kept = result
        return outcome.content if kept is None else on_worker.Done(kept.unpacked())

    def _placed(self, node: _Node, size: int) -> Sequence[Any]:
        """Let a result be joined with others of its level, or return it."""
        node.told = None
        if not size:
            return []
        if size > _MOST_BYTES:
            return [self._fetched(node)]
        ready = self._ready[node.level]
        ready.append(node)
        if len(ready) == _JOINED:
            above = _Node(ready[0].number, below=tuple(ready), level=node.level + 1)
            self.joins.append(above)
            ready.clear()
            self._begin(above)
        return []

    def _fetched(self, node: _Node) -> Any:  # noqa: ANN401 (of any work)
        node.told = None
        result = self._value(node)
        node.kept = None
        return result
