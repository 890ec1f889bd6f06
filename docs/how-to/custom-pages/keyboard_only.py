"""One key for each task: topics under the fingers of the right hand, and nothing else to press."""

from tallymark import recipe

TOPICS = {"sport": "j", "politics": "k", "culture": "l"}
TEXTS = ["The match ended 2:1.", "Parliament meets again.", "A new opera opens."]


@recipe("pages.keyboard_only")
def keyboard_only(dataset: str):
    """j, k or l; n for none of them, u to take the last one back."""
    options = [{"id": topic, "text": topic.title()} for topic in TOPICS]
    return {
        "dataset": dataset,
        "view_id": "choice",
        "stream": [{"text": text, "options": options} for text in TEXTS],
        "config": {
            "choice_auto_accept": True,
            "buttons": ["accept", "ignore", "undo"],
            "keymap": {"accept": [], "ignore": ["n"], "undo": ["u"]},
            "keymap_by_label": {str(place): key for place, key in enumerate(TOPICS.values())},
        },
    }
