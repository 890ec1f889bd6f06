"""Measures of annotated data: pure functions of values, which know nothing of datasets or servers."""

from tallymark.metrics.agreement import Agreement, agreement

__all__ = ["Agreement", "agreement"]
