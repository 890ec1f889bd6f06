"""Scriptable data annotation in which every record is accounted for."""

__version__ = "0.1.0"
