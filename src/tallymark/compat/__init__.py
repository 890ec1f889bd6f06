"""Run recipes that were written for Prodigy.

`enable()` lets `import prodigy…` find the modules below `tallymark.compat.prodigy`. The command line does so
by itself; a script of your own calls it before it imports such recipes.
"""

from tallymark.compat.finder import disable, enable

__all__ = ["disable", "enable"]
