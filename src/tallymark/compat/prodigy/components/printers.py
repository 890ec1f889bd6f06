"""`prodigy.components.printers`: results as texts to print."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from tallymark.compat.prodigy.util import color, prints
from tallymark.types import DECISIONS, Task

__all__ = [
    "answers",
    "get_compare_printer",
    "ner_before",
    "ner_curve",
    "ner_curve_header",
    "ner_result",
    "ner_update",
    "ner_update_header",
    "pretty_print_ner",
    "pretty_print_tc",
    "tc_curve",
    "tc_curve_header",
    "tc_result",
    "tc_update",
    "tc_update_header",
    "trainconf",
]

_WIDTH: Final = 10
Stats = Mapping[str, Any]


def answers(counts: Mapping[str, int]) -> str:
    """How many answers of each kind were given."""
    rows = [(name.capitalize(), counts.get(name, 0)) for name in DECISIONS]
    return _columns([*rows, ("Total", sum(counts.values()))])


def trainconf(
    dropout: float | None = None,
    n_iter: int | None = None,
    batch_size: int | None = None,
    factor: float | None = None,
    samples: int | None = None,
    **more: Any,
) -> str:
    """With what a model is trained; only what is given."""
    given = {"Dropout": dropout, "Batch size": batch_size, "Iterations": n_iter, "Samples": samples}
    share = {} if factor is None else {"Of the data": f"{factor:.0%}"}
    named = {**given, **share, **more}
    return _columns([(name, value) for name, value in named.items() if value is not None])


def tc_update_header() -> str:
    """The head of the lines of `tc_update`."""
    return _line("#", "Loss", "F-score", "Accuracy")


def tc_update(number: int, loss: float, stats: Stats) -> str:
    """One pass of training a text classifier."""
    return _line(number, loss, stats.get("fscore"), stats.get("accuracy"))


def tc_result(best_stats: Stats, baseline: float | None = None, **_more: Any) -> str:
    """How good a text classifier became."""
    return _columns([*_named(best_stats), *([("Baseline", baseline)] if baseline is not None else [])])


def tc_curve_header() -> str:
    """The head of the lines of `tc_curve`."""
    return _line("%", "Accuracy", "Change")


def tc_curve(factor: float, stats: Stats | float, previous: float = 0.0) -> str:
    """How good a text classifier became with a share of the data."""
    return _curve(factor, stats, previous)


def ner_before(stats: Stats, **_more: Any) -> str:
    """How good an entity recogniser is before it learns."""
    return _columns([("Before", ""), *_named(stats)])


def ner_update_header() -> str:
    """The head of the lines of `ner_update`."""
    return _line("#", "Loss", "Right", "Wrong", "Entities", "Accuracy")


def ner_update(number: int, loss: float, stats: Stats) -> str:
    """One pass of training an entity recogniser."""
    return _line(number, loss, *(stats.get(key) for key in ("right", "wrong", "ents", "acc")))


def ner_result(best_stats: Stats, accuracy: float | None = None, baseline: float | None = None) -> str:
    """How good an entity recogniser became."""
    rest = {"Accuracy": accuracy, "Baseline": baseline}
    return _columns(
        [*_named(best_stats), *((key, value) for key, value in rest.items() if value is not None)]
    )


def ner_curve_header() -> str:
    """The head of the lines of `ner_curve`."""
    return _line("%", "Accuracy", "Change")


def ner_curve(factor: float, stats: Stats | float, previous: float = 0.0) -> str:
    """How good an entity recogniser became with a share of the data."""
    return _curve(factor, stats, previous)


def pretty_print_ner(examples: Iterable[Task], **_more: Any) -> None:
    """Print texts with their spans marked."""
    for example in examples:
        print(_marked(example))  # noqa: T201 (it is what recipes print with)


def pretty_print_tc(examples: Iterable[Task], **_more: Any) -> None:
    """Print texts with their labels."""
    for example in examples:
        label = example.get("label") or ", ".join(map(str, example.get("accept") or []))
        print(f"{color(label or '-', bold=True)}  {example.get('text', '')}")  # noqa: T201


def get_compare_printer(first: str = "A", second: str = "B") -> Callable[[Any], None]:
    """An `on_exit` that says which of two was preferred; a task's `mapping` says which was shown where."""

    def print_results(ctrl: Any) -> None:
        counts = Counter(_preferred(example) for example in ctrl.db.get_dataset(ctrl.dataset))
        names = {"A": first, "B": second, "ignore": "Ignored"}
        prints(_columns([(names[key], counts[key]) for key in names]), title="Preferred")

    return print_results


def _preferred(example: Task) -> str:
    """A, B, or ignore."""
    shown: dict[str, str] = example.get("mapping") or {"A": "accept", "B": "reject"}
    return next((name for name, side in shown.items() if side == example.get("answer")), "ignore")


def _marked(example: Task) -> str:
    text, end, parts = str(example.get("text", "")), 0, []
    for span in sorted(example.get("spans") or [], key=lambda span: span["start"]):
        marked = color(
            f" {text[span['start'] : span['end']]} {span.get('label', '')} ", bold=True, bg="yellow"
        )
        parts += [text[end : max(end, span["start"])], marked]
        end = max(end, span["end"])
    return "".join([*map(str, parts), text[end:]])


def _curve(factor: float, stats: Stats | float, previous: float) -> str:
    figures = stats if isinstance(stats, Mapping) else {"acc": stats}
    now = float(figures.get("accuracy", figures.get("acc", 0.0)))
    return _line(f"{factor:.0%}", now, f"{now - previous:+.2f}")


def _named(stats: Stats) -> list[tuple[str, Any]]:
    return [(str(key), value) for key, value in stats.items() if isinstance(value, int | float | str)]


def _line(*cells: Any) -> str:
    return "".join(f"{_cell(cell):<{_WIDTH}}" for cell in cells).rstrip()


def _columns(rows: Sequence[tuple[str, Any]]) -> str:
    width = max((len(name) for name, _ in rows), default=0) + 3
    return "\n".join(f"{name:<{width}}{_cell(value)}" for name, value in rows)


def _cell(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else "-" if value is None else str(value)
