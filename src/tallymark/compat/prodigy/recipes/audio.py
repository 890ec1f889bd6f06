"""`prodigy.recipes.audio`."""

from tallymark.recipes.audio import manual, remove_base64, transcribe

__all__ = ["manual", "remove_base64", "transcribe"]
