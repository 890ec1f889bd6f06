"""`html`: markup, or any fields in a template of the recipe, to accept or reject.

What scripts of the recipe write into the task is kept but takes no part in agreement.
"""

from tallymark.interfaces.interface import Interface, content_problem

__all__ = ["HTML"]

HTML = Interface("html", "binary", content_problem, settings={"html_template": None})
