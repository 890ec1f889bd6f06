"""`prodigy.components.openai`: what recipes for language models share."""

from typing import Final

__all__ = ["GLOBAL_STYLE"]

GLOBAL_STYLE: Final = """
.cleaned { text-align: left; font-size: 14px; }
.cleaned pre { background-color: #eee; padding: 15px 20px; white-space: pre-wrap; }
"""
"""Style for templates that show prompts and replies."""
