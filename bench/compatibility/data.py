"""Stand-ins for the private data of measured recipes: rows in every format, pictures and sounds."""

import base64
import io
import json
import re
import shutil
import wave
from pathlib import Path
from typing import Any

__all__ = ["TEXTS", "fill", "several"]

TEXTS = (
    "Ada Lovelace wrote it in London.",
    "Acme sells anvils. They are heavy.",
    "It rains in Oslo today.",
    "Tim Cook leads Apple.",
    "A short text about cats and dogs.",
)
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def several(name: str) -> list[str]:
    """`data/{0..2}.txt` as three names."""
    found = re.search(r"\{(\d+)\.\.(\d+)\}", name)
    if not found:
        return [name]
    return [name.replace(found[0], str(number)) for number in range(int(found[1]), int(found[2]) + 1)]


def fill(folder: Path, fields: dict[str, Any]) -> None:
    """Rows in every format, pictures and sounds."""
    rows = [{**row(number, fields), "text": text} if "text" not in fields else row(number, fields)
            for number, text in enumerate(TEXTS)]  # fmt: skip
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "rows.json").write_text(json.dumps(rows))
    (folder / "rows.txt").write_text("\n".join(TEXTS) + "\n")
    columns = [key for key, value in rows[0].items() if isinstance(value, str | int | float)]
    lines = [",".join(json.dumps(str(row[key])).replace('\\"', '""') for key in columns) for row in rows]
    (folder / "rows.csv").write_text("\n".join([",".join(columns), *lines]) + "\n")
    (folder / "rows.html").write_text("<p>{{text}}</p>")
    (folder / "rows.js").write_text("console.log(1)")
    (folder / "rows.css").write_text("p { color: red }")
    (folder / "patterns.jsonl").write_text('{"label": "PERSON", "pattern": [{"lower": "ada"}]}\n')
    for name in ("pictures", "sounds", "mixed"):
        (folder / name).mkdir()
    for number in range(3):
        for suffix in (".png", ".jpg", ".jpeg"):
            (folder / f"rows{suffix}").write_bytes(PICTURE)
            (folder / "pictures" / f"{number}{suffix}").write_bytes(PICTURE + bytes([number]))
        (folder / "sounds" / f"{number}.wav").write_bytes(sound(number))
        for suffix in (".txt", ".jsonl", ".json"):
            shutil.copyfile(folder / f"rows{suffix}", folder / "mixed" / f"{number}{suffix}")
    (folder / "rows.wav").write_bytes(sound(0))


def sound(number: int) -> bytes:
    """A short silence."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(bytes(1600 + 2 * number))
    return buffer.getvalue()


def row(number: int, fields: dict[str, Any]) -> dict[str, Any]:
    """A row with the fields that were asked for."""
    known = {"label": "PERSON", "meta": {"source": f"page {number}"}}
    return {
        **known,
        **{key: value_of(key, number) if value is None else value for key, value in fields.items()},
    }


def value_of(name: str, number: int) -> Any:
    """A value that the name of a field suggests."""
    address = "data:image/png;base64," + base64.b64encode(PICTURE).decode()
    span = {
        "start": 0,
        "end": 3,
        "label": "PERSON",
        "token_start": 0,
        "token_end": 0,
        "text": TEXTS[number][:3],
    }
    known = {
        "spans": [span],
        "tokens": [{"text": TEXTS[number][:3], "start": 0, "end": 3, "id": 0, "ws": True}],
        "options": [{"id": "a", "text": "first"}, {"id": "b", "text": "second"}],
        "image": address,
        "relations": [],
        "accept": ["a"],
        "answer": "accept",
        "path": "pictures/0.png",
        "score": 0.5,
        "labels": ["PERSON", "ORG"],
        "start": 0,
        "end": 3,
        "_input_hash": number,
        "_task_hash": number,
    }
    if name in known:
        return known[name]
    if re.search(r"(^|_)(id|idx|index|number|n|count)$", name):
        return number
    return f"{TEXTS[number]} ({name})"
