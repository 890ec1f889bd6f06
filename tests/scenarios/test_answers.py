"""What people say of a task is kept once, whole, and open to change; each test is named after a complaint."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from tests.e2e.annotator import Annotator
from tests.e2e.running import Tallymark
from tests.host.conftest import Desk, until

from tallymark.databases import address_of
from tallymark.store import Statement, Store

WATCH_CARDS = """(() => {
  sessionStorage.shown = (sessionStorage.shown ?? "") + "|";
  let last = "";
  const look = () => {
    const task = document.querySelector("[data-testid=card]")?.dataset.task ?? last;
    if (task !== last) sessionStorage.shown += ` ${(last = task)}`;
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true });
})()"""


def texts(number: int) -> list[dict[str, Any]]:
    return [{"text": f"Text {n} of Ada"} for n in range(1, number + 1)]


def nobody_is_there(tallymark: Tallymark) -> bool:
    """Whether every page has said that it goes away."""
    with closing(Store.open(address_of(tallymark.database), read_only=True)) as store, store.reading() as tx:
        return bool(tx.value(Statement("The newest call.", "SELECT max(last_call) FROM client")) == 0)


def mark(tallymark: Tallymark, tasks: list[dict[str, Any]], **settings: str) -> None:
    source = tallymark.file("source.jsonl", tasks)
    tallymark.start("mark", "news", source, "--view-id", "ner_manual", "--label", "PERSON", **settings)


# -- who is fast is asked the same twice ---------------------------------------------------------------


@pytest.mark.browser
def test_who_is_faster_than_the_network_is_shown_nothing_twice(tallymark: Tallymark, ann: Annotator) -> None:
    """Fast people got a task again when a batch was made before their last answers had arrived.

    Here a seat has one assignment for a task, whatever it is asked, and the page asks for more only when
    answers under way are stored. So no key that is pressed and no reload shows again what was answered.
    """
    mark(tallymark, texts(40), batch_size="3")
    ann.page.add_init_script(WATCH_CARDS)
    ann.sit()
    for _ in range(3):
        ann.press(*["a"] * 6)
        ann.reload()
    ann.answer_all()
    ann.everything_is_saved()
    assert Counter(task["text"] for task in tallymark.export()) == Counter(t["text"] for t in texts(40))
    answered = set[str]()
    visits = [visit.split() for visit in ann.page.evaluate("sessionStorage.shown").split("|")[1:]]
    assert len(visits) == 4
    for visit in visits:
        assert len(set(visit)) == len(visit)
        assert not answered & set(visit)
        answered |= set(visit[:-1])  # the last one may have been on the table when the page was loaded again
    assert len(set[str]().union(*visits)) == 40


def test_one_answer_sent_many_times_at_once_is_one_answer(desk: Desk) -> None:
    """What a page or a proxy sends again was stored again, and pages that asked at once got the same tasks.

    Here an answer has a name of its own, and a seat's calls are carried out one after the other.
    """
    host = desk.start(lambda: {"stream": texts(60)})
    host.heard("Read through")
    ann = desk.claim()
    [task] = desk.leased(ann, 1)

    def ask(tab: int) -> list[str]:
        asked = {"size": 3, "client_id": f"tab{tab}"}
        reply = desk.client.post(f"/api/v1/sessions/{ann}/lease", json=asked).json()
        return [leased["task_id"] for leased in reply["tasks"]]

    with ThreadPoolExecutor(8) as people:
        acks = [
            ack["result"] for given in people.map(lambda _: desk.answer(ann, task), range(8)) for ack in given
        ]
        held = [task_id for given in people.map(ask, range(8)) for task_id in given]
    assert Counter(acks) == {"stored": 1, "repeated": 7}
    assert len(set(held)) == len(held) == 24
    assert task["task_id"] not in held


# -- no way to keep half of a long document ------------------------------------------------------------


@pytest.mark.browser
def test_half_of_a_long_document_survives_a_power_cut_and_goes_on_elsewhere(
    tallymark: Tallymark, ann: Annotator, browser: Browser
) -> None:
    """A long document had to be finished in one sitting, or its spans were lost.

    Here every step is kept as a draft, by the server too, so that it goes on on any machine.
    """
    document = [{"text": f"Ada met Grace {' '.join(f'word{n}' for n in range(2_000))}"}]
    mark(tallymark, document)
    ann.sit()
    with ann.page.expect_response(lambda reply: '"draft"' in (reply.request.post_data or "")):
        ann.double_click("Ada")
    ann.page.close()
    until(lambda: nobody_is_there(tallymark), "the page's last word: what it held is the next one's at once")
    tallymark.kill()
    mark(tallymark, document)
    with browser.new_context() as elsewhere:
        again = Annotator(elsewhere.new_page(), tallymark.url).sit()
        again.marks(("Ada", "PERSON"))
        again.double_click("Grace")
        again.press("a")
        again.everything_is_saved()
    [answer] = tallymark.export()
    assert [answer["text"][span["start"] : span["end"]] for span in answer["spans"]] == ["Ada", "Grace"]


# -- what was saved cannot be corrected ----------------------------------------------------------------


@pytest.mark.browser
def test_what_was_saved_is_corrected_after_a_restart_and_its_history_is_kept(
    tallymark: Tallymark, ann: Annotator
) -> None:
    """Saved answers could not be opened again; corrections took a second dataset.

    Here any answer is found and changed: exports have the newest revision, the history has all of them.
    """
    mark(tallymark, texts(4))
    ann.sit().press("a", "a")
    ann.everything_is_saved()
    tallymark.stop()
    tallymark.running.clear()
    mark(tallymark, texts(4))
    ann.reload()
    ann.page.get_by_test_id("past-answer").filter(has_text="Text 1 ").click()
    expect(ann.page.get_by_test_id("earlier")).to_be_visible()
    ann.press("x")
    ann.sees("Text 3 ")
    ann.everything_is_saved()
    assert tallymark.answers() == {"Text 1 of Ada": "reject", "Text 2 of Ada": "accept"}
    told = [json.loads(line) for line in tallymark.run("db-out", "news", "--history").splitlines()]
    assert [(each["text"][:6], each["answer"]) for each in told] == [
        ("Text 1", "accept"),
        ("Text 2", "accept"),
        ("Text 1", "reject"),
    ]
