"""A text, a choice below it, and a field for what the choice does not say."""

from tallymark import recipe

TEXTS = ["The delivery came late, but the driver was very kind.", "Never again."]
TONES = [{"id": tone, "text": tone.title()} for tone in ("positive", "mixed", "negative")]
BLOCKS = [
    {"view_id": "text"},
    {"view_id": "choice", "text": None, "options": TONES},
    {"view_id": "text_input", "text": None, "field_id": "why", "field_label": "Why?", "field_rows": 2},
]


@recipe("pages.choice_and_text")
def choice_and_text(dataset: str):
    """What is the tone, and why?"""
    return {
        "dataset": dataset,
        "view_id": "blocks",
        "stream": [{"text": text} for text in TEXTS],
        "config": {"blocks": BLOCKS},
    }
