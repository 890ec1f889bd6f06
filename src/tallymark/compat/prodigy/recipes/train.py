"""`prodigy.recipes.train`: what other recipes take from it."""

import logging
from typing import Final

from tallymark.labels import split_string
from tallymark.recipe import Arg

__all__ = ["RECIPE_ARGS", "set_log_level", "setup_gpu"]

_DATASETS: Final = "Datasets to train {} with, with commas between; those after eval: evaluate"


def _datasets(option: str, short: str, what: str) -> Arg:
    return Arg(option, short, help=_DATASETS.format(what), converter=split_string)


RECIPE_ARGS: Final[dict[str, Arg]] = {
    "ner": _datasets("--ner", "-n", "an entity recogniser"),
    "textcat": _datasets("--textcat", "-tc", "a classifier of one label each"),
    "textcat_multilabel": _datasets("--textcat-multilabel", "-tcm", "a classifier of several labels"),
    "tagger": _datasets("--tagger", "-t", "a tagger"),
    "parser": _datasets("--parser", "-p", "a parser"),
    "senter": _datasets("--senter", "-s", "a sentence splitter"),
    "spancat": _datasets("--spancat", "-sc", "a span categoriser"),
    "coref": _datasets("--coref", "-cf", "a coreference resolver"),
    "eval_split": Arg("--eval-split", "-es", help="Share of the examples to evaluate with", converter=float),
    "config": Arg("--config", "-c", help="Training configuration of spaCy"),
    "base_model": Arg("--base-model", "-m", help="Pipeline to begin with"),
    "lang": Arg("--lang", "-l", help="Language, as the code spaCy uses"),
    "label_stats": Arg("--label-stats", "-L", help="Say how good each label is"),
    "verbose": Arg("--verbose", "-V", help="Say more"),
    "silent": Arg("--silent", "-S", help="Say nothing"),
    "gpu_id": Arg("--gpu-id", "-g", help="Number of the graphics card, or -1 for none", converter=int),
}
"""Descriptions of the arguments of recipes that train, for `recipe(…, ner=RECIPE_ARGS["ner"])`."""


def setup_gpu(gpu_id: int, silent: bool = True) -> None:  # noqa: ARG001
    """Compute on a graphics card of this number, or with -1 on the processor."""
    from spacy.util import registry  # noqa: F401 (spaCy sets thinc up first)
    from thinc.api import require_cpu, require_gpu

    if gpu_id >= 0:
        require_gpu(gpu_id)
    else:
        require_cpu()


def set_log_level(verbose: bool = False, silent: bool = False) -> None:
    """How much spaCy says while it trains."""
    level = logging.ERROR if silent else logging.DEBUG if verbose else logging.INFO
    logging.getLogger("spacy").setLevel(level)
