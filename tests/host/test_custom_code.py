"""Styles and scripts of a recipe become files of ours, and a policy that allows exactly them."""

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest
from tests.host.conftest import Desk

from tallymark.errors import SettingError
from tallymark.host.custom_code import MAX_BYTES, custom_code_of


def code_of(**config: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the page is told of its code, and what the server keeps."""
    code = custom_code_of(config, dataset="news")
    return code.page["custom_code"], dict(code.server)


def test_without_code_nothing_is_added() -> None:
    code = custom_code_of({"labels": ["A"], "javascript": "", "html_template": "<b>{{x}}</b>"}, dataset="a")
    assert (code.page, code.server) == ({"labels": ["A"], "html_template": "<b>{{x}}</b>"}, {})


def test_addresses_come_first_then_files_then_the_text(tmp_path: Path) -> None:
    for name in ("b.js", "a.js", "a.css"):
        (tmp_path / name).write_text(f"/* {name} */")
    page, server = code_of(
        javascript="1", javascript_dir=str(tmp_path), javascript_urls="https://code.test/x.js?v=1#top"
    )
    assert [file["name"] for file in page["scripts"]] == [
        "https://code.test/x.js?v=1#top",
        "a.js",
        "b.js",
        "inline",
    ]
    assert page["styles"] == []
    kept = [server["files"][file["href"].rpartition("/")[2]] for file in page["scripts"][1:]]
    assert kept == ["/* a.js */", "/* b.js */", "1"]
    assert server["policy"]["script-src"] == ["https://code.test/x.js"]


def test_a_file_has_another_address_when_it_changes() -> None:
    one, other = code_of(global_css="p {}")[0], code_of(global_css="b {}")[0]
    assert one["styles"][0]["href"] != other["styles"][0]["href"]
    assert one["styles"][0]["href"].startswith("api/v1/custom/news/")
    assert one["styles"][0]["href"].endswith(".css")


def test_equal_files_are_each_loaded(tmp_path: Path) -> None:
    for name in ("a.js", "b.js"):
        (tmp_path / name).write_text("window.n = (window.n || 0) + 1")
    page, server = code_of(javascript_dir=tmp_path)
    assert [file["name"] for file in page["scripts"]] == ["a.js", "b.js"]
    assert len(server["files"]) == 1


def test_handlers_of_templates_are_allowed_where_no_field_stands_in_them() -> None:
    template = "<b onclick='go(&quot;x&quot;)' onload=\"take('{{id}}')\" title=\"on\"></b>"
    blocks = [{"view_id": "html", "html_template": "<i ONCLICK=stay()>"}, {"view_id": "text"}, 3]
    page, server = code_of(html_template=template, blocks=blocks)
    assert page["handlers"] == ['go("x")', "stay()"]
    assert page["templates"] == [template, "<i ONCLICK=stay()>"]
    digest = base64.b64encode(hashlib.sha256(b"stay()").digest()).decode()
    assert server["policy"]["script-src"][0] == "'unsafe-hashes'"
    assert f"'sha256-{digest}'" in server["policy"]["script-src"]


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"javascript": 3}, "must be text, not int"),
        ({"global_css": ["p {}"]}, "must be text, not list"),
        ({"javascript_dir": "/nowhere/at/all"}, "expected a folder"),
        ({"global_css_dir": 3}, "expected a folder"),
        ({"javascript_urls": {"a": 1}}, "must be a list of addresses, not dict"),
        ({"javascript_urls": ["code.js"]}, "expected addresses that begin with https://"),
        ({"javascript_urls": ["https://a.test/x.js; object-src *"]}, "no space"),
        ({"global_css_urls": ["https://a.test/ä.css"]}, "beyond ASCII"),
        ({"javascript": "x" * (MAX_BYTES + 1)}, "javascript_urls"),
    ],
)
def test_what_cannot_be_used_is_refused_with_what_to_do(config: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingError, match=words):
        custom_code_of(config, dataset="news")


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingError, match=r"a\.js cannot be read"):
        custom_code_of({"javascript_dir": str(tmp_path)}, dataset="news")


def test_the_server_gives_the_files_of_the_run_and_no_others(desk: Desk) -> None:
    config = {"javascript": "window.a = 'ä'", "global_css": "p {}"}
    desk.start(lambda: {"stream": [{"text": "one"}], "config": config})
    desk.claim()
    told = desk.client.get("/api/v1/project").json()["config"]
    assert not {"javascript", "global_css"} & set(told)
    script = desk.client.get("/" + told["custom_code"]["scripts"][0]["href"])
    assert (script.status_code, script.text) == (200, "window.a = 'ä'")
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "immutable" in script.headers["cache-control"]
    style = desk.client.get("/" + told["custom_code"]["styles"][0]["href"])
    assert (style.text, style.headers["content-type"]) == ("p {}", "text/css; charset=utf-8")
    for path in ("news/other.js", "news/policy", "nothing/a.js"):
        assert desk.client.get(f"/api/v1/custom/{path}").status_code == 404
