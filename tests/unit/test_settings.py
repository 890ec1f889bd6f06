"""Settings from files: where they are read, who wins, what the page gets, what `tallymark config` shows."""

import json
import logging
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tallymark.cli import run
from tallymark.cli.main import main
from tallymark.config import PAGE_KEYS, Settings, resolve
from tallymark.config.documents import read_document
from tallymark.config.prodigy import IGNORED, RENAMED
from tallymark.config.schema import SCHEMA_FILE, schema, schema_text
from tallymark.errors import SettingError
from tallymark.interfaces import setting_names

PLACES = ("home/prodigy.json", "home/tallymark.toml", "work/prodigy.json", "work/tallymark.toml")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for folder in ("home", "user", "work/deep/down"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setenv("TALLYMARK_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path


def put(path: Path, **values: Any) -> Path:
    """A settings file of either kind."""
    toml = "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(toml if path.suffix == ".toml" else json.dumps(values))
    return path


def test_each_place_wins_over_those_before(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolve().batch_size == 10
    for number, name in enumerate(PLACES, start=21):
        path = put(root / name, batch_size=number)
        assert resolve().batch_size == number
        assert resolve().origins["batch_size"] == f"batch_size ({path}, line 1)"
    recipe: dict[str, Any] = {"recipe_config": {"batch_size": 25}}
    assert resolve(**recipe).batch_size == 25
    monkeypatch.setenv("PRODIGY_CONFIG_OVERRIDES", '{"batch_size": 26, "port": 1}')
    monkeypatch.setenv("PRODIGY_PORT", "2")
    assert (resolve(**recipe).batch_size, resolve().port) == (26, 2)
    monkeypatch.setenv("TALLYMARK_BATCH_SIZE", "27")
    assert resolve(**recipe).batch_size == 27
    assert resolve(**recipe, command_line={"batch_size": "28"}).batch_size == 28
    assert resolve(**recipe, keywords={"batch_size": 29}).batch_size == 29
    last = resolve(**recipe, assignments=["batch-size=30"])
    assert [given.value for given in last.resolution.given["batch_size"]] == [
        *range(21, 27), "27", "30"
    ]  # fmt: skip


def test_files_are_not_read_again_after_the_recipe_ran(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(root / "work/tallymark.toml", port=9000)
    before = resolve()
    monkeypatch.chdir(root)
    assert resolve(files=before.resolution.files).port == 9000


def test_the_project_is_the_nearest_folder_with_a_file(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(root / "work/tallymark.toml", port=1)
    monkeypatch.chdir(root / "work/deep/down")
    assert resolve().port == 1
    put(root / "work/deep/prodigy.json", batch_size=2)
    assert (resolve().port, resolve().batch_size) == (8080, 2), "both files are those of one folder"


def test_the_search_ends_at_the_repository(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(root / "work/tallymark.toml", port=1)
    (root / "work/deep/.git").mkdir()
    monkeypatch.chdir(root / "work/deep/down")
    assert resolve().port == 8080
    put(root / "work/deep/tallymark.toml", port=2)
    assert resolve().port == 2, "its root is searched, too"


def test_the_search_ends_below_the_users_own_folder(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(root / "user/tallymark.toml", port=1)
    (root / "user/here").mkdir()
    monkeypatch.chdir(root / "user/here")
    assert resolve().port == 8080
    monkeypatch.chdir(root / "user")
    assert resolve().port == 1, "the current folder always counts"


def test_files_of_other_users_above_are_not_trusted(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stranger = 4711
    file = put(root / "work/tallymark.toml", port=1)
    monkeypatch.chdir(root / "work/deep")
    if os.getuid() == 0:
        os.chown(file, stranger, -1)
    else:
        monkeypatch.setattr(os, "getuid", lambda: stranger)
    assert resolve().port == 8080
    monkeypatch.chdir(root / "work")
    assert resolve().port == 1


def test_home_may_be_the_project(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(root / "home/tallymark.toml", port=1)
    monkeypatch.chdir(root / "home")
    settings = resolve()
    assert settings.port == 1
    assert len(settings.resolution.given["port"]) == 1


def test_a_project_may_name_its_home(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TALLYMARK_HOME")
    put(root / "work/tallymark.toml", home="kept")
    put(root / "work/kept/tallymark.toml", port=7)
    settings = resolve()
    assert (settings.home, settings.port) == (root / "work/kept", 7)
    assert settings.database_url == str(root / "work/kept/tallymark.db")


def test_paths_start_at_the_folder_of_their_file(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(root / "work/tallymark.toml", database="data/x.db", instructions="guide.md")
    (root / "work/guide.md").write_text("Read.")
    monkeypatch.chdir(root / "work/deep")
    settings = resolve()
    assert settings.database == str(root / "work/data/x.db")
    assert settings.instructions_text() == "Read."
    put(root / "work/tallymark.toml", database="postgresql://db/x", instructions="Mark names.")
    assert resolve().database == "postgresql://db/x"
    assert resolve().instructions_text() == "Mark names."


def test_prodigy_home_and_config(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(root / "user/.prodigy/prodigy.json", port=1)
    assert resolve().port == 1
    put(root / "theirs/prodigy.json", port=2)
    monkeypatch.setenv("PRODIGY_HOME", str(root / "theirs"))
    assert resolve().port == 2
    put(root / "home/prodigy.json", port=3)
    assert resolve().port == 3, "our own home comes after theirs"
    put(root / "work/prodigy.json", port=4, show_flag=True)
    monkeypatch.setenv("PRODIGY_CONFIG", str(put(root / "named.json", port=5)))
    named = resolve()
    assert (named.port, named.show_flag) == (5, False), "one file in place of every prodigy.json"
    put(root / "work/tallymark.toml", port=6)
    assert resolve().port == 6


def test_prodigy_json_is_read_as_it_is(root: Path) -> None:
    put(
        root / "work/prodigy.json",
        port="8081",
        annotations_per_task=None,
        instructions=False,
        ner_manual_label_style="dropdown",
        hide_newlines=False,
        hide_true_newline_tokens=True,
        theme="spacy",
        cors=True,
        wibble=[1],
        db_settings={"postgresql": {"password": "secret"}},
        openai_api_key="secret",
    )
    settings = resolve(recipe_config={"wibble": [2], "api_key": "the recipe's own business"})
    assert (settings.port, settings.instructions, settings.label_style) == (8081, None, "dropdown")
    assert settings.hide_newlines is False, "the newer name counts"
    page = settings.for_page()
    assert (page["theme"], page["wibble"]) == ("spacy", [2])
    assert not {"cors", "db_settings", "openai_api_key"} & set(page)
    assert "openai_api_key" in settings.resolution.notices[0]


def test_a_lenient_place_is_checked_only_where_it_counts(root: Path) -> None:
    put(root / "work/prodigy.json", port="many")
    with pytest.raises(SettingError, match=r"port \(.*prodigy.json, line 1\)"):
        resolve()
    assert resolve(command_line={"port": "3"}).port == 3


def test_tables_are_replaced_and_a_dot_sets_one_key(root: Path) -> None:
    put(root / "home/prodigy.json", custom_theme={"cardMaxWidth": 900, "labels": {"A": "red"}})
    put(root / "work/prodigy.json", custom_theme={"labels": {"A": "blue", "B": "green"}})
    assert resolve().custom_theme == {"labels": {"A": "blue", "B": "green"}}
    settings = resolve(
        assignments=["custom_theme.labels.A=#fff", "custom-theme.cardMaxWidth=5", "keymap.undo=[]"]
    )
    assert settings.custom_theme == {"labels": {"A": "#fff", "B": "green"}, "cardMaxWidth": 5}
    assert settings.keymap == {"undo": []}
    assert resolve().custom_theme == {"labels": {"A": "blue", "B": "green"}}


@pytest.mark.parametrize(
    ("name", "data", "values"),
    [
        ("a.toml", b"", {}),
        ("a.json", b" \n", {}),
        ("a.toml", b"\xef\xbb\xbfport = 1\r\n", {"port": 1}),
        ("a.json", b'\xef\xbb\xbf{"port": 1}', {"port": 1}),
    ],
)
def test_empty_files_and_byte_order_marks(
    tmp_path: Path, name: str, data: bytes, values: dict[str, Any]
) -> None:
    file = tmp_path / name
    file.write_bytes(data)
    assert read_document(file).values == values


def test_lines_are_found_through_strings_comments_and_brackets(tmp_path: Path) -> None:
    toml = tmp_path / "a.toml"
    toml.write_text(
        '# port = 1\nhost = """\nport = 2\n"""\nlabels = [\n  "a = 1", # b = 2\n  "x",\n]\n'
        "'port' = 3\nkeymap.\"a.b\" = ['''\nlang = 1''']\n[custom_theme]\nlabels = {x = 1}\n"
        "[[more]]\ny = 1\n[[more]]\ny = 2\n"
    )
    document = read_document(toml)
    lines = {key: document.line_of(key) for key in document.values}
    assert lines == {"host": 2, "labels": 5, "port": 9, "keymap": 10, "custom_theme": 12, "more": 15}
    assert document.lines["keymap", "a.b"] == 10
    json_file = tmp_path / "a.json"
    json_file.write_text('{"a": {"b": "}{",\n "c": [{"x": 1}, {"x": 2}]},\n\n "b": "\\"c\\": 1",\n "c": 2}')
    document = read_document(json_file)
    assert {key: document.line_of(key) for key in document.values} == {"a": 1, "b": 4, "c": 5}


def test_files_that_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = tmp_path / "tallymark.toml"
    link.symlink_to(tmp_path / "gone")
    with pytest.raises(SettingError, match="points to a file that is not there"):
        read_document(link)
    pipe = tmp_path / "prodigy.json"
    os.mkfifo(pipe)
    with pytest.raises(SettingError, match="is no file that can be read"):
        read_document(pipe)

    def refuse(_path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(SettingError, match=r"cannot be read: Permission denied\.\nGive yourself"):
        read_document(put(tmp_path / "other.toml", port=1))


def test_other_files_are_no_strays(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in (
        "prodigy.txt",
        "prodigy.jsonl",
        "tallymark_export.json",
        ".tallymark.schema.json",
        "tallymark.db",
    ):
        (root / "work" / name).touch()
    (root / "work/pyproject.toml").write_text("[tool.ruff]\nline-length = 110\n")
    assert main(["config"]) == 0
    assert "Not read" not in capsys.readouterr().out


def test_a_folder_that_is_gone(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> Path:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "cwd", gone)
    with pytest.raises(SettingError, match="current folder is not there"):
        resolve()


def test_config_as_json(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(root / "work/prodigy.json", port=1, wibble=2, cors=True)
    put(root / "work/tallymark.toml", port=2, database="postgresql://ann:secret@db/x")
    (root / "work/prodigy.yaml").touch()
    assert main(["config", "--json", "--only-changed"]) == 0
    out = capsys.readouterr().out
    shown = json.loads(out)
    assert shown["settings"]["port"] == {
        "value": 2,
        "from": f"{root}/work/tallymark.toml, line 1",
        "overridden": [{"value": 1, "from": f"{root}/work/prodigy.json, line 1"}],
    }
    assert set(shown["settings"]) == {"port", "database", "home"}
    assert [file["path"] for file in shown["files"] if file["found"]] == [
        f"{root}/work/prodigy.json",
        f"{root}/work/tallymark.toml",
    ]
    assert shown["not_settings"]["wibble"]["effect"] == "passed to the page"
    assert shown["not_settings"]["cors"]["effect"].startswith("none: ")
    assert shown["not_read"][0]["path"] == f"{root}/work/prodigy.yaml"
    assert "secret" not in out


def test_config_as_tables(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    put(root / "work/prodigy.json", wibble=2)
    put(root / "work/tallymark.toml")
    assert main(["config"]) == 0
    out = capsys.readouterr().out
    for name in Settings.model_fields:
        assert f" {name} " in out
    assert f"Project: {root}/work (the current folder)" in out
    assert "read; empty" in out
    assert "wibble" in out
    (root / "work/prodigy.json").unlink()
    monkeypatch.delenv("TALLYMARK_HOME")
    assert main(["config", "--only-changed"]) == 0
    assert "every setting has its default" in capsys.readouterr().out


def test_config_explains_one_setting(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "TALLYMARK_BATCH-SIZE"]) == 0
    out = capsys.readouterr().out
    for text in (
        "batch_size\n",
        "Tasks a page holds",
        "from 1 to 1000",
        "value      10, from default",
        "--set",
    ):
        assert text in out


RECIPE = """
from tallymark import recipe


@recipe("settings.shown")
def shown(dataset: str, source: str):
    return {"dataset": dataset, "view_id": "text", "stream": [{"text": "a"}], "config": {"cors": True}}
"""


@pytest.fixture
def start(root: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Start a recipe that is not served; gives the exit code."""
    (root / "work/mine.py").write_text(RECIPE)
    put(root / "work/data/prodigy.json", port=3)
    (root / "work/data/in.jsonl").write_text("{}\n")
    monkeypatch.setattr(run, "run_recipe", lambda _components, **_more: 0)
    monkeypatch.setattr(run, "begin_server", lambda _settings: SimpleNamespace(cancel=lambda: None))

    def started(*words: str) -> int:
        return main(["settings.shown", "news", "data/in.jsonl", "-F", str(root / "work/mine.py"), *words])

    return started


def test_a_start_reports_once_what_is_not_used(
    start: Any, root: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(root / "work/prodigy.json", wibble=1, swipe=True)
    (root / "work/tallymark.yml").touch()
    monkeypatch.setenv("PRODIGY_PROT", "1")
    assert start() == 0
    warned = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warned) == 4, warned
    assert warned[0].startswith(f"wibble is no setting ({root}/work/prodigy.json, line 1)")
    assert "PRODIGY_PROT is not known" in warned[1]
    assert warned[2].startswith(f"{root}/work/tallymark.yml is not read")
    assert warned[3].startswith(f"{root}/work/data/prodigy.json is not read")


def test_a_key_that_is_near_to_a_setting_is_told_which(
    start: Any, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    put(root / "work/prodigy.json", batch_sise=5, relation_span_labels=["A"])
    assert start() == 0
    assert [message.partition("as it is.")[2] for message in caplog.messages[:2]] == [
        ' Did you mean "batch_size"?',
        ' Did you mean "relations_span_labels"?',
    ]


def test_logging_names_the_files_in_use(start: Any, root: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = put(root / "work/tallymark.toml", port=9000)
    with caplog.at_level(logging.INFO):
        assert start("--logging", "basic") == 0
    assert f"Settings files: {file}." in caplog.messages


def test_passwords_are_not_shown(
    start: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PRODIGY_BASIC_AUTH_USER", "ann")
    monkeypatch.setenv("PRODIGY_BASIC_AUTH_PASS", "hidden")
    assert start() == 0
    assert main(["config"]) == 0
    told = capsys.readouterr()
    assert "PRODIGY_BASIC_AUTH_PASS" in told.out
    assert "hidden" not in told.out + told.err


def test_the_shipped_schema_is_what_the_code_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text(), "run `make docs`"
    assert main(["config", "--schema"]) == 0
    assert json.loads(capsys.readouterr().out) == schema()


def test_the_schema_is_as_strict_as_the_program() -> None:
    known = schema()["properties"]
    assert list(known) == list(Settings.model_fields)
    assert known["port"]["type"] == "integer"
    assert {"const": False} in known["instructions"]["anyOf"]
    assert "null" not in schema_text().replace("nullable", "")


def test_no_key_has_two_meanings() -> None:
    settings = set(Settings.model_fields)
    assert not settings & PAGE_KEYS
    assert not settings & set(IGNORED)
    assert not PAGE_KEYS & set(IGNORED)
    assert set(RENAMED.values()) <= settings
    assert setting_names() <= settings | PAGE_KEYS | set(RENAMED) | set(IGNORED)
