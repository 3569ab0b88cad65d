"""Residual disclosure: what a release tells although every promise holds."""

from anon_dagster.residual.result import Finding, ResidualDisclosure

__all__ = ["Finding", "ResidualDisclosure"]
