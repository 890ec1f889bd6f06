"""What Prodigy has, and where it stands here: facts that the code itself cannot tell.

What can be read from the code (recipes, interfaces, settings, names) is; a test holds the two together.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

__all__ = [
    "CALLBACK_NOTES",
    "COMMANDS",
    "IN_PART",
    "MEMBERS",
    "MISSING",
    "NOTES",
    "PAGE",
    "SETTINGS",
    "VARIABLES",
    "VIEWS",
    "Known",
    "why_not",
]

COPY: Final = "the open recipe of that name in explosion/prodigy-recipes runs as it is"
NO_MODEL: Final = "training in the loop of built-in recipes is not there"
NO_LLM: Final = "there are no recipes for language models; recipes of your own may call one"
NO_TRAINING: Final = "nothing is trained yet; `tallymark export NAME spacy` writes what `spacy train` reads"
NO_REVIEW: Final = "there is no review yet; `/admin` shows agreement, and `trace` every version of an answer"


@dataclass(frozen=True, slots=True)
class Known:
    """A command of Prodigy: its options, what is better here, or why it is not there.

    `here` names ours where it is called otherwise. An option that ours lacks is found by comparing them.
    """

    options: str = ""
    better: str = ""
    why: str = ""
    here: str = ""


_MANUAL: Final = "loader label exclude patterns highlight-chars"

COMMANDS: Final[Mapping[str, Mapping[str, Known]]] = {
    "Named entities": {
        "ner.manual": Known(f"{_MANUAL} edit-text", better="every other place with the same words at once"),
        "ner.correct": Known(why=COPY),
        "ner.teach": Known(why=COPY),
        "ner.match": Known(why=COPY),
        "ner.silver-to-gold": Known(why=COPY),
        "ner.eval-ab": Known(why=COPY),
        "ner.model-annotate": Known(why=NO_MODEL),
        "ner.llm.correct": Known(why=NO_LLM),
        "ner.llm.fetch": Known(why=NO_LLM),
        "ner.openai.correct": Known(why=NO_LLM),
        "ner.openai.fetch": Known(why=NO_LLM),
        "ner.make-gold": Known(why="an older name of `ner.correct`"),
        "ner.batch-train": Known(why=NO_TRAINING),
        "ner.gold-to-spacy": Known(here="export", better="`tallymark export NAME spacy`"),
    },
    "Spans that overlap": {
        "spans.manual": Known(f"{_MANUAL} suggester edit-text"),
        "spans.correct": Known(why=NO_MODEL),
        "spans.model-annotate": Known(why=NO_MODEL),
        "spans.llm.correct": Known(why=NO_LLM),
        "spans.llm.fetch": Known(why=NO_LLM),
    },
    "Text classification": {
        "textcat.manual": Known("loader label exclude exclusive accept-empty"),
        "textcat.correct": Known(why=COPY),
        "textcat.teach": Known(why=COPY),
        "textcat.model-annotate": Known(why=NO_MODEL),
        "textcat.llm.correct": Known(why=NO_LLM),
        "textcat.llm.fetch": Known(why=NO_LLM),
        "textcat.openai.correct": Known(why=NO_LLM),
        "textcat.openai.fetch": Known(why=NO_LLM),
        "textcat.eval": Known(why=NO_TRAINING),
        "textcat.batch-train": Known(why=NO_TRAINING),
    },
    "Grammar and relations": {
        "pos.teach": Known(why=NO_MODEL),
        "pos.correct": Known(why="a recipe of yours puts the tags as `spans`; `pos_manual` corrects them"),
        "sent.teach": Known(why=NO_MODEL),
        "sent.correct": Known(why=NO_MODEL),
        "dep.teach": Known(why=NO_MODEL),
        "dep.correct": Known(why="a recipe of yours adds parses as `relations`; there they are corrected"),
        "coref.manual": Known(why="`rel.manual --label COREF --add-ents --disable-patterns` does the same"),
        "rel.manual": Known(
            "loader label exclude span-label patterns disable-patterns add-ents add-nps wrap"
            " hide-arrow-heads",
            better="all by keyboard; relations follow spans that change",
        ),
    },
    "Pictures, sound, film": {
        "image.manual": Known(
            "label loader exclude darken width no-fetch remove-base64",
            better="everything can be drawn by keyboard, too; corners are moved one by one",
        ),
        "image.test": Known(why="it was taken out of Prodigy, too"),
        "audio.manual": Known(
            "loader label autoplay keep-base64 fetch-media exclude",
            better="regions are marked while playing, by keys, in recordings of hours",
        ),
        "audio.transcribe": Known(
            "loader autoplay keep-base64 fetch-media playpause-key text-rows field-id exclude",
            better="back two seconds without leaving the field",
        ),
        "pyannote.sad.manual": Known(why="the open recipe of that name in pyannote.audio runs as it is"),
        "pyannote.diar.manual": Known(why="the open recipe of that name in pyannote.audio runs as it is"),
    },
    "Training": {
        "train": Known(why=NO_TRAINING),
        "train-curve": Known(why=NO_TRAINING),
        "data-to-spacy": Known(here="export", better="`tallymark export NAME spacy`"),
        "spacy-config": Known(why=NO_TRAINING),
    },
    "Terms": {
        "terms.teach": Known(why=COPY),
        "terms.to-patterns": Known(why="write the accepted texts of `tallymark db-out` as patterns"),
        "terms.llm.fetch": Known(why=NO_LLM),
        "terms.openai.fetch": Known(why=NO_LLM),
        "terms.train-vectors": Known(why="it was taken out of Prodigy, too"),
    },
    "Looking and comparing": {
        "mark": Known("loader label view-id exclude", better="restarts go on after the last row"),
        "match": Known(why="`ner.match` of explosion/prodigy-recipes runs as it is"),
        "review": Known(why=NO_REVIEW),
        "compare": Known(why="its interfaces `compare` and `diff` are there, the recipe is not"),
        "ab.llm.tournament": Known(why=NO_LLM),
        "ab.openai.prompts": Known(why=NO_LLM),
        "ab.openai.tournament": Known(why=NO_LLM),
        "metric.iaa.binary": Known(why="`/admin` shows agreement and Krippendorff's alpha meanwhile"),
        "metric.iaa.doc": Known(why="`/admin` shows agreement and Krippendorff's alpha meanwhile"),
        "metric.iaa.span": Known(why="`/admin` shows agreement on whole answers meanwhile"),
    },
    "Data": {
        "db-in": Known("loader answer overwrite rehash dry", better="adds nothing twice"),
        "db-out": Known("answer flagged-only dry", better="`--history`: every revision"),
        "db-merge": Known("rehash dry"),
        "drop": Known("n-sessions batch-size", better="in small steps, while others annotate"),
        "stats": Known("list-datasets list-sessions no-format"),
        "progress": Known("interval"),
        "print-stream": Known(why="`tallymark mark` shows a stream on the page"),
        "print-dataset": Known(why="`tallymark db-out` writes it; the page shows it under your answers"),
        "filter-by-patterns": Known(why="`PatternMatcher` does it in a recipe of a few lines"),
        "dataset": Known(why="datasets make themselves"),
        "pipe": Known(why="it was taken out of Prodigy, too"),
    },
}

VIEWS: Final = """
    text html ner ner_manual spans spans_manual pos pos_manual relations dep classification image
    image_manual audio audio_manual choice review diff compare text_input blocks pages llm_io
