"""Rate an answer of a language model on two scales, and say why."""

from tallymark import recipe

TEMPLATE = """
<p class="said"><b>Asked</b> {{prompt}}</p>
<p class="said"><b>Answered</b> {{answer_text}}</p>
"""
STYLE = ".said b { display: block; font-size: 0.8em; opacity: 0.8 }"
ANSWERS = [
    {
        "prompt": "Why is the sky blue?",
        "answer_text": "Air scatters short waves of light more than long ones.",
    },
    {"prompt": "How many moons has Mars?", "answer_text": "Mars has three moons."},
]
HELPFUL = {1: "Useless", 2: "", 3: "Fair", 4: "", 5: "Very good"}
TRUE = {1: "Wrong", 2: "Partly", 3: "True"}


def scale(points):
    """Options of a scale: numbers, with words at some of them."""
    return [{"id": point, "text": words} for point, words in points.items()]


BLOCKS = [
    {"view_id": "html", "html_template": TEMPLATE},
    {"view_id": "choice", "text": "How helpful is it?", "options": scale(HELPFUL), "choice_key": "helpful"},
    {"view_id": "choice", "text": "Is it true?", "options": scale(TRUE), "choice_key": "true"},
    {"view_id": "text_input", "field_id": "why", "field_label": "Why?", "field_rows": 2},
]


@recipe("pages.llm_rating")
def llm_rating(dataset: str):
    """Rate the answer."""
    return {
        "dataset": dataset,
        "view_id": "blocks",
        "stream": ANSWERS,
        "config": {"blocks": BLOCKS, "choice_style": "rating", "global_css": STYLE},
    }
