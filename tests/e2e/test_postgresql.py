"""The program on PostgreSQL: what people see is the same, and nothing they did is lost."""

import contextlib
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from playwright.sync_api import BrowserContext
from tests.crash.processes import DEADLINE, free_port, until
from tests.e2e.annotator import Annotator
from tests.e2e.prepared import Started
from tests.e2e.running import COMMAND, Tallymark
from tests.postgresql import PostgreSQL

from tallymark.channel.find import living_server
from tallymark.channel.locks import dataset_lock, held, holder, server_lock
from tallymark.databases import address_of

pytestmark = pytest.mark.browser

PASSWORD = "s3cr3t-word"  # the server trusts everybody, whatever they say


@pytest.fixture
def tallymark(tmp_path: Path, postgresql: PostgreSQL) -> Iterator[Tallymark]:
    parts = urlsplit(postgresql.new())
    url = urlunsplit(parts._replace(netloc=f"postgres:{PASSWORD}@"))
    running = Tallymark(tmp_path, url)
    yield running
    running.stop()


def ner(tallymark: Tallymark, count: int = 12, **settings: str) -> Started:
    texts: list[dict[str, Any]] = [{"text": f"Text {n} of Ada"} for n in range(1, count + 1)]
    source = tallymark.file("source.jsonl", texts)
    return tallymark.start("ner.manual", "news", "blank:en", source, "--label", "PERSON", **settings)


def run(tallymark: Tallymark, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [COMMAND, *arguments],
        capture_output=True,
        text=True,
        env=tallymark.environment(),
        timeout=DEADLINE,
    )


def test_after_a_power_cut_nothing_is_lost_and_nothing_asked_twice(
    tallymark: Tallymark, ann: Annotator
) -> None:
    ner(tallymark)
    ann.sit()
    ann.double_click("Ada")
    ann.press("a", "a", "x")
    ann.everything_is_saved()
    tallymark.kill()
    ner(tallymark)
    ann.reload()
    ann.sees("Text 4 ")
    for number in range(4, 13):
        ann.sees(f"Text {number} ")
        ann.press("a")
    ann.everything_is_saved()
    saved = tallymark.export()
    assert Counter(task["text"] for task in saved) == {f"Text {n} of Ada": 1 for n in range(1, 13)}
    assert [span["label"] for span in saved[0]["spans"]] == ["PERSON"]
    assert run(tallymark, "audit", "news").returncode == 0


def test_annotating_goes_on_while_the_host_is_down(tallymark: Tallymark, ann: Annotator) -> None:
    host = ner(tallymark)
    ann.sit()
    ann.press("a")
    ann.everything_is_saved()
    host.kill()
    host.wait(DEADLINE)
    ann.press("a", "a")
    ann.everything_is_saved()
    ann.reload()
    ann.sees("Text 4 ")


def test_a_dataset_has_one_host_until_another_takes_over(tallymark: Tallymark) -> None:
    first = ner(tallymark)
    refused = run(
        tallymark, "ner.manual", "news", "blank:en", tallymark.home / "source.jsonl", "--label", "A"
    )
    assert refused.returncode == 1
    assert f"is served already, by process {first.pid} on " in refused.stderr
    ner(tallymark, take_over="true")
    assert first.wait(DEADLINE) != 0
    assert held(dataset_lock(tallymark.database, "news"))


def test_the_password_is_shown_nowhere(tallymark: Tallymark, context: BrowserContext, ann: Annotator) -> None:
    url = address_of(tallymark.database)
    assert PASSWORD in url
    source = tallymark.file("source.jsonl", [{"text": "a"}])
    tallymark.start("mark", "news", source, "--view-id", "text", "--database", url, logging="verbose")
    seen: list[str] = []
    context.on("response", lambda response: seen.append(_body(response)))
    ann.sit()
    server = living_server(tallymark.database)
    assert server is not None
    seen.append(Path(f"/proc/{server.pid}/cmdline").read_text())
    for words in (
        ("config",),
        ("config", "database"),
        ("stats", "news"),
        ("audit", "news"),
        ("backup", "copy.db"),
        ("trace", "news", "--row", "1"),
        ("stop",),
        ("drop", "news", "-y"),
    ):
        done = run(tallymark, *words)
        seen += [done.stdout, done.stderr]
    tallymark.stop()
    seen += [log.read_text() for log in tallymark.home.glob("*.log")]
    seen += ["".join(lines) for lines in tallymark.heard]
    assert [text for text in seen if PASSWORD in text] == []
    assert any("***" in text for text in seen)