""".split()  # noqa: SIM905 - one name after the other is easier to read
"""The interfaces of Prodigy."""

CALLBACK_NOTES: Final[Mapping[str, str]] = {
    "dataset": "A start is recorded with its command; a restart goes on where it was.",
    "update": "Gets answers that are settled, each once; where it raised, again at the next start.",
    "progress": "All older signatures, too.",
    "db": "An object of your own gets every settled answer, again where it raised; ours is kept beside it.",
    "exclude": 'Also by annotator: `exclude_for = "annotator"`.',
    "on_load": "May put another stream in place.",
    "before_db": "What was answered stays in the history; an error in it loses nothing.",
    "validate_answer": "The answer is kept as a draft where it raises.",
    "task_router": "Asked again when people come and go; named names are also asked later.",
    "session_factory": "May return a list of tasks for that session.",
    "event_hooks": "May push questions (`ctrl.push`); a failing one never loses an answer.",
    "config": "Keys are settings where one is called so; any other is passed to the page.",
}
"""What is better about components, by their names."""

NOTES: Final[Mapping[str, str]] = {
    "prodigy.serve": "The server is a process of its own; annotating goes on while the host trains.",
    "prodigy.set_hashes": "Number for number; 128-bit identities decide beside them.",
    "prodigy.components.db.Database": "Over our database, SQLite or PostgreSQL.",
    "prodigy.components.db.connect": "Over our database; `import-prodigy` brings everything from Prodigy's.",
    "prodigy.components.stream.get_stream": "Rows keep their numbers; a restart seeks.",
    "prodigy.components.stream.Stream": "Knows for every task which row it came from.",
    "prodigy.components.session.Session": "`id` and `total_annotated`; what is open stands in the database.",
    "prodigy.core.Controller": "With `push`: follow-up questions for a person.",
}
"""What is better about a name."""

IN_PART: Final[Mapping[str, str]] = {
    "prodigy.components.loaders.ImageServer": "files are served to the page from the folder they are in",
    "prodigy.components.loaders.AudioServer": "files are served to the page from the folder they are in",
    "prodigy.components.loaders.VideoServer": "files are served to the page from the folder they are in",
    "prodigy.util.get_word2vec": "says how to make a pipeline of vectors",
}
"""Names that are there and do not do all that they do in Prodigy."""

MEMBERS: Final[Mapping[str, str]] = {
    "ctrl": (
        "db dataset config view_id stream exclude_by session_id session_ids all_session_ids "
        "total_annotated session_annotated get_session_name get_questions receive_answers "
        "reset_stream add_session confirm_session end_session get_progress save"
    ),
    "Database": (
        "datasets sessions get_dataset get_dataset_examples iter_dataset_examples "
        "get_dataset_page get_dataset_sessions get_sessions_examples get_input_hashes "
        "get_task_hashes get_examples add_dataset add_examples link unlink get_meta count_dataset "
        "drop_dataset drop_examples save close reconnect db_id db_name"
    ),
    "Stream": "from_iterable apply",
}
"""Members that recipes use, by what they are members of."""

SETTINGS: Final = """
    theme custom_theme buttons batch_size history_size history_length port host cors db db_settings
    validate auto_exclude_current exclude_by instant_submit feed_overlap annotations_per_task
    allow_work_stealing force_stream_order auto_count_stream total_examples_target ui_lang
    ui_lang_locale project_info show_stats hide_meta show_flag instructions swipe swipe_gestures
    split_sents_threshold diff_style html_template global_css global_css_dir global_css_urls
    javascript javascript_dir javascript_urls writing_dir show_whitespace hide_newlines
    allow_newline_highlight honor_token_whitespace keymap keymap_by_label labels label lang blocks
    api_keys auto_create card_css ner_manual_require_click ner_manual_label_style label_style
    ner_manual_highlight_chars hide_true_newline_tokens show_bounding_box_center
    preview_bounding_boxes shade_bounding_boxes task_description choice_style choice_auto_accept
    wrap_relations hide_relations_arrow relations_span_labels image_manual_modes
    image_manual_stroke_width image_manual_font_size image_manual_show_labels image_manual_spans_key
    image_manual_legacy darken_image audio_autoplay audio_loop audio_rate audio_max_zoom
    audio_bar_width audio_bar_height audio_bar_gap audio_bar_radius show_audio_timeline
    show_audio_minimap show_audio_cursor show_audio_cursor_time field_id field_label
    field_placeholder field_rows field_autofocus field_suggestions
