"""Judge an entry by all of its fields, laid out by a template."""

from tallymark import recipe

TEMPLATE = """
<h2>{{name}} <small>{{maker}}</small></h2>
<p class="price">{{price}}</p>
<ul>{{#features}}<li>{{.}}</li>{{/features}}</ul>
{{#note}}<p><em>{{note}}</em></p>{{/note}}
"""
STYLE = """
.prodigy-content h2 { margin: 0; font-size: 1.25em }
.prodigy-content small { font-weight: 400 }
.prodigy-content .price { font-size: 1.6em; font-variant-numeric: tabular-nums }
"""
ENTRIES = [
    {
        "name": "Kettle K2",
        "maker": "Ada & Sons",
        "price": "39.90 €",
        "features": ["1.7 litres", "Stainless steel", "2 years of guarantee"],
        "note": "Photo is missing.",
    },
    {"name": "Toaster T1", "maker": "Brot", "price": "-5 €", "features": ["Two slots"]},
]


@recipe("pages.html_fields")
def html_fields(dataset: str):
    """May this entry go into the catalogue?"""
    return {
        "dataset": dataset,
        "view_id": "html",
        "stream": ENTRIES,
        "config": {"html_template": TEMPLATE, "global_css": STYLE},
    }
