"""`prodigy.errors`: errors that recipes raise and catch."""

from tallymark.errors import InputError, RecipeError, SettingError, TallymarkError

__all__ = ["ConfigError", "ProdigyError", "RecipeError", "ValidationError"]

ProdigyError = TallymarkError
ConfigError = SettingError


class ValidationError(InputError):
    """Tasks do not have the shape they should have."""
