"""A small pipeline, trained on the texts themselves: `python pipeline.py FOLDER texts…`."""

import sys
from typing import Any

import numpy
import spacy
from spacy.training import Example

NAMES = {
    "Ada Lovelace": "PERSON",
    "Tim Cook": "PERSON",
    "Acme": "ORG",
    "Apple": "ORG",
    "London": "GPE",
    "Oslo": "GPE",
}


def main() -> None:
    """Train it on the texts themselves and save it."""
    folder, *texts = sys.argv[1:]
    numpy.random.seed(0)
    nlp = spacy.blank("en")
    for name in ("tagger", "parser", "ner", "textcat", "textcat_multilabel"):
        nlp.add_pipe(name, config={"min_action_freq": 1} if name == "parser" else {})
    examples = [
        Example.from_dict(nlp.make_doc(text), known(nlp.make_doc(text), number))
        for number, text in enumerate(texts)
    ]
    for text in texts:
        for token in nlp.make_doc(text):
            nlp.vocab.set_vector(token.lower_, numpy.random.rand(20).astype("f"))
    nlp.initialize(lambda: examples)
    for _ in range(30):
        nlp.update(examples)
    nlp.to_disk(folder)


def known(doc: Any, number: int) -> dict[str, Any]:
    """What a text holds."""
    text = doc.text
    spans = [
        (text.index(name), text.index(name) + len(name), label)
        for name, label in NAMES.items()
        if name in text
    ]
    return {
        "entities": spans,
        "tags": ["NN" for _ in doc],
        "heads": [max(token.i - 1, 0) for token in doc],
        "deps": ["ROOT" if token.i == 0 else "dep" for token in doc],
        "cats": {"PERSON": float(number % 2 == 0), "ORG": float(number % 2)},
        "words": [token.text for token in doc],
    }


main()
