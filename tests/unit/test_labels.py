"""Labels come as text, list or file."""

from pathlib import Path

import pytest

from tallymark.errors import InputError
from tallymark.labels import get_labels, split_string


@pytest.mark.parametrize(
    ("given", "parts"),
    [("A, B,,C ", ["A", "B", "C"]), (["A", " B "], ["A", "B"]), (None, []), ("", []), (("A",), ["A"])],
)
def test_split_string(given: object, parts: list[str]) -> None:
    assert split_string(given) == parts  # type: ignore[arg-type]


def test_labels_keep_their_order_and_come_once() -> None:
    assert get_labels("B,A,B") == ["B", "A"]
    assert get_labels(["B", "A", "B"]) == ["B", "A"]
    assert get_labels(None) == []
    assert get_labels("and/or") == ["and/or"]
    assert get_labels("v1.0") == ["v1.0"]


def test_labels_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    path.write_bytes("\ufeffNAME OF, A\r\n\n ORG \nORG".encode())
    assert get_labels(path) == get_labels(str(path)) == ["NAME OF, A", "ORG"]
    plain = tmp_path / "labels"
    plain.write_text("X\nY\n")
    assert get_labels(str(plain)) == ["X", "Y"]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"labels\.txt cannot be read: No such file"):
        get_labels("labels.txt")
    path = tmp_path / "labels.txt"
    path.write_bytes(b"\xff")
    with pytest.raises(InputError, match="not UTF-8"):
        get_labels(path)
