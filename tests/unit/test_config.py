"""Settings: their order, their origins, and what is said when one is wrong."""

from pathlib import Path
from typing import Any

import pytest

from tallymark.config import IGNORED, PREFIX, Settings, expected, group_of, resolve
from tallymark.errors import SettingError


def settings(environ: dict[str, str] | None = None, **places: Any) -> Settings:
    return resolve(environ=environ or {}, **places)


def test_defaults() -> None:
    plain = settings()
    assert (plain.host, plain.port, plain.batch_size, plain.exclude_by) == ("127.0.0.1", 8080, 10, "task")
    assert plain.wanted.least == 1
    assert plain.origins == {}
    assert plain.database_url == str(Path("~/.tallymark/tallymark.db").expanduser())
    assert not plain.updates_at_once


def test_later_places_win_and_are_remembered() -> None:
    together = settings(
        {"TALLYMARK_PORT": "9000", "TALLYMARK_BATCH_SIZE": "5"},
        recipe_config={"port": 7000, "show_flag": True},
        recipe_name="ner.manual",
        command_line={"batch_size": "3"},
    )
    assert (together.port, together.batch_size, together.show_flag) == (9000, 3, True)
    assert together.origins == {
        "port": "TALLYMARK_PORT",
        "show_flag": "show_flag (recipe ner.manual)",
        "batch_size": "--batch-size",
    }
    assert settings({"TALLYMARK_PORT": "9000"}, keywords={"port": 9100}).port == 9100


def test_the_real_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALLYMARK_PORT", "9001")
    assert resolve().port == 9001


def test_lists_and_objects_in_the_environment() -> None:
    read = settings(
        {
            "TALLYMARK_ALLOWED_SESSIONS": "ann, bob",
            "TALLYMARK_BUTTONS": "accept,undo",
            "TALLYMARK_KEYMAP": '{"accept": ["ctrl+enter"]}',
            "TALLYMARK_FEED_OVERLAP": "1",
            "TALLYMARK_LOGGING": "off",
            "TALLYMARK_HOME": "/tmp/elsewhere",  # noqa: S108
        }
    )
    assert read.allowed_sessions == ["ann", "bob"]
    assert read.buttons == ["accept", "undo"]
    assert read.keymap == {"accept": ["ctrl+enter"]}
    assert read.wanted.least is None
    assert read.logging is None
    assert read.database_url == "/tmp/elsewhere/tallymark.db"  # noqa: S108


@pytest.mark.parametrize(
    ("places", "message"),
    [
        (
            {"environ": {"TALLYMARK_PORT": "abc"}},
            "TALLYMARK_PORT is 'abc'; expected a whole number from 0 to 65535.",
        ),
        (
            {"environ": {"TALLYMARK_PROT": "1"}},
            'There is no setting TALLYMARK_PROT. Did you mean "TALLYMARK_PORT"?',
        ),
        (
            {"command_line": {"batch_size": "0"}},
            "--batch-size is '0'; expected a whole number from 1 to 1000.",
        ),
        (
            {"environ": {"TALLYMARK_KEYMAP": "{"}},
            "TALLYMARK_KEYMAP is '{'; expected a JSON object of actions, each with its keys.",
        ),
        ({"keywords": {"prt": 1}}, 'There is no setting prt (serve()). Did you mean "port"?'),
        ({"command_line": {"lease_minutes": "0"}}, "--lease-minutes is '0'; expected a number above 0."),
        (
            {"recipe_config": {"exclude_by": "row"}, "recipe_name": "x"},
            "exclude_by (recipe x) is 'row'; expected task or input.",
        ),
        (
            {"recipe_config": {"labels": 3, "show_flag": "maybe"}, "recipe_name": "x"},
            "labels (recipe x) is 3; expected names separated by commas.\n"
            "show_flag (recipe x) is 'maybe'; expected true or false.",
        ),
        (
            {"environ": {"TALLYMARK_FEED_OVERLAP": "1"}, "command_line": {"annotations_per_task": "2"}},
            "feed_overlap and annotations_per_task contradict each other: everyone, or how many? "
            "(Given: TALLYMARK_FEED_OVERLAP, --annotations-per-task.)\nTake one of the two away.",
        ),
    ],
)
def test_wrong_settings_say_which_and_what_is_expected(places: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError) as caught:
        resolve(**{"environ": {}, **places})
    assert str(caught.value) == message


