"""A host as a program of its own, for tests that kill it: `python host_script.py '<json>'`.

`{"dataset", "source" (a JSONL file) or "count", "enough" (a file that may come to say how many tasks there
are in the end), "update" (a file to append texts to),
"fail" (what on_load raises), "linger" (on_exit does not end), "settings": {…}}`.
Each line for people is printed as one line.
"""

import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tallymark.components import read_components
from tallymark.config import resolve
from tallymark.errors import TallymarkError
from tallymark.host.host import begin_server, run
from tallymark.stream import collect_sources, get_stream
from tallymark.types import Task


def counted(count: int, enough: Path | None) -> Iterator[Task]:
    """Tasks of a generator, fed by demand."""
    n = 0
    while n < (int(enough.read_text()) if enough is not None and enough.exists() else count):
        yield {"text": f"text {n}"}
        n += 1


def components(given: dict[str, Any]) -> dict[str, Any]:
    """What a recipe would return."""
    source = given.get("source")
    enough = Path(given["enough"]) if given.get("enough") else None
    stream = get_stream(source) if source else counted(given["count"], enough)
    returned: dict[str, Any] = {"dataset": given["dataset"] or None, "view_id": "text", "stream": stream}
    if given.get("update"):
        log = Path(given["update"])

        def update(answers: list[Task]) -> None:
            with log.open("a") as file:
                file.writelines(f"{answer['text']}\n" for answer in answers)

        returned["update"] = update
    if given.get("fail"):

        def on_load(_ctrl: object) -> None:
            raise ValueError(given["fail"])

        returned["on_load"] = on_load
    if given.get("linger"):

        def on_exit(_ctrl: object) -> None:
            say("lingering")
            threading.Event().wait()

        returned["on_exit"] = on_exit
    return returned


def say(line: str) -> None:
    """Print at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    """Run until stopped."""
    given = json.loads(sys.argv[1])
    settings = resolve(environ={}, keywords={"open": False, **given["settings"]})
    launch = begin_server(settings)
    with collect_sources("script") as sources:
        read = read_components(components(given), recipe_name="script", view_ids=["text"])
    try:
        return run(
            read,
            recipe_name="script",
            command="script",
            settings=settings,
            sources=sources,
            launch=launch,
            say=say,
        )
    except TallymarkError as error:
        sys.stdout.write(f"error {error.code}: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
