"""A text that is read from the right to the left, with a choice below it."""

from tallymark import recipe

TEXTS = ["ירושלים של זהב ושל נחושת ושל אור", "חיפה עיר על הים"]
OPTIONS = [{"id": "song", "text": "שיר"}, {"id": "sentence", "text": "משפט"}]
BLOCKS = [
    {"view_id": "ner_manual", "labels": ["מקום", "אדם"]},
    {"view_id": "choice", "text": None, "options": OPTIONS},
]


@recipe("pages.right_to_left")
def right_to_left(dataset: str):
    """Mark names, and say what it is."""
    return {
        "dataset": dataset,
        "view_id": "blocks",
        "stream": [{"text": text} for text in TEXTS],
        "config": {"blocks": BLOCKS, "writing_dir": "rtl", "lang": "he"},
    }
