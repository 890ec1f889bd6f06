"""Invited, logged in, logged out in the middle of the work: nothing is lost on the way."""

import contextlib
import json
import re
import urllib.parse

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.e2e.annotator import Annotator
from tests.e2e.running import Tallymark

pytestmark = pytest.mark.browser

PASSWORD = "correct horse"
INSECURE = "tally.test"


def begin(tallymark: Tallymark, **settings: str) -> None:
    source = tallymark.file("news.jsonl", [{"text": text} for text in ("One", "Two", "Three")])
    tallymark.start("mark", "news", source, "--view-id", "text", **settings)


def invite(tallymark: Tallymark, *arguments: str) -> str:
    """The link, at the address the test uses."""
    link = tallymark.run("invite", "news", *arguments).strip()
    return f"{tallymark.url}/?{urllib.parse.urlsplit(link).query}"


def choose(page: Page, password: str) -> None:
    page.get_by_label("New password").fill(password)
    page.get_by_role("button", name="Start").click()


def log_in(page: Page, password: str = PASSWORD) -> None:
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def end_logins(tallymark: Tallymark, page: Page) -> None:
    """End every login of ann's; her page hears of it with its next answer, not by chance before."""
    page.route("**/heartbeat", lambda route: route.abort())
    tallymark.run("accounts", "--disable", "ann")
    tallymark.run("accounts", "--enable", "ann")


def test_an_invitation_leads_to_the_first_task(tallymark: Tallymark, ann: Annotator) -> None:
    begin(tallymark)
    link = invite(tallymark, "ann")
    ann.page.goto(link)
    expect(ann.page.get_by_role("heading")).to_have_text("Welcome, ann")
    choose(ann.page, "short")
    expect(ann.page.get_by_role("button", name="Start")).to_be_visible()
    choose(ann.page, PASSWORD)
    ann.sees("One")
    assert "invitation" not in ann.page.url
    ann.press("a")
    ann.everything_is_saved()
    assert tallymark.export()[0]["_session_id"] == "news-ann"
    ann.page.goto(link)
    expect(ann.page.get_by_role("main")).to_contain_text("was used already")


def test_work_goes_on_after_another_login(tallymark: Tallymark, ann: Annotator) -> None:
    begin(tallymark)
    ann.page.goto(invite(tallymark, "ann"))
    choose(ann.page, PASSWORD)
    ann.sees("One")
    end_logins(tallymark, ann.page)
    ann.press("a")
    expect(ann.page.get_by_role("dialog")).to_contain_text("You are logged out")
    expect(ann.save_state).to_have_attribute("data-unsent", "1")
    log_in(ann.page, "not the password")
    expect(ann.page.get_by_role("alert")).to_contain_text("no name and password")
    log_in(ann.page)
    ann.everything_is_saved()
    ann.sees("Two")
    assert tallymark.answers() == {"One": "accept"}


def test_work_of_a_login_that_ended_waits_in_the_browser_for_the_next_one(
    tallymark: Tallymark, ann: Annotator
) -> None:
    begin(tallymark, allowed_hosts=INSECURE)
    ann.url = f"http://{INSECURE}:{tallymark.port}"
    ann.page.goto(invite(tallymark, "ann").replace(tallymark.url, ann.url))
    choose(ann.page, PASSWORD)
    ann.sees("One")
    end_logins(tallymark, ann.page)
    ann.press("a")
    expect(ann.page.get_by_role("dialog")).to_contain_text("You are logged out")
    expect(ann.save_state).to_have_attribute("data-unsent", "1")
    page = ann.page.context.new_page()
    ann.page.close()
    page.goto(ann.url)
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    assert tallymark.answers() == {}
    again = Annotator(page, ann.url)
    page.get_by_label("Name").fill("ann")
    log_in(page)
    again.sees("Two")
    again.everything_is_saved()
    assert tallymark.answers() == {"One": "accept"}


def test_who_logs_out_is_asked_for_a_name(tallymark: Tallymark, ann: Annotator) -> None:
    begin(tallymark)
    ann.page.goto(invite(tallymark, "ann"))
    choose(ann.page, PASSWORD)
    ann.sees("One")
    ann.page.get_by_role("button", name="Your day").first.click()
    ann.page.get_by_test_id("logout").click()
    expect(ann.page.get_by_role("heading", name="Log in")).to_be_visible()
    ann.page.get_by_label("Name").fill("ann")
    log_in(ann.page)
    ann.sees("One")
    listed = json.loads(tallymark.run("accounts", "--no-format"))
    assert [(one["name"], one["state"]) for one in listed] == [("ann", "active")]


def test_one_password_for_everybody(tallymark: Tallymark, ann: Annotator, browser: Browser) -> None:
    begin(tallymark, basic_auth_user="team", basic_auth_pass="secret")
    reply = ann.page.request.get(f"{tallymark.url}/")
    assert reply.status == 401
    with contextlib.closing(
        browser.new_context(http_credentials={"username": "team", "password": "secret"})
    ) as known:
        person = Annotator(known.new_page(), tallymark.url).sit()
        person.press("a")
        person.everything_is_saved()
    assert tallymark.answers() == {"One": "accept"}


def test_a_token_of_an_operator_reads_the_books(tallymark: Tallymark, ann: Annotator) -> None:
    begin(tallymark)
    invite(tallymark, "eve", "--role", "operator")
    token = tallymark.run("accounts", "--token", "eve").strip()
    refused = ann.page.request.get(f"{tallymark.url}/api/v1/audit")
    assert refused.status == 401
    told = ann.page.request.get(f"{tallymark.url}/api/v1/audit", headers={"authorization": f"Bearer {token}"})
    assert re.match("news", told.json()["dataset"])