def test_unknown_keys_of_a_recipe_are_kept_for_the_page() -> None:
    read = settings(
        recipe_config={"my_key": [1], "task_description": "x", "labels": ["A"], "port": 7, "batch_size": None}
    )
    assert read.extra == {"my_key": [1], "task_description": "x"}
    page = read.for_page()
    assert page["my_key"] == [1]
    assert page["labels"] == ["A"]
    assert page["batch_size"] == 10
    assert "port" not in page
    assert "home" not in page


def test_false_switches_off_what_existing_recipes_switch_off() -> None:
    read = settings(recipe_config={"instructions": False, "html_template": False})
    assert read.instructions is None
    assert read.html_template is None


def test_what_recipes_write_in_python() -> None:
    read = settings(
        recipe_config={
            "keymap_by_label": {0: "q", "1": "w"},
            "instructions": Path("how.html"),
            "labels": ("A", "B"),
            "annotations_per_task": 2.0,
        }
    )
    assert read.keymap_by_label == {"0": "q", "1": "w"}
    assert read.instructions == "how.html"
    assert read.labels == ["A", "B"]
    assert read.wanted.least == 2


def test_instructions_are_text_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "how.html"
    file.write_text("<p>Mark names.</p>")
    assert settings(recipe_config={"instructions": str(file)}).instructions_text() == "<p>Mark names.</p>"
    assert settings(recipe_config={"instructions": "Mark names."}).instructions_text() == "Mark names."
    assert settings(recipe_config={"instructions": "<b>x</b>.txt"}).instructions_text() == "<b>x</b>.txt"
    assert settings().instructions_text() is None
    with pytest.raises(SettingError, match="does not exist"):
        settings(recipe_config={"instructions": "missing.html"}).instructions_text()


def test_when_update_sees_answers() -> None:
    assert settings(recipe_config={"instant_submit": True}).updates_at_once
    assert settings(recipe_config={"batch_size": 1}).updates_at_once
    assert settings(recipe_config={"update_on": "submit"}).updates_at_once
    assert not settings(recipe_config={"batch_size": 1, "update_on": "settled"}).updates_at_once


def test_the_browser_opens_only_for_people(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings({"TALLYMARK_OPEN": "true"}).opens_browser
    assert not settings({"TALLYMARK_OPEN": "false"}).opens_browser
    monkeypatch.setattr("sys.stdout.isatty", lambda: False)
    assert not settings().opens_browser


def test_every_setting_is_described() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name
        assert group_of(field) in ("server", "queue", "page"), name
        assert expected(field), name
    assert PREFIX == "TALLYMARK_"
    assert not set(IGNORED) & set(Settings.model_fields)


@pytest.mark.parametrize(
    ("given", "least", "share", "most", "highest"),
    [
        (None, 1, 0.0, None, 1),
        (3, 3, 0.0, None, 3),
        ("2", 2, 0.0, None, 2),
        (1.5, 1, 0.5, None, 2),
        ("1.25", 1, 0.25, None, 2),
        ({"min": 2, "max": 3}, 2, 0.0, 3, 3),
        ('{"min": 2, "max": 3}', 2, 0.0, 3, 3),
        ({"min": 2, "max": 2}, 2, 0.0, None, 2),
    ],
)
def test_how_many_annotators_a_task_wants(
    given: Any, least: int, share: float, most: int | None, highest: int
) -> None:
    wanted = settings(keywords={"annotations_per_task": given}).wanted
    assert (wanted.least, wanted.share, wanted.most, wanted.highest) == (least, share, most, highest)


def test_everyone_has_no_limit() -> None:
    assert settings(keywords={"feed_overlap": True, "allowed_sessions": ["ann"]}).wanted.highest is None


def test_tags_of_annotators_are_the_keys_that_tasks_are_looked_through_for() -> None:
    tagged = {"ann": {"languages": ["de", "en"], "level": 2}, "bob": {"languages": "de"}, "cyd": {}}
    read = settings(keywords={"annotators": tagged})
    assert read.annotators["ann"] == {"languages": ["de", "en"], "level": ["2"]}
    assert read.tag_keys == ("languages", "level")
    assert settings(keywords={"annotators": tagged, "task_tags": ["lang"]}).tag_keys == ("lang",)
    assert settings().tag_keys == ()


def test_without_stealing_nothing_expires() -> None:
    assert settings().lease_seconds == 900.0
    assert settings(keywords={"allow_work_stealing": False}).lease_seconds is None
