"""What is examined: which columns a release has, and what each of them is."""

from dataclasses import dataclass
from functools import cached_property

from anon_dagster.discreet import Discreet
from anon_dagster.request import DirectIdentifier, Policy


@dataclass(frozen=True)
class Subject(Discreet, shown=("released",)):
    """A release before it is examined, as its policy and its decision describe it."""

    policy: Policy
    released: tuple[str, ...]
    """The columns of the release, in their order."""
    readable: tuple[str, ...]
    """The columns of the source that have values."""
    marks: tuple[str, str]
    """The decimal marks of source and release."""

    @property
    def k(self) -> int:
        """The number below which counts are not told, and records are few."""
        rule = self.policy.privacy.k_anonymity
        return 2 if rule is None else rule.k

    @cached_property
    def quasi_identifiers(self) -> tuple[str, ...]:
        """The columns that say how a class reads."""
        return tuple(name for name in self.policy.quasi_identifiers if name in self.released)

    @cached_property
    def identifiers(self) -> tuple[str, ...]:
        """The columns that name people, whose values are known and not released."""
        return tuple(
            name
            for name, attribute in self.policy.attributes.items()
            if isinstance(attribute, DirectIdentifier) and name in self.readable
        )

    @cached_property
    def harmless(self) -> tuple[str, ...]:
        """The columns that are released as they are, and that anybody may know of others."""
        return self._of_role("non_sensitive")

    @cached_property
    def sensitive(self) -> tuple[str, ...]:
        """The columns that are released as they are, and that nobody is to learn of others."""
        return self._of_role("sensitive")

    @property
    def untouched(self) -> tuple[str, ...]:
        """The columns that are released as they are, whoever knows them."""
        return (*self.harmless, *self.sensitive)

    @cached_property
    def guarded(self) -> frozenset[str]:
        """The sensitive columns that a promise is about."""
        return self.policy.privacy.guarded

    def _of_role(self, role: str) -> tuple[str, ...]:
        return tuple(name for name in self.policy.names(role) if name in self.released)