def _body(response: Any) -> str:
    with contextlib.suppress(Exception):  # a redirect has none
        return str(response.text())
    return ""


def test_a_server_that_is_killed_is_started_anew_at_its_address(tallymark: Tallymark, ann: Annotator) -> None:
    ner(tallymark)
    ann.sit()
    before = living_server(tallymark.database)
    assert before is not None
    os.kill(before.pid, signal.SIGKILL)

    def other() -> bool:
        now = living_server(tallymark.database)
        return now is not None and now.pid != before.pid

    until(other, "another server")
    ann.press("a")
    ann.sees("Text 2 ")
    ann.everything_is_saved()
    assert tallymark.answers() == {"Text 1 of Ada": "accept"}


def crew(tallymark: Tallymark) -> set[int]:
    """The further processes of the server, beside the one that holds the machine's lock."""
    lead = holder(server_lock(tallymark.database))
    assert lead is not None
    threads = Path(f"/proc/{lead.pid}/task").iterdir()
    return {int(pid) for thread in threads for pid in (thread / "children").read_text().split()}


def test_several_processes_answer_at_one_address_and_a_dead_one_is_replaced(
    tallymark: Tallymark, ann: Annotator
) -> None:
    ner(tallymark, workers="3")
    until(lambda: len(crew(tallymark)) == 2, "the further processes")
    ann.sit()
    ann.press("a", "a")
    ann.everything_is_saved()
    first = min(crew(tallymark))
    os.kill(first, signal.SIGKILL)
    until(lambda: len(crew(tallymark) - {first}) == 2, "another in its place")
    for number in range(3, 13):
        ann.sees(f"Text {number} ")
        ann.press("a")
    ann.everything_is_saved()
    assert len(tallymark.export()) == 12
    everybody = crew(tallymark)
    tallymark.stop()
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in everybody), "the end of all processes")


def test_when_the_first_process_is_killed_the_others_end_with_it(tallymark: Tallymark) -> None:
    ner(tallymark, workers="2")
    until(lambda: len(crew(tallymark)) == 1, "the further process")
    [other] = crew(tallymark)
    tallymark.kill()
    until(lambda: not Path(f"/proc/{other}").exists(), "the end of the further process")


def test_a_worker_serves_at_another_address_while_the_recipe_is_down(
    tallymark: Tallymark, context: BrowserContext, ann: Annotator
) -> None:
    host = ner(tallymark)
    ann.sit()
    ann.press("a")
    ann.everything_is_saved()
    port = free_port()
    tallymark.start("worker", "--port", str(port))
    host.kill()
    host.wait(DEADLINE)
    bob = Annotator(context.new_page(), f"http://127.0.0.1:{port}").sit("bob")
    bob.press("a", "a")
    bob.everything_is_saved()
    assert len(tallymark.export()) == 3
    main = living_server(tallymark.database)
    assert main is not None
    assert str(port) not in main.address.url
    worker = tallymark.running[-1]
    worker.send_signal(signal.SIGINT)
    assert worker.wait(DEADLINE) == 0


def test_several_processes_on_sqlite_are_refused_with_the_reason(tallymark: Tallymark) -> None:
    file = tallymark.home / "t.db"
    for words in (("worker",), ("mark", "news", "none.jsonl", "--workers", "2")):
        refused = run(tallymark, *words, "--database", file)
        assert refused.returncode != 0
        assert "need PostgreSQL" in refused.stderr
