"""Pipelines by name; what is not there is said with what is."""

from pathlib import Path

import pytest
import spacy

from tallymark.errors import InputError
from tallymark.pipelines import advise, load_pipeline


def test_blank_folder_and_loaded(tmp_path: Path) -> None:
    assert load_pipeline("blank:de").lang == "de"
    nlp = spacy.blank("en")
    assert load_pipeline(nlp) is nlp
    nlp.to_disk(tmp_path / "mine")
    assert load_pipeline(str(tmp_path / "mine")).lang == "en"


@pytest.mark.parametrize(
    ("installed", "message"),
    [
        (
            [],
            'no pipeline "en_core_web_smm". None is installed. To split texts into words blank:en is',
        ),
        (
            ["en_core_web_sm"],
            'Installed are en_core_web_sm; blank:en only splits texts. Did you mean "en_core_web_sm"',
        ),
    ],
)
def test_what_is_not_installed(installed: list[str], message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spacy.util, "get_installed_models", lambda: installed)
    with pytest.raises(InputError) as caught:
        load_pipeline("en_core_web_smm")
    assert message in str(caught.value)


def test_an_error_of_spacy_itself_is_told_what_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spacy.util, "get_installed_models", list)
    with pytest.raises(OSError, match="E050") as caught:
        spacy.load("en_core_web_smm")
    advise(caught.value)
    (note,) = caught.value.__notes__
    assert "`python -m spacy download en_core_web_smm`" in note


def test_other_errors_are_left_as_they_are() -> None:
    error = FileNotFoundError("no such file")
    advise(error)
    assert not hasattr(error, "__notes__")


def test_a_folder_that_is_no_pipeline(tmp_path: Path) -> None:
    (tmp_path / "meta.json").write_text("{}")
    (tmp_path / "config.cfg").write_text("[nlp]\nlang = 3\n")
    with pytest.raises(InputError, match="could not be loaded"):
        load_pipeline(str(tmp_path))


def test_unknown_languages() -> None:
    with pytest.raises(InputError, match='spaCy has no language "english"'):
        load_pipeline("blank:english")


def test_languages_that_need_more(monkeypatch: pytest.MonkeyPatch) -> None:
    def blank(name: str) -> None:
        raise ImportError(f"{name} requires a dictionary")

    monkeypatch.setattr(spacy, "blank", blank)
    with pytest.raises(InputError, match="blank:ko needs more to be installed: ko requires a dictionary"):
        load_pipeline("blank:ko")
