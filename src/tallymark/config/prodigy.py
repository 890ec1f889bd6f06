"""What `prodigy.json` and the PRODIGY_ variables may say, and what becomes of it here.

A key that is called like one of our settings is that setting. The others are renamed, without effect, or
belong to the page. Keys in none of these lists are passed to the page and reported, because templates may
read them.
"""

import re
from collections.abc import Mapping
from typing import Final

__all__ = [
    "IGNORED",
    "IGNORED_VARIABLES",
    "NOT_YET",
    "OTHER_NAMES",
    "PAGE_KEYS",
    "PRODIGY_PREFIX",
    "RENAMED",
    "SECRET",
    "SOURCE_VARIABLES",
    "VARIABLES",
]

PRODIGY_PREFIX: Final = "PRODIGY_"

RENAMED: Final[Mapping[str, str]] = {
    "hide_true_newline_tokens": "hide_newlines",
    "ner_manual_label_style": "label_style",
}
"""Older names of settings; they count where the newer one is not given in the same place."""

IGNORED: Final[Mapping[str, str]] = {
    "api_keys": "recipes take keys from the environment",
    "auto_count_stream": "rows are counted while they are read",
    "auto_create": "datasets are always created",
    "cors": "other web pages never get access",
    "db": "use the setting database",
    "db_settings": "use the setting database",
    "force_stream_order": "tasks always keep their order",
    "history_length": "the whole history can be searched",
    "history_size": "the whole history can be searched",
    "image_manual_legacy": "there is only one way to draw",
    "ner_manual_require_click": "a stretch is marked when it is let go, and one step back undoes it",
    "preview_bounding_boxes": "a box is always shown while it is drawn",
    "split_sents_threshold": "recipes decide whether texts are split",
    "validate": "rows are always checked",
}
"""Settings of existing recipes that have no effect here, and why. They are not passed to the page."""

PAGE_KEYS: Final = frozenset(
    """
    audio_autoplay audio_bar_gap audio_bar_height audio_bar_radius audio_bar_width audio_loop
    audio_max_zoom audio_rate darken_image diff_style global_css global_css_dir global_css_urls
    image_manual_font_size image_manual_from_center image_manual_modes
    image_manual_show_labels image_manual_spans_key image_manual_stroke_width javascript javascript_dir
    javascript_urls project_info shade_bounding_boxes show_audio_cursor
    show_audio_cursor_time show_audio_minimap show_audio_timeline show_bounding_box_center show_stats
    show_whitespace swipe swipe_gestures task_description
    """.split()  # noqa: SIM905 - one name after the other is easier to read
)
"""Keys that belong to the page and to single interfaces: passed on as they are, without a word."""

NOT_YET: Final[Mapping[str, str]] = {
    "show_whitespace": "only line breaks and tabs are shown by signs",
    "task_description": "instructions are shown in a window of their own",
}
"""Keys that the page does nothing with yet, and why; passed on all the same, since scripts may read them."""

OTHER_NAMES: Final[Mapping[str, str]] = {**RENAMED, "db": "database", "db_settings": "database"}
"""What to use in our own files instead of a key of `prodigy.json`."""

VARIABLES: Final[Mapping[str, str]] = {
    "PRODIGY_ALLOWED_SESSIONS": "allowed_sessions",
    "PRODIGY_BASIC_AUTH_PASS": "basic_auth_pass",
    "PRODIGY_BASIC_AUTH_USER": "basic_auth_user",
    "PRODIGY_HOST": "host",
    "PRODIGY_LOGGING": "logging",
    "PRODIGY_OIDC_AUTH_ENABLED": "oidc_auth_enabled",
    "PRODIGY_OIDC_CLIENT_ID": "oidc_client_id",
    "PRODIGY_OIDC_CLIENT_SECRET": "oidc_client_secret",
    "PRODIGY_OIDC_DISCOVERY_URL": "oidc_discovery_url",
    "PRODIGY_PORT": "port",
}
"""Variables that stand for one setting."""

SOURCE_VARIABLES: Final = ("PRODIGY_CONFIG", "PRODIGY_CONFIG_OVERRIDES", "PRODIGY_HOME")
"""Variables that say where settings are found, or hold several."""

IGNORED_VARIABLES: Final[Mapping[str, str]] = {
    "PRODIGY_DEPLOYED_URL": "the page finds its own address",
    "PRODIGY_KEY": "no key is needed",
}

SECRET: Final = re.compile(
    r"(pass|passwd|password|secret|api_?keys?|auth_token|access_token|db_settings)$", re.I
)
"""Names whose values are never shown."""
