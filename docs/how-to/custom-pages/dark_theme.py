"""A dark page with colours of one's own, whatever the computer is set to."""

from tallymark import recipe

TEXTS = ["Vega rises over Lyra tonight.", "Mars stands close to Regulus."]
LABELS = {"STAR": "#ffd166", "PLANET": "#ef7674", "CONSTELLATION": "#7bdff2"}


@recipe("pages.dark_theme")
def dark_theme(dataset: str):
    """Mark what stands in the sky."""
    return {
        "dataset": dataset,
        "view_id": "ner_manual",
        "stream": [{"text": text} for text in TEXTS],
        "config": {
            "labels": list(LABELS),
            "theme": "dark",
            "custom_theme": {"labels": LABELS, "bgPage": "#0b1020", "bgCard": "#141b33", "cardMaxWidth": 900},
        },
    }
