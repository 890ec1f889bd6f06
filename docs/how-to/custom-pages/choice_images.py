"""Choose the picture that fits the words."""

from tallymark import recipe

SHAPES = {
    "circle": "<circle cx='60' cy='40' r='30'/>",
    "square": "<rect x='30' y='10' width='60' height='60'/>",
    "triangle": "<path d='M60 8 96 72H24z'/>",
}


def picture(shape):
    """An address of a picture; with pictures in files, their paths or addresses."""
    size = "width='120' height='80' fill='teal'"
    return f"data:image/svg+xml;utf8,<svg xmlns='http://www.w3.org/2000/svg' {size}>{SHAPES[shape]}</svg>"


OPTIONS = [{"id": shape, "text": shape.title(), "image": picture(shape)} for shape in SHAPES]


@recipe("pages.choice_images")
def choice_images(dataset: str):
    """Which picture?"""
    words = ["It has no corner.", "It has three corners."]
    return {
        "dataset": dataset,
        "view_id": "choice",
        "stream": [{"text": text, "options": OPTIONS} for text in words],
        "config": {"choice_auto_accept": True},
    }
