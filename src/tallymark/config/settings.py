"""Every setting: its type, its default, and what it means."""

import os
import sys
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from tallymark.config.given import Resolution
from tallymark.config.people import PER_TASK, TAGS, PerTask, Tagged, Wanted, wanted
from tallymark.config.prodigy import IGNORED
from tallymark.errors import SettingError

__all__ = ["PREFIX", "Settings", "Valid", "default_home", "group_of", "lax", "off"]

PREFIX: Final = "TALLYMARK_"


def _listed(value: Any) -> Any:
    """A comma-separated text as a list; anything else as it is."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _jsoned(value: Any) -> Any:
    """JSON written as text as what it says; keys of a dict as text."""
    if isinstance(value, Mapping):
        return {str(key): item for key, item in value.items()}
    if not isinstance(value, str):
        return value
    import json

    try:
        return json.loads(value)
    except ValueError as error:
        raise PydanticCustomError("json", "is not JSON: {reason}", {"reason": str(error)}) from error


def off(value: Any) -> Any:
    """`False`, `off`, `none` and the empty text as None; a path as text."""
    if isinstance(value, Path):
        return str(value)
    return (
        None if value is False or (isinstance(value, str) and value.lower() in ("", "none", "off")) else value
    )


Names = Annotated[list[str], BeforeValidator(_listed)]
Text = Annotated[str | None, BeforeValidator(off)]
Mapped = Annotated[dict[str, Any], BeforeValidator(_jsoned)]
Tables = Annotated[list[dict[str, Any]], BeforeValidator(_jsoned)]
Buttons = Annotated[list[Literal["accept", "reject", "ignore", "undo"]], BeforeValidator(_listed)]
Keymap = Annotated[dict[str, Annotated[list[str], BeforeValidator(_listed)]], BeforeValidator(_jsoned)]
Hooks = Annotated[dict[Literal["fed", "done", "stuck", "disagreement"], str], BeforeValidator(_jsoned)]
Group = Literal["server", "queue", "page"]


def _setting(
    group: Group,
    description: str,
    default: Any = None,
    *,
    takes: str | None = None,
    example: Any = None,
    **limits: Any,
) -> Any:
    """A setting with its place in the reference; those of the group `page` are sent to the page.

    `takes` says in words what it accepts, and `example` is one, where its type does not tell.
    """
    if isinstance(default, list | dict):
        limits["default_factory"] = default.copy
    elif callable(default):
        limits["default_factory"] = default
    else:
        limits["default"] = default
    extra: dict[str, Any] = {"group": group}
    if takes is not None:
        extra |= {"takes": takes, "example": example}
    return Field(description=description, json_schema_extra=extra, **limits)


def default_home() -> Path:
    """`~/.tallymark`."""
    return Path("~/.tallymark").expanduser()


class Settings(BaseModel):
    """Every setting. Build it with `resolve`, which reads all places; the class itself reads none."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    # where the program runs and who reaches it
    host: str = _setting("server", "Address to listen at.", "127.0.0.1", min_length=1)
    port: int = _setting("server", "Port to listen at; 0 takes any free one.", 8080, ge=0, le=65535)
    open: bool | None = _setting(
        "server", "Open the page in a browser; unset: only at a terminal with a display."
    )
    session: str | None = _setting("server", "Seat under which the browser is opened.", max_length=200)
    home: Path = _setting(
        "server", "Folder of the database and everything else that is kept.", default_home()
    )
    database: str | None = _setting(
        "server", "Database file or URL; unset: `tallymark.db` in the home folder."
    )
    workers: int = _setting(
        "server", "Processes that answer requests; more than one needs PostgreSQL.", 1, ge=1, le=64
    )
    allowed_hosts: Names = _setting("server", "Further host names under which the page may be reached.", [])
    max_body_mb: int = _setting("server", "Largest request accepted, in megabytes.", 64, ge=1)
    public_url: Text = _setting("server", "Where people reach the page behind a proxy.", pattern="^https?://")
    basic_auth_user: Text = _setting("server", "Name that everybody logs in with; with `basic_auth_pass`.")
    basic_auth_pass: Text = _setting("server", "Password that everybody logs in with.")
    oidc_discovery_url: Text = _setting("server", "Description of an OpenID Connect provider to log in at.")
    oidc_client_id: Text = _setting("server", "What this installation is called at the provider.")
    oidc_client_secret: Text = _setting("server", "The provider's secret for this installation.")
    oidc_name_claim: str = _setting("server", "What of a user is the name here.", "preferred_username")
    oidc_operators: Names = _setting("server", "Users of the provider who are operators.", [])
    oidc_auth_enabled: bool | None = _setting("server", "Use the provider; unset: when there is one.")
    take_over: bool = _setting("server", "Take the dataset from the process that serves it now.", False)
    logging: Annotated[Literal["basic", "verbose"] | None, BeforeValidator(off)] = _setting(
        "server", "`basic` says what happens, `verbose` adds details and tracebacks; unset: warnings only."
    )

    # who gets what, and when it counts
    batch_size: int = _setting("queue", "Tasks a page holds at a time.", 10, ge=1, le=1000)
    exclude_by: Literal["task", "input"] = _setting(
        "queue", "What makes two tasks the same: the whole `task`, or its `input` alone.", "task"
    )
    auto_exclude_current: bool = _setting(
        "queue", "Do not ask again what the dataset has answers to; false: a new start asks it again.", True
    )
    exclude_for: Literal["everyone", "annotator"] = _setting(
        "queue",
        "Who is not asked what the datasets of `exclude` have answers to: `everyone`, or only the "
        "`annotator` who gave them.",
        "everyone",
    )
    feed_overlap: bool = _setting("queue", "Everyone gets every task.", False)
    annotations_per_task: PerTask = _setting(
        "queue",
        "How many annotators each task wants; 1.5: one, and every second task two; with `min` and `max`: so "
        "many, and more while people ask who have nothing else to do. Not together with `feed_overlap`.",
        takes=PER_TASK,
        example=2,
    )
    allowed_sessions: Names | None = _setting("queue", "Seats that may be taken; unset: anyone.")
    annotators: Tagged = _setting(
        "queue",
        "Tags of annotators, by name; tasks that ask for tags go to those who have them.",
        {},
        takes=TAGS,
        example={"ann": {"languages": ["de", "en"]}},
    )
    task_tags: Names | None = _setting(
        "queue",
        "Keys of a task, or of its `meta`, that say which tags its annotator must have; "
        "unset: all that `annotators` names.",
    )
    router_fallback: float | None = _setting(
        "queue",
        "Minutes after which a task is opened to all when those a router named do not come; 0: never; "
        "unset: 30 for routers that only balance, else never.",
        ge=0,
    )
    lease_minutes: float = _setting("queue", "How long a task stays with a silent page.", 15.0, gt=0)
    allow_work_stealing: bool = _setting(
        "queue",
        "What absent people hold go to others after `lease_minutes`; false: when an operator releases them.",
        True,
    )
    undo_window: int = _setting("queue", "Newer answers of a session after which one is settled.", 10, ge=0)
    settle_seconds: float = _setting("queue", "Time after which an answer is settled.", 60.0, ge=0)
    update_on: Literal["settled", "submit"] | None = _setting(
        "queue",
        "When `update` sees an answer: once it can no longer be undone (`settled`), or at once (`submit`); "
        "unset: `submit` with `instant_submit` or `batch_size` 1, else `settled`.",
    )
    hooks: Hooks = _setting(
        "queue",
        "Where to tell that a dataset is `fed`, `done` or `stuck`, or of `disagreement`: an address (http, "
        "https) or a command, which get the news as JSON.",
        {},
        takes="a JSON object with fed, done, stuck or disagreement, each an address or a command",
        example={"done": "https://example.org/done"},
    )
    stuck_minutes: float = _setting(
        "queue", "Minutes without an answer after which open tasks are stuck.", 60.0, gt=0
    )
    agreement_bound: float = _setting(
        "queue", "Krippendorff's alpha on the answers below which annotators disagree.", 0.667, le=1
    )
    ignore_counts: bool = _setting("queue", "An ignored task counts as answered.", True)

    # how the page looks and behaves
    labels: Names | None = _setting("page", "Label set; recipes usually take it from `--label`.")
    label: Text = _setting("page", "The one label asked about.")
    instructions: Text = _setting("page", "Text, HTML, or a file with either, shown to annotators.")
    buttons: Buttons = _setting(
        "page",
        "Buttons in order; one left out is hidden and its key off.",
        ["accept", "reject", "ignore", "undo"],
        takes="some of accept, reject, ignore and undo",
        example=["accept", "reject"],
    )
    ignore_reasons: Names = _setting("page", "Reasons offered when a task is ignored.", [])
    show_flag: bool = _setting("page", "Offer the flag button.", False)
    hide_meta: bool = _setting("page", "Do not show a task's `meta`.", False)
    instant_submit: bool = _setting("page", "Settle each answer at once.", False)
    total_examples_target: int = _setting(
        "page", "Number of answers the progress bar aims at; 0: all.", 0, ge=0
    )
    choice_style: Literal["single", "multiple", "rating", "ranking"] = _setting(
        "page",
        "Whether one option or several may be chosen, one point of a scale (`rating`), or all are put in "
        "order (`ranking`).",
        "single",
    )
    choice_auto_accept: bool = _setting(
        "page", "Choosing an option, or ranking the last one, also accepts the task.", False
    )
    choice_accept_empty: bool = _setting("page", "Accepting without a choice is allowed.", False)
    choice_key: Text = _setting("page", "Key under which a choice is stored; unset: `accept`.")
    field_id: Text = _setting("page", "Key under which `text_input` stores; unset: `user_input`.")
    field_label: Text = _setting("page", "What stands above the field.")
    field_placeholder: Text = _setting("page", "What stands in the field while it is empty.")
    field_rows: int | None = _setting("page", "Lines of the field; unset: 1.", ge=1)
    field_autofocus: bool | None = _setting("page", "Start in the field; unset: no.")
    field_suggestions: Names | None = _setting("page", "Texts that the field offers.")
    fields: Tables | None = _setting("page", "Several fields, each a table with keys `field_…`.")
    blocks: Tables | None = _setting("page", "The parts of a card of `blocks`, each a table with `view_id`.")
    keymap: Keymap = _setting(
        "page",
        'Keys by action, as `{"accept": ["ctrl+enter"]}`.',
        {},
        takes="a JSON object of actions, each with its keys",
        example={"accept": ["ctrl+enter"]},
    )
    keymap_by_label: Mapped = _setting("page", "Keys by label or number of an option.", {})
    theme: Literal["basic", "light", "dark", "spacy", "eighties"] = _setting(
        "page",
        "Colours of the page; `light` and `dark` whatever the computer says. What a person chooses in the "
        "page comes first.",
        "basic",
    )
    custom_theme: Mapped = _setting(
        "page", "Colours: `labels` maps labels to colours, `cardMaxWidth` limits the card.", {}
    )
    card_css: Mapped = _setting("page", 'CSS of the card, as `{"border-radius": "0"}`.', {})
    writing_dir: Literal["ltr", "rtl"] = _setting("page", "Direction of the text.", "ltr")
    lang: Text = _setting("page", "Language of the texts, for fonts and hyphenation.")
    ui_lang: Literal["en", "de"] = _setting("page", "Language of the page: English or German.", "en")
    ui_lang_locale: Annotated[dict[str, str], BeforeValidator(_jsoned)] = _setting(
        "page", 'Words of the page in your own, by what it says in English: `{"Accept": "Yes"}`.', {}
    )
    html_template: Text = _setting("page", "Mustache template that shows a task as HTML.")
    html_trust: Annotated[Literal["recipe"] | None, BeforeValidator(off)] = _setting(
        "page",
        "`recipe`: HTML in the tasks may act on the page, with handlers and forms, as the recipe's own "
        "templates do; for tasks that only you can write. Unset: what could act is taken out.",
    )
    ner_manual_highlight_chars: bool = _setting("page", "Select characters rather than tokens.", False)
    hide_newlines: bool = _setting("page", "Do not mark line breaks.", False)
    allow_newline_highlight: bool = _setting("page", "Let spans begin and end at line breaks.", False)
    honor_token_whitespace: bool = _setting(
        "page", "Show tokens as close as they stand in the text; false sets those apart that touch.", True
    )
    relations_span_labels: Names = _setting(
        "page", "Labels of spans that may be marked beside relations; none: only relations.", []
    )
    wrap_relations: bool = _setting(
        "page", "Show a text with relations in several lines rather than in one that scrolls.", False
    )
    hide_relations_arrow: bool = _setting("page", "Relations without arrow heads.", False)
    label_style: Literal["list", "dropdown"] | None = _setting(
        "page", "Labels as buttons (`list`) or as a list to search (`dropdown`); unset: buttons up to 30."
    )
    label_descriptions: Mapped = _setting(
        "page", "What labels mean, by label; shown where one points at a label.", {}
    )

    _resolution: Resolution = PrivateAttr(default_factory=Resolution)

    @model_validator(mode="after")
    def _check(self) -> Self:
        problem = contradiction(self)
        if problem is not None:
            raise PydanticCustomError("contradiction", "{problem}", {"problem": problem})
        return self

    def access_problem(self) -> str | None:
        """What is missing or contradicts itself in the settings that say who may log in, or None."""
        if (self.basic_auth_user is None) != (self.basic_auth_pass is None):
            return "basic_auth_user and basic_auth_pass go together: give both."
        wanted = self.oidc_discovery_url, self.oidc_client_id, self.oidc_client_secret
        if (
            self.oidc_auth_enabled is not False
            and (any(wanted) or self.oidc_auth_enabled)
            and not all(wanted)
        ):
            return "oidc_discovery_url, oidc_client_id and oidc_client_secret go together: give all three."
        if self.basic_auth_pass is not None and self.logs_in_at_provider:
            return "basic_auth_pass and oidc_discovery_url contradict each other: take one of them away."
        return None

    @property
    def logs_in_at_provider(self) -> bool:
        """Whether an OpenID Connect provider says who people are."""
        return self.oidc_discovery_url is not None and self.oidc_auth_enabled is not False

    @property
    def resolution(self) -> Resolution:
        """Every value that was given, where, and the files that were read."""
        return self._resolution

    @property
    def origins(self) -> Mapping[str, str]:
        """Where each given value came from: `TALLYMARK_PORT`, `--port`, `port (recipe ner.manual)`."""
        return {name: chain[-1].named for name, chain in self._resolution.given.items()}

    @property
    def extra(self) -> Mapping[str, Any]:
        """Keys of `prodigy.json` and of the recipe's `config` that are no settings; kept for the page."""
        return {name: chain[-1].value for name, chain in self._resolution.extra.items()}

    @property
    def wanted(self) -> Wanted:
        """How many counted answers a task wants."""
        return wanted(self.annotations_per_task, everyone=self.feed_overlap)

    @property
    def lease_seconds(self) -> float | None:
        """How long a silent page keeps a task; None: until an operator takes it."""
        return self.lease_minutes * 60 if self.allow_work_stealing else None

    @property
    def tag_keys(self) -> tuple[str, ...]:
        """Keys of a task that say which tags its annotator must have."""
        if self.task_tags is not None:
            return tuple(self.task_tags)
        return tuple(dict.fromkeys(key for tags in self.annotators.values() for key in tags))

    @property
    def database_url(self) -> str:
        """The database to use: the one that was named, or the one of the home folder."""
        return self.database or str(self.home.expanduser() / "tallymark.db")

    @property
    def updates_at_once(self) -> bool:
        """Whether `update` sees answers as soon as they are stored."""
        if self.update_on is not None:
            return self.update_on == "submit"
        return self.instant_submit or self.batch_size == 1

    @property
    def opens_browser(self) -> bool:
        """Whether to open a browser: as asked, else at a terminal with a display."""
        if self.open is not None:
            return self.open
        display = sys.platform == "darwin" or "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ
        return display and sys.stdout.isatty()

    def instructions_text(self) -> str | None:
        """The instructions themselves; a setting that names a file gives the file's text."""
        given = self.instructions
        if not given or "\n" in given or "<" in given or len(given) > 1000:
            return given or None
        path = Path(given).expanduser()
        if path.is_file():
            return path.read_text(encoding="utf-8")
        if path.suffix.lower() in (".html", ".htm", ".txt", ".md"):
            raise SettingError(f"instructions names the file {given}, which does not exist.")
        return given

    def for_page(self) -> dict[str, Any]:
        """What the page is sent: its settings, keys that are no settings, and the size of its batches."""
        shown = {name for name, field in Settings.model_fields.items() if group_of(field) == "page"}
        extra = {name: value for name, value in self.extra.items() if name not in IGNORED}
        return {**extra, **self.model_dump(mode="json", include=shown | {"batch_size"})}


