"""A picture with its caption: say what is wrong, and write a better one."""

from tallymark import recipe

DRAWN = "<rect width='320' height='200' fill='skyblue'/><circle cx='250' cy='50' r='26' fill='gold'/>"
HILLS = "<path d='M0 200V140Q80 70 160 140T320 130V200z' fill='seagreen'/>"
OPENED = "data:image/svg+xml;utf8,<svg xmlns='http://www.w3.org/2000/svg' width='320' height='200'>"
PICTURE = f"{OPENED}{DRAWN}{HILLS}</svg>"
CAPTIONS = ["Snow on the mountains at night.", "A sunny day."]
FAULTS = [
    {"id": "wrong", "text": "Something is not in the picture"},
    {"id": "missing", "text": "Something important is missing"},
    {"id": "language", "text": "The language is bad"},
]
BLOCKS = [
    {"view_id": "image"},
    {"view_id": "choice", "image": None, "text": None, "options": FAULTS, "choice_style": "multiple"},
    {
        "view_id": "text_input",
        "image": None,
        "text": None,
        "field_id": "better",
        "field_label": "A better caption",
    },
]


@recipe("pages.image_text")
def image_text(dataset: str):
    """Does the caption fit?"""
    return {
        "dataset": dataset,
        "view_id": "blocks",
        "stream": [{"image": PICTURE, "alt": "Hills and a sun", "text": text} for text in CAPTIONS],
        "config": {"blocks": BLOCKS, "choice_accept_empty": True},
    }
