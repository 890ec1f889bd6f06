"""`prodigy.util`: small things that recipes import."""

import base64
import copy
import itertools
import json
import logging
import mimetypes
import random
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, NoReturn

from wasabi.printer import Printer
from wasabi.util import color

from tallymark.errors import InputError
from tallymark.hashing import INPUT_HASH_KEY, TASK_HASH_KEY, get_hash, set_hashes
from tallymark.labels import get_labels, split_string
from tallymark.types import Task

if TYPE_CHECKING:
    from spacy.language import Language

__all__ = [
    "ANNOTATOR_ID_ATTR",
    "BINARY_ATTR",
    "DEFAULT_LLM_BATCH_SIZE",
    "INPUT_HASH_ATTR",
    "SESSION_ID_ATTR",
    "SPANCAT_DEFAULT_KEY",
    "TASK_HASH_ATTR",
    "TIMESTAMP_ATTR",
    "VIEW_ID_ATTR",
    "b64_uri_to_bytes",
    "bytes_to_b64_uri",
    "color",
    "combine_models",
    "copy_nlp",
    "ensure_path",
    "export_model_data",
    "file_to_b64",
    "get_config",
    "get_hash",
    "get_labels",
    "get_print",
    "get_seeds",
    "get_seeds_from_set",
    "get_timestamp_session_id",
    "get_word2vec",
    "img_to_b64_uri",
    "log",
    "msg",
    "prints",
    "read_json",
    "read_jsonl",
    "set_hashes",
    "split_evals",
    "split_string",
    "write_json",
    "write_jsonl",
]

INPUT_HASH_ATTR: Final = INPUT_HASH_KEY
TASK_HASH_ATTR: Final = TASK_HASH_KEY
SESSION_ID_ATTR: Final = "_session_id"
ANNOTATOR_ID_ATTR: Final = "_annotator_id"
VIEW_ID_ATTR: Final = "_view_id"
BINARY_ATTR: Final = "_is_binary"
TIMESTAMP_ATTR: Final = "_timestamp"
SPANCAT_DEFAULT_KEY: Final = "sc"
DEFAULT_LLM_BATCH_SIZE: Final = 3

logger = logging.getLogger("tallymark.recipe")

msg: Final = Printer()

Prediction = tuple[float, Task]
Predict = Callable[[Iterable[Task]], Iterable[Prediction]]


def log(message: str, details: Any = None) -> None:
    """Write to the log: the message with `logging = "basic"`, the details, too, with `"verbose"`."""
    logger.info("%s", message)
    if details is not None:
        logger.debug("%s", details)


def prints(*texts: Any, title: str | None = None, error: bool = False, exits: int | None = None) -> None:
    """Print lines below a title, as an error if they are one; `exits` ends the program with that code."""
    out = sys.stderr if error else sys.stdout
    lines = ([color(title, bold=True)] if title else []) + [str(text) for text in texts]
    print("\n" + "\n".join(lines) + "\n", file=out)  # it is what recipes print with
    if exits is not None:
        sys.exit(exits)


def get_print(silent: bool = False) -> Callable[..., None]:
    """`print`, or what says nothing."""
    return (lambda *_texts, **_options: None) if silent else print


def get_config() -> dict[str, Any]:
    """All settings as they are for this run."""
    from tallymark.config import current_settings

    settings = current_settings()
    return {**settings.model_dump(), **settings.for_page()}


def get_timestamp_session_id() -> str:
    """A name for a session that has none: the time."""
    return time.strftime("%Y-%m-%d_%H-%M-%S")


def ensure_path(path: str | Path) -> Path:
    """A path, whatever it was."""
    return Path(path)


def read_jsonl(path: str | Path) -> Iterator[Any]:
    """The JSON values of a file, one a line; `-` is standard input. Blank lines are left out."""
    if str(path) == "-":
        yield from _values(sys.stdin)
        return
    with Path(path).open(encoding="utf-8") as file:
        yield from _values(file)


def _values(lines: IO[str]) -> Iterator[Any]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield json.loads(line)
            except ValueError as error:
                raise InputError(f"{lines.name}:{number}: {error}") from error


