"""Settings: what they are called, what they mean, and where each value came from.

Order, later wins: defaults < home `prodigy.json` < home `tallymark.toml` < project `prodigy.json` < project
`tallymark.toml` < the recipe's `config` < PRODIGY_* < TALLYMARK_* < command line and `serve(**config)`.
Unknown names are errors in our files, variables and options; in `prodigy.json` and a recipe's `config` they
are kept and passed to the page, because templates and scripts of a recipe may read them.

    documents   one settings file, with the line of every key
    places      which files are looked for
    prodigy     the vocabulary of prodigy.json
    settings    every setting
    words       what a setting accepts, and how a wrong one is mended
    resolve     all places together
    current     those of the run that is on
    schema      the same definitions for editors
"""

from tallymark.config.current import current_settings, with_settings
from tallymark.config.given import Given, Resolution
from tallymark.config.places import Files, Stray
from tallymark.config.prodigy import IGNORED, NOT_YET, PAGE_KEYS
from tallymark.config.resolve import resolve
from tallymark.config.settings import PREFIX, Settings, default_home, group_of
from tallymark.config.words import expected

__all__ = [
    "IGNORED",
    "NOT_YET",
    "PAGE_KEYS",
    "PREFIX",
    "Files",
    "Given",
    "Resolution",
    "Settings",
    "Stray",
    "current_settings",
    "default_home",
    "expected",
    "group_of",
    "resolve",
    "with_settings",
]
