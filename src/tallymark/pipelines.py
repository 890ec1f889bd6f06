"""spaCy pipelines by name, with errors that say what is there instead."""

import pkgutil
import re
from typing import TYPE_CHECKING, Any

from tallymark.errors import InputError
from tallymark.registry import did_you_mean

if TYPE_CHECKING:
    from spacy.language import Language

__all__ = ["advise", "load_pipeline"]


def load_pipeline(name: "str | Language") -> "Language":
    """A pipeline: `blank:en` (only a tokenizer), an installed package, a folder, or one already loaded.

    Raises `InputError` naming what is installed when there is no such pipeline.
    """
    if not isinstance(name, str):
        return name
    if name.startswith("blank:"):
        blank: Language = _blank(name.removeprefix("blank:"))
        return blank
    import spacy

    try:
        return spacy.load(name)
    except OSError as error:
        installed = spacy.util.get_installed_models()
        raise InputError(f'There is no pipeline "{name}". {_instead(name, installed)}') from error
    except Exception as error:
        raise InputError(f'The pipeline "{name}" could not be loaded: {error}') from error


def advise(error: OSError) -> None:
    """Add to spaCy's own error for a pipeline that is not there what there is, and how to install it."""
    missing = re.match(r"\[E050\] Can't find model '([^']+)'", str(error))
    if missing is not None:
        import spacy

        error.add_note(_instead(missing[1], spacy.util.get_installed_models()))


def _blank(language: str) -> Any:
    import spacy

    try:
        return spacy.blank(language)
    except ImportError as error:
        import spacy.lang

        languages = [module.name for module in pkgutil.iter_modules(spacy.lang.__path__) if module.ispkg]
        if language in languages:
            raise InputError(f"blank:{language} needs more to be installed: {error}") from error
        raise InputError(
            f'spaCy has no language "{language}".{did_you_mean(language, languages)}'
            " Write its code, such as blank:en or blank:de; blank:xx is for any language."
        ) from error


def _instead(name: str, installed: list[str]) -> str:
    if not installed:
        return (
            "None is installed. To split texts into words blank:en is enough;"
            f" `python -m spacy download {name}` installs a trained one."
        )
    hint = did_you_mean(name, installed)
    return f"Installed are {', '.join(sorted(installed))}; blank:en only splits texts.{hint}"