def write_jsonl(path: str | Path, lines: Iterable[Any], append: bool = False) -> None:
    """Write values as JSON, one a line; `-` is standard output."""
    texts = (json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    if str(path) == "-":
        sys.stdout.writelines(texts)
        return
    with Path(path).open("a" if append else "w", encoding="utf-8") as file:
        file.writelines(texts)


def read_json(path: str | Path) -> Any:
    """The JSON value of a file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def write_json(path: str | Path, value: Any) -> None:
    """Write a value as JSON."""
    Path(path).write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def file_to_b64(path: str | Path, mimetype: str | None = None) -> str:
    """The content of a file as a data URI; its name tells the type."""
    kind = mimetype or mimetypes.guess_type(str(path), strict=False)[0] or "application/octet-stream"
    return bytes_to_b64_uri(Path(path).read_bytes(), kind)


def bytes_to_b64_uri(data: bytes, mimetype: str) -> str:
    """Bytes as a data URI."""
    return f"data:{mimetype};base64,{base64.b64encode(data).decode('ascii')}"


def img_to_b64_uri(img: bytes, mimetype: str = "image/jpeg") -> str:
    """The bytes of a picture as a data URI."""
    return bytes_to_b64_uri(img, mimetype)


def b64_uri_to_bytes(uri: str) -> bytes:
    """The bytes in a data URI. Raises ValueError for anything else."""
    head, comma, data = uri.partition(",")
    if not comma or not head.startswith("data:"):
        raise ValueError(f"{uri[:40]!r} is no data URI; those begin with data:, a type and a comma.")
    if not head.endswith(";base64"):
        from urllib.parse import unquote_to_bytes

        return unquote_to_bytes(data)
    return base64.b64decode(data, validate=True)


def get_seeds(seeds: str | Path | Iterable[str] | None) -> list[str]:
    """Terms of a comma-separated text, a list, or a file with one a line."""
    if seeds is None:
        return []
    path = Path(seeds) if isinstance(seeds, str | Path) else None
    if path is not None and path.is_file():
        return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return split_string(str(seeds) if isinstance(seeds, Path) else seeds)


def get_seeds_from_set(name: str, examples: Iterable[Task]) -> list[str]:
    """The texts that were accepted in a dataset, given its examples. Raises `InputError` for none."""
    seeds = [example["text"] for example in examples if example.get("answer", "accept") == "accept"]
    if not seeds:
        raise InputError(f"Dataset {name!r} has no accepted text to begin with.")
    return list(dict.fromkeys(seeds))


def split_evals(
    examples: Iterable[Task], eval_split: float | None = None
) -> tuple[list[Task], list[Task], float]:
    """Examples to train with, others to evaluate with, and the share of the latter.

    Without a share it is half of less than 1,000 examples, and a fifth of more.
    """
    shuffled = list(examples)
    random.shuffle(shuffled)
    if eval_split is None:
        eval_split = 0.5 if len(shuffled) < 1000 else 0.2
    if not 0 <= eval_split <= 1:
        raise InputError(f"The share to evaluate with is a number from 0 to 1, not {eval_split}.")
    cut = round(len(shuffled) * eval_split)
    return shuffled[cut:], shuffled[:cut], eval_split


def export_model_data(
    path: str | Path, nlp: "Language", train: Iterable[Task] = (), evals: Iterable[Task] = ()
) -> str:
    """Write a pipeline, and beside it what it was trained and evaluated with; gives a line that says so."""
    folder = Path(path)
    nlp.to_disk(folder)
    write_jsonl(folder / "training.jsonl", train)
    write_jsonl(folder / "evaluation.jsonl", evals)
    return f"Saved model, training and evaluation data: {folder}"


def copy_nlp(nlp: "Language") -> "Language":
    """A pipeline of its own with the same components and weights."""
    return copy.deepcopy(nlp)


def get_word2vec(path: str | Path) -> NoReturn:
    """Vectors of gensim are not read."""
    raise InputError(f"{path}: vectors are read by spaCy; make a pipeline of them with `spacy init vectors`.")


def combine_models(
    one: Any, two: Any, batch_size: int = 32
) -> tuple[Predict, Callable[[Sequence[Task]], float]]:
    """Two models as one: a function that interleaves their suggestions, and one that updates both.

    Each gets copies of the tasks, `batch_size` at a time; the update gives the sum of what they lost.
    """

    def predict(stream: Iterable[Task]) -> Iterator[Prediction]:
        tasks = iter(stream)
        while batch := list(itertools.islice(tasks, batch_size)):
            first, second = iter(one(copy.deepcopy(batch))), iter(two(batch))
            for pair in itertools.zip_longest(first, second):
                yield from (scored for scored in pair if scored is not None)

    def update(answers: Sequence[Task]) -> float:
        losses = (_loss(one.update(answers)), _loss(two.update(answers)))
        return sum(losses)

    return predict, update


def _loss(value: Any) -> float:
    if isinstance(value, Mapping):
        return float(sum(value.values()))
    return float(value) if isinstance(value, int | float) else 0.0
