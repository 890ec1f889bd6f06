"""Fill in three fields from a letter."""

from tallymark import recipe

LETTERS = [
    "Invoice 2024-117 of Ada & Sons, 3 May 2024. Total: 1,250.00 EUR, payable in 30 days.",
    "Invoice 88 of Brot AG, 1 June 2024. Total: 19.90 EUR.",
]
FIELDS = [
    {"field_id": "sender", "field_label": "Sender", "field_autofocus": True},
    {"field_id": "date", "field_label": "Date", "field_placeholder": "2024-12-31"},
    {"field_id": "total", "field_label": "Total", "field_suggestions": ["0.00 EUR"]},
]


@recipe("pages.form")
def form(dataset: str):
    """Type in what the invoice says."""
    return {
        "dataset": dataset,
        "view_id": "text_input",
        "stream": [{"text": text} for text in LETTERS],
        "config": {"fields": FIELDS},
    }
