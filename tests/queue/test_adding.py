"""Sources that are added stay until they are read through."""

from tests.queue.team import Team

from tallymark.queue import adding


def test_an_added_source_is_due_until_it_is_done(team: Team) -> None:
    first = team.operator(adding.add_source, uri="/a.jsonl")["id"]
    second = team.operator(adding.add_source, uri="/b.csv", loader="csv", text_key="words")["id"]
    assert [row["uri"] for row in team.hosted(adding.added_sources)] == ["/a.jsonl", "/b.csv"]
    team.hosted(adding.added_source_state, added=first, state="reading")
    assert team.hosted(adding.added_sources, after=first) == [
        {"id": second, "uri": "/b.csv", "loader": "csv", "text_key": "words", "state": "waiting"}
    ]
    team.hosted(adding.added_source_state, added=first, state="done")
    team.hosted(adding.added_source_state, added=second, state="refused", detail="no")
    assert team.hosted(adding.added_sources) == []
    assert team.do(adding.look_up_added, added=second) == {"state": "refused", "detail": "no"}
    assert team.do(adding.look_up_added, added=99) == {"state": None, "detail": None}
