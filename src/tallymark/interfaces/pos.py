"""`pos` and `pos_manual`: a text with a tag for some or all of its words, to judge or to correct.

A tag is a span with a label, as in `ner` and `ner_manual`; a word has one.
"""

from dataclasses import replace

from tallymark.interfaces.ner import NER
from tallymark.interfaces.ner_manual import NER_MANUAL

__all__ = ["POS", "POS_MANUAL"]

POS = replace(NER, view_id="pos")
POS_MANUAL = replace(NER_MANUAL, view_id="pos_manual")
