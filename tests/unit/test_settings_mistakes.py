"""Mistakes that people make with settings: what is said names the place and the remedy."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tallymark.cli.main import main


@dataclass(frozen=True)
class Mistake:
    """Files (`home/` is the home folder, `user/` the user's, `work/` the project), variables, and words.

    `said` are parts of what must be said, with `{root}` for the folder of all of them; `code` the exit code.
    """

    name: str
    said: tuple[str, ...]
    files: Mapping[str, str | bytes | None] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    folder: str = "work"
    code: int = 2


TOML = "work/tallymark.toml"
JSON = "work/prodigy.json"
AT = "{root}/work/tallymark.toml"
AT_JSON = "{root}/work/prodigy.json"

MISTAKES = [
    # a name that is wrong
    Mistake("typo in our file", (f"prot ({AT}, line 2)", 'Did you mean "port"?'), {TOML: "\nprot = 1"}),
    Mistake("dash for underscore", (f"batch-size ({AT}, line 1)", '"batch_size"'), {TOML: "batch-size = 5"}),
    Mistake("capital letters", (f"Port ({AT}, line 1)", '"port"'), {TOML: "Port = 5"}),
    Mistake("nothing near", (f"zzz ({AT}, line 1)", "`tallymark config` lists them"), {TOML: "zzz = 5"}),
    Mistake(
        "several mistakes at once",
        (f"prot ({AT}, line 1)", f'port ({AT}, line 2) is "x"'),
        {TOML: 'prot = 1\nport = "x"'},
    ),
    Mistake(
        "a setting inside a table",
        (f"server ({AT}, line 2)", "without [server]", "Write port"),
        {TOML: "# where\n[server]\nport = 5"},
    ),
    Mistake("prodigy's name in our file", ("prodigy.json's db is called database here",), {TOML: 'db = "x"'}),
    Mistake("prodigy's name without effect", ("rows are always checked",), {TOML: "validate = true"}),
    Mistake("the page's name in our file", ("put it in prodigy.json",), {TOML: "swipe = true"}),
    Mistake("typo in a variable", ('"TALLYMARK_PORT"',), environ={"TALLYMARK_PROT": "1"}),
    Mistake("typo behind --set", ("prot (--set prot)", '"port"'), words=("--set", "prot=1")),
    Mistake("prodigy's name behind --set", ("is called database",), words=("--set", "db=x")),
    Mistake("--set without a value", ("'port'", "NAME=VALUE"), words=("--set", "port")),
    Mistake("--set inside what is no table", ("port.x", "no table"), words=("--set", "port.x=1")),
    Mistake("typo in a setting to explain", ('"batch_size"',), words=("batch_sise",)),
    # a value that is wrong
    Mistake(
        "a number in quotation marks",
        (f'port ({AT}, line 1) is "8080"', "a whole number from 0 to 65535", "Write port = 8080."),
        {TOML: 'port = "8080"'},
    ),
    Mistake("a number out of range", ("line 1) is 99999; expected", "0 to 65535"), {TOML: "port = 99999"}),
    Mistake(
        "yes for true", ('is "yes"', "true or false", "Write show_flag = true."), {TOML: 'show_flag = "yes"'}
    ),
    Mistake("true for a number", ("port", "is true", "a whole number"), {TOML: "port = true"}),
    Mistake("text for a list", ("a list of names", 'Write labels = ["A", "B"].'), {TOML: 'labels = "A,B"'}),
    Mistake("numbers in a list", ('Write labels = ["1", "2"].',), {TOML: "labels = [1, 2]"}),
    Mistake("a near word", ('Write exclude_by = "input", for example.',), {TOML: 'exclude_by = "inptu"'}),
    Mistake("text for a table", ("keymap", "a JSON object"), {TOML: 'keymap = "ctrl+enter"'}),
    Mistake("a date", ("session", "2024-01-01"), {TOML: "session = 2024-01-01"}),
    Mistake(
        "a wrong value in prodigy.json",
        (f'batch_size ({AT_JSON}, line 3) is "many"', 'Write "batch_size": 10, for example.'),
        {JSON: '{\n "port": 1,\n "batch_size": "many"}'},
    ),
    Mistake(
        "fewer than one annotator",
        (f"annotations_per_task ({AT_JSON}, line 1) is 0.5", "at least 1, an average", 'Write "annot'),
        {JSON: '{"annotations_per_task": 0.5}'},
    ),
    Mistake(
        "bounds that are none",
        (f"annotations_per_task ({AT}, line 1) is", "Write annotations_per_task = 2, for example."),
        {TOML: "annotations_per_task = { min = 3, max = 2 }"},
    ),
    Mistake("bounds in part", ('{{"min": 2, "max": 3}}',), {TOML: "annotations_per_task = { min = 3 }"}),
    Mistake("no number at all", ("PER_TASK is 'many'",), environ={"TALLYMARK_ANNOTATIONS_PER_TASK": "many"}),
    Mistake(
        "a tag without its name",
        (f"annotators ({AT}, line 1) is", '{{ "ann" = {{ "languages" = ["de", "en"] }} }}, for example.'),
        {TOML: 'annotators = { ann = "de" }'},
    ),
    Mistake("a tag that is none", ("annotators",), {TOML: "annotators = { ann = { languages = [true] } }"}),
    Mistake(
        "annotators that are no JSON",
        ("TALLYMARK_ANNOTATORS is 'ann'", "a JSON object of annotators"),
        environ={"TALLYMARK_ANNOTATORS": "ann"},
    ),
    Mistake("a wrong variable", ("TALLYMARK_PORT is 'abc'",), environ={"TALLYMARK_PORT": "abc"}),
    Mistake("a near word in a variable", ('Did you mean "basic"?',), environ={"TALLYMARK_LOGGING": "basci"}),
    Mistake("a wrong PRODIGY_ variable", ("PRODIGY_PORT is 'x'",), environ={"PRODIGY_PORT": "x"}),
    Mistake(
        "a wrong value that another place overrides",
        (f'port ({AT}, line 1) is "x"',),
        {TOML: 'port = "x"'},
        {"TALLYMARK_PORT": "9000"},
    ),
    Mistake(
        "a password in a wrong value is not shown",
        ("postgresql://ann:***@db/x",),
        {TOML: 'port = "postgresql://ann:secret@db/x"'},
    ),
    # files that cannot be read
    Mistake(
        "no quotation marks", (f"{AT}, line 2, column", 'host = "localhost"'), {TOML: "\nhost = localhost"}
    ),
    Mistake("a colon", (f"{AT}, line 1", "Write a name, an equals sign"), {TOML: "port: 8080"}),
    Mistake("True", ("Write show_flag = true.",), {TOML: "show_flag = True"}),
    Mistake("null", ("Take the line away", "session"), {TOML: "session = null"}),
    Mistake("an open bracket", (f"{AT}, line 2", "not closed"), {TOML: 'labels = ["A",\n port = 3'}),
    Mistake("JSON in a TOML file", ("looks like JSON",), {TOML: '{"port": 3}'}),
    Mistake(
        "a key twice",
        (f"{AT}, line 3", "port stands in line 1 already", "Take one"),
        {TOML: "port = 1\n# again\nport = 2"},
    ),
    Mistake("a comma too many", (f"{AT_JSON}, line 2", "Take away the comma"), {JSON: '{"port": 1,\n}'}),
    Mistake("a comment in JSON", ("JSON has no comments",), {JSON: '{\n// here\n"port": 1}'}),
    Mistake("single quotation marks", ('Write "double"',), {JSON: "{'port': 1}"}),
    Mistake("Python's True", ("Write true.",), {JSON: '{"show_flag": True}'}),
    Mistake("a missing comma", ("a comma that is missing",), {JSON: '{"port": 1\n"host": "x"}'}),
    Mistake("a list", (f"{AT_JSON} holds a list",), {JSON: "[1]"}),
    Mistake(
        "a key twice in JSON",
        (f"{AT_JSON}, line 2", "port stands in line 1 already"),
        {JSON: '{"port": 1,\n"port": 2}'},
    ),
    Mistake("UTF-16", (f"{AT} is UTF-16", "Save it as UTF-8"), {TOML: "port = 1".encode("utf-16")}),
    Mistake("Latin-1", (f"{AT} is not UTF-8: line 2", "0xfc"), {TOML: b"port = 1\nsession = 'J\xfcrg'"}),
    Mistake("a folder in its place", (f"{AT} is a folder", "Rename"), {f"{TOML}/x": ""}),
    Mistake("PRODIGY_CONFIG astray", ("PRODIGY_CONFIG", "no file"), environ={"PRODIGY_CONFIG": "gone.json"}),
    Mistake(
        "overrides that are no JSON",
        ("PRODIGY_CONFIG_OVERRIDES, line 1", "double"),
        environ={"PRODIGY_CONFIG_OVERRIDES": "{'port': 1}"},
    ),
    # places that disagree
    Mistake(
        "everyone and so many",
        (f"feed_overlap ({AT}, line 1)", "TALLYMARK_ANNOTATIONS_PER_TASK", "Take one"),
        {TOML: "feed_overlap = true"},
        {"TALLYMARK_ANNOTATIONS_PER_TASK": "2"},
    ),
    Mistake(
        "no stealing after so many minutes",
        (f"allow_work_stealing ({AT}, line 1), lease_minutes ({AT}, line 2)", "Take one"),
        {TOML: "allow_work_stealing = false\nlease_minutes = 5"},
    ),
    Mistake(
        "more people than may come",
        (f"annotations_per_task ({AT}, line 1), TALLYMARK_ALLOWED_SESSIONS", "a task wants 3, and 2 people"),
        {TOML: "annotations_per_task = { min = 1, max = 3 }"},
        {"TALLYMARK_ALLOWED_SESSIONS": "ann,bob"},
    ),
    Mistake(
        "an average of more people than may come",
        (f"annotations_per_task ({AT}, line 1), PRODIGY_ALLOWED_SESSIONS", "a task wants 2, and 1 people"),
        {TOML: "annotations_per_task = 1.5"},
        {"PRODIGY_ALLOWED_SESSIONS": "ann"},
    ),
    Mistake(
        "a seat that may not be taken",
        (f"session ({AT}, line 1), TALLYMARK_ALLOWED_SESSIONS", "'zoe' is none of those"),
        {TOML: 'session = "zoe"'},
        {"TALLYMARK_ALLOWED_SESSIONS": "ann,bob"},
    ),
    Mistake(
        "tags for people who may not come",
        (f"annotators ({AT}, line 1), TALLYMARK_ALLOWED_SESSIONS", "zoe may not come"),
        {TOML: 'annotators = { zoe = { languages = "de" } }'},
        {"TALLYMARK_ALLOWED_SESSIONS": "ann,bob"},
    ),
    Mistake(
        "home in the home folder",
        ("home ({root}/home/tallymark.toml, line 1) cannot be set there", "TALLYMARK_HOME"),
        {"home/tallymark.toml": 'home = "/elsewhere"'},
    ),
    Mistake("home in prodigy.json", (f"home ({AT_JSON}", "Use TALLYMARK_HOME"), {JSON: '{"home": "x"}'}),
    Mistake(
        "two files disagree",
        ("9001", "over 9000", "{root}/home/tallymark.toml, line 1"),
        {TOML: "port = 9001", "home/tallymark.toml": "port = 9000"},
        words=("--only-changed",),
        code=0,
    ),
    Mistake(
        "a variable against a file",
        ("value      7, from TALLYMARK_BATCH_SIZE", f"over 20, from {AT}, line 1"),
        {TOML: "batch_size = 20"},
        {"TALLYMARK_BATCH_SIZE": "7"},
        ("batch_size",),
        code=0,
    ),
    # files where nobody looks
    *(
        Mistake(
            f"a file called {name}",
            (f"Not read: {{root}}/work/{name}", f"call it {right}"),
            {f"work/{name}": ""},
            code=0,
        )
        for name, right in [
            ("tallymark.yaml", "tallymark.toml and write it as TOML"),
            ("tallymark.json", "tallymark.toml and write it as TOML"),
            ("talymark.toml", "tallymark.toml"),
            ("tallymark.toml.txt", "tallymark.toml"),
            (".tallymark.toml", "tallymark.toml"),
            (".prodigy.json", "prodigy.json"),
            ("prodigy.yml", "prodigy.json and write it as JSON"),
        ]
    ),
    Mistake(
        "pyproject.toml",
        ("move [tool.tallymark] to tallymark.toml",),
        {"work/pyproject.toml": "[tool.tallymark]\nport = 1"},
        code=0,
    ),
    Mistake(
        "a folder below",
        ("Not read: {root}/work/data/tallymark.toml", "settings are read from {root}/work"),
        {"work/data/tallymark.toml": "port = 1"},
        code=0,
    ),
    Mistake(
        "beyond the repository",
        ("Not read: {root}/tallymark.toml",),
        {"tallymark.toml": "port = 1", "work/.git/HEAD": ""},
        code=0,
    ),
    Mistake(
        "the user's own folder", ("Not read: {root}/user/prodigy.json",), {"user/prodigy.json": "{}"}, code=0
    ),
    Mistake(
        "an unknown PRODIGY_ variable",
        ("PRODIGY_PROT is not known", '"PRODIGY_PORT"'),
        environ={"PRODIGY_PROT": "1"},
        code=0,
    ),
    Mistake("a button there is not", ("buttons", "some of accept"), {TOML: 'buttons = ["acept"]'}),
    Mistake("a setting below a table", ("keymap", "actions"), {TOML: '[keymap]\naccept = "a"\nprot = 1'}),
    Mistake(
        "a hook there is not",
        ("hooks", "fed, done, stuck or disagreement"),
        {TOML: 'hooks = { finished = "true" }'},
    ),
    Mistake(
        "a name without a password",
        ("basic_auth_user and basic_auth_pass go together", "PRODIGY_BASIC_AUTH_USER"),
        environ={"PRODIGY_BASIC_AUTH_USER": "ann"},
    ),
    Mistake(
        "half a provider",
        (
            "oidc_discovery_url, oidc_client_id and oidc_client_secret go together",
            "{root}/work/tallymark.toml",
        ),
        {"work/tallymark.toml": 'oidc_client_id = "tallymark"'},
    ),
    Mistake(
        "a provider that is switched on and not named",
        ("oidc_discovery_url, oidc_client_id and oidc_client_secret go together",),
        environ={"PRODIGY_OIDC_AUTH_ENABLED": "true"},
    ),
    Mistake(
        "one password and a provider",
        ("basic_auth_pass and oidc_discovery_url contradict each other",),
        {
            "work/tallymark.toml": 'basic_auth_user = "a"\nbasic_auth_pass = "b"\noidc_client_id = "c"\n'
            'oidc_client_secret = "d"\noidc_discovery_url = "https://x.example"'
        },
    ),
]


def write(root: Path, files: Mapping[str, str | bytes | None]) -> None:
    for folder in ("home", "user", "work"):
        (root / folder).mkdir(exist_ok=True)
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else (content or "").encode())


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(tmp_path, {})
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setenv("TALLYMARK_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name.replace(" ", "-"))
def test_a_mistake_is_told_with_its_place_and_its_remedy(
    mistake: Mistake, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[Any]
) -> None:
    write(root, mistake.files)
    monkeypatch.chdir(root / mistake.folder)
    for name, value in mistake.environ.items():
        monkeypatch.setenv(name, value)
    code = main(["config", *mistake.words])
    out, err = capsys.readouterr()
    assert code == mistake.code, out + err
    told = out if mistake.code == 0 else err
    for part in mistake.said:
        assert part.format(root=root) in told
    assert "Traceback" not in err


def test_there_are_thirty_mistakes_and_more() -> None:
    assert len({mistake.name for mistake in MISTAKES}) == len(MISTAKES) > 30
