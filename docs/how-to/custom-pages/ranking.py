"""Put answers in order, the best one first."""

from tallymark import recipe

QUESTIONS = {
    "What is a leap year?": [
        "A year with 366 days, so that the calendar keeps up with the sun.",
        "Every fourth year.",
        "A year in which people leap.",
    ],
    "Why do leaves turn red?": ["Because of autumn.", "They lose their green, and other colours show."],
}


@recipe("pages.ranking")
def ranking(dataset: str):
    """Press the answers in their order; press one again to take it out."""
    tasks = [
        {"text": question, "options": [{"id": n, "text": text} for n, text in enumerate(answers)]}
        for question, answers in QUESTIONS.items()
    ]
    return {
        "dataset": dataset,
        "view_id": "choice",
        "stream": tasks,
        "config": {"choice_style": "ranking"},
    }
