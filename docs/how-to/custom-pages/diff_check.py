"""Check corrections: what was taken out and what was put in."""

from tallymark import recipe

CORRECTIONS = [
    ("Their going to the libary today.", "They're going to the library today."),
    ("He recieved the letter.", "She received the letter."),
]


@recipe("pages.diff_check")
def diff_check(dataset: str):
    """Is the correction right?"""
    return {
        "dataset": dataset,
        "view_id": "diff",
        "stream": [{"reject": {"text": old}, "accept": {"text": new}} for old, new in CORRECTIONS],
        "config": {"diff_style": "words"},
    }
