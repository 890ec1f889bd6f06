"""What older versions of spaCy had, for recipes that were written for them, and its pipelines by any name.

Each use is announced, so that it can be counted: a recipe that needs it does not run with the spaCy of today,
whatever serves it.
"""

import itertools
import os
import random
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

__all__ = ["HOOKS"]

NAMES = ("Ada Lovelace", "Tim Cook", "Acme", "Apple", "London", "Oslo", "thing")


def announce(what: str) -> None:
    """Say it once, for the runner."""
    print(f"OLDER SPACY: {what}", file=sys.stderr, flush=True)


def in_util(module: Any) -> None:
    """`load_model` with our own pipeline in place of those that are not installed, and `itershuffle`."""
    load = module.load_model

    def load_model(name: Any, **options: Any) -> Any:
        try:
            return load(name, **options)
        except OSError:
            return load(os.environ["COMPAT_PIPELINE"], **options)

    def itershuffle(items: Iterable[Any], bufsize: int = 1000) -> Iterator[Any]:
        announce("util.itershuffle")
        items = iter(items)
        while held := list(itertools.islice(items, bufsize)):
            random.shuffle(held)
            yield from held

    module.load_model, module.itershuffle = load_model, itershuffle


def in_language(module: Any) -> None:
    """Components as objects, `update` with texts and annotations, and texts of any kind."""
    language = module.Language
    add_pipe, update, make_doc = language.add_pipe, language.update, language.make_doc

    def add(self: Any, component: Any, *given: Any, **named: Any) -> Any:
        if isinstance(component, str):
            return add_pipe(self, component, *given, **named)
        announce("add_pipe with a component")
        return add_pipe(self, getattr(component, "name", None) or component.__name__, *given, **named)

    def learn(self: Any, examples: Any, annotations: Any = None, **named: Any) -> Any:
        if annotations is None:
            return update(self, examples, **named)
        announce("update with texts and annotations")
        from spacy.training import Example

        pairs = zip(examples, annotations, strict=True)
        return update(self, [Example.from_dict(self.make_doc(text), known) for text, known in pairs], **named)

    def make(self: Any, text: Any) -> Any:
        return make_doc(self, str(text))

    language.add_pipe, language.update, language.make_doc = add, learn, make


def in_kb(module: Any) -> None:
    """A `KnowledgeBase` that can be made, and holds a few names whatever file it is read from."""
    if "KnowledgeBase(" not in Path(os.environ["COMPAT_FILE"]).read_text():
        return

    class KnowledgeBase(module.InMemoryLookupKB):  # type: ignore[misc, name-defined]
        """Of the time when it was not abstract."""

        def __init__(self, vocab: Any, entity_vector_length: int) -> None:
            announce("KnowledgeBase")
            super().__init__(vocab, entity_vector_length)

        def from_disk(self, *_given: Any, **_named: Any) -> None:
            for number, name in enumerate(NAMES, start=1):
                self.add_entity(f"Q{number}", 1, [float(number)] * self.entity_vector_length)
                for alias in {name, name.lower()}:
                    self.add_alias(alias, [f"Q{number}"], [1.0])

        load_bulk = from_disk

        def get_candidates(self, mention: Any) -> Any:
            return self.get_alias_candidates(str(mention))

    module.KnowledgeBase = KnowledgeBase


HOOKS = {"spacy.util": in_util, "spacy.language": in_language, "spacy.kb": in_kb}
