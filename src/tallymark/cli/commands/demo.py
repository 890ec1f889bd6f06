"""`tallymark demo`: names in headlines that were written for it, ready to be annotated."""

from pathlib import Path
from typing import Any, Final

from tallymark.recipe import Arg, recipe, recipes

__all__ = ["HEADLINES", "LABELS", "demo"]

HEADLINES: Final = Path(__file__).parents[1] / "demo" / "headlines.jsonl"
LABELS: Final = ("PERSON", "ORG", "LOCATION", "PRODUCT", "EVENT", "DATE")


@recipe(
    "demo",
    dataset=Arg("--dataset", help="Dataset to save to."),
    label=Arg("--label", "-l", help="Labels to choose from."),
)
def demo(dataset: str = "demo", label: list[str] = list(LABELS)) -> dict[str, Any]:  # noqa: B006
    """Annotate names in example headlines: nothing to prepare, nothing to lose."""
    manual = recipes.get("ner.manual").function
    components: dict[str, Any] = manual(dataset, "blank:en", str(HEADLINES), label=list(label))
    return components
