"""`prodigy.recipes.image`."""

from tallymark.recipes.image import manual as image_manual
from tallymark.recipes.image import remove_base64

__all__ = ["image_manual", "remove_base64"]
