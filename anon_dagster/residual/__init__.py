"""Residual disclosure: what a release tells although every promise holds."""

from anon_dagster.residual.result import Finding, ResidualDisclosure, TriedAttack

__all__ = ["Finding", "ResidualDisclosure", "TriedAttack"]