def contradiction(settings: Settings) -> str | None:
    """Two settings that cannot both be meant, named in words; None when all can."""
    allowed = settings.allowed_sessions
    highest = settings.wanted.highest
    if settings.feed_overlap and settings.annotations_per_task is not None:
        return "feed_overlap and annotations_per_task contradict each other: everyone, or how many?"
    if not settings.allow_work_stealing and "lease_minutes" in settings.model_fields_set:
        return (
            "allow_work_stealing and lease_minutes contradict each other: without work stealing nothing is "
            "taken from anybody, however long."
        )
    if not allowed:
        return None
    if highest is not None and highest > len(allowed):
        return (
            f"annotations_per_task and allowed_sessions contradict each other: a task wants {highest}, "
            f"and {len(allowed)} people may come."
        )
    if settings.session is not None and settings.session not in allowed:
        return (
            f"session and allowed_sessions contradict each other: {settings.session!r} is none of those who "
            "may come."
        )
    strangers = [name for name in settings.annotators if name not in allowed]
    if strangers:
        return f"annotators and allowed_sessions contradict each other: {', '.join(strangers)} may not come."
    return None


def group_of(field: FieldInfo) -> str:
    """The group a setting is documented under."""
    return str(typing.cast(dict[str, Any], field.json_schema_extra)["group"])


@dataclass(frozen=True, slots=True)
class Valid:
    """A value that a setting takes, as the setting keeps it."""

    value: Any


def lax(name: str, value: Any) -> Valid | None:
    """The value as a setting reads it from text or from Python; None when it cannot."""
    try:
        return Valid(getattr(Settings(**{name: value}), name))
    except ValidationError:
        return None