""".split()  # noqa: SIM905 - one name after the other is easier to read
"""The settings of Prodigy, of its page and of its interfaces."""

VARIABLES: Final = """
    PRODIGY_HOME PRODIGY_HOST PRODIGY_PORT PRODIGY_CONFIG PRODIGY_CONFIG_OVERRIDES PRODIGY_LOGGING
    PRODIGY_ALLOWED_SESSIONS PRODIGY_BASIC_AUTH_USER PRODIGY_BASIC_AUTH_PASS
    PRODIGY_OIDC_AUTH_ENABLED PRODIGY_OIDC_DISCOVERY_URL PRODIGY_OIDC_CLIENT_ID
    PRODIGY_OIDC_CLIENT_SECRET PRODIGY_DEPLOYED_URL PRODIGY_KEY
""".split()  # noqa: SIM905 - one name after the other is easier to read
"""The environment variables of Prodigy."""

MISSING: Final[Mapping[str, str]] = {
    "prodigy.app.app": "the server is a process of its own; give the page calls with event_hooks",
    "prodigy.components.loaders.Reddit": "the corpus is not offered any more; write its rows to a file",
    "prodigy.components.printers.image_before": "no models for pictures are trained here",
    "prodigy.components.printers.image_curve": "no models for pictures are trained here",
    "prodigy.components.printers.image_result": "no models for pictures are trained here",
    "prodigy.components.printers.image_update": "no models for pictures are trained here",
    "prodigy.recipes.data_utils.merge_corpus": "it reads for spaCy's training, which is not built in yet",
}
"""Names of Prodigy that are not there, and why."""

PAGE: Final[Mapping[str, tuple[str, ...]]] = {
    "members of `window.prodigy`": (
        "content", "update", "event", "resetQueue", "save", "theme", "config", "viewId", "options",
    ),
    "events of `document`": (
        "prodigymount", "prodigyload", "prodigyupdate", "prodigyanswer", "prodigyundo", "prodigyspanselected",
        "prodigyend", "prodigysave", "prodigyscriptload",
    ),
}  # fmt: skip
"""What scripts of a recipe use in the page."""


def why_not(name: str) -> str | None:
    """Why a command of Prodigy is not there, or None where nothing is known of it."""
    found = next((group[name] for group in COMMANDS.values() if name in group), None)
    return found.why or None if found is not None else None
