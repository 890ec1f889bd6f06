"""Two documents side by side, one below the other where there is no room."""

from tallymark import recipe

TEMPLATE = """
<div class="pair">
  <section><h2>{{left.source}}</h2><p>{{left.text}}</p></section>
  <section><h2>{{right.source}}</h2><p>{{right.text}}</p></section>
</div>
"""
STYLE = """
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: 1.5rem }
.pair h2 { margin: 0 0 0.4em; font-size: 0.9em; opacity: 0.8 }
.pair p { margin: 0 }
"""
PAIRS = [
    {
        "left": {"source": "Agency", "text": "A storm cut the power to 4,000 homes on Tuesday night."},
        "right": {"source": "Local paper", "text": "Thousands sat in the dark after Tuesday's storm."},
    },
    {
        "left": {"source": "Agency", "text": "The bridge will open in May."},
        "right": {"source": "Local paper", "text": "The new bridge is late again."},
    },
]
OPTIONS = [
    {"id": "same", "text": "The same event"},
    {"id": "related", "text": "The same topic"},
    {"id": "other", "text": "Something else"},
]


@recipe("pages.side_by_side")
def side_by_side(dataset: str):
    """Do both report on the same event?"""
    return {
        "dataset": dataset,
        "view_id": "blocks",
        "stream": PAIRS,
        "config": {
            "blocks": [
                {"view_id": "html", "html_template": TEMPLATE},
                {"view_id": "choice", "options": OPTIONS},
            ],
            "custom_theme": {"cardMaxWidth": 1000},
            "global_css": STYLE,
        },
    }
