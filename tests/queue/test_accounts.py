"""Accounts and invitations: once, for a while, and over when an operator says so."""

from typing import Any

import pytest
from tests.queue.team import Team

from tallymark.errors import InputError, NotKnown
from tallymark.queue import accounts


def invite(team: Team, name: str = "ann", **more: Any) -> Any:
    """The nonce of an invitation to news."""
    return team.do(accounts.invite, name=name, **{"dataset": "news", **more})["nonce"]


def account(team: Team, name: str = "ann") -> dict[str, Any]:
    found = team.do(accounts.account_named, name=name)
    assert found is not None
    return dict(found)


def test_the_first_invitation_makes_an_account(team: Team) -> None:
    assert not team.do(accounts.any_accounts)
    assert team.do(accounts.signing_key) is None
    invite(team)
    assert team.do(accounts.any_accounts)
    key = team.do(accounts.signing_key)
    assert key is not None
    assert len(key) > 40
    assert team.do(accounts.ensure_key) == key
    assert account(team)["password_hash"] is None
    assert team.do(accounts.account_named, name="bob") is None
    assert team.do(accounts.account_of, account=99) is None


def test_names_that_look_alike_are_one_account(team: Team) -> None:
    invite(team, "Zo\u00eb")
    assert account(team, " Zoe\u0308 ")["name"] == "Zo\u00eb"


@pytest.mark.parametrize("name", ["", "   ", "a\nb", "x" * 201, "\ud800"])
def test_names_that_nobody_can_have(team: Team, name: str) -> None:
    with pytest.raises(InputError, match="An account's name has 1 to 200 printable characters"):
        invite(team, name)


def test_an_invitation_is_used_once(team: Team) -> None:
    first, second = invite(team), invite(team)
    assert team.do(accounts.invited, nonce=first) == {"name": "ann", "datasets": ["news"]}
    assert team.do(accounts.accept, nonce=first, password_hash="#1")["epoch"] == 1
    assert account(team)["password_hash"] == "#1"
    for nonce in (first, second):
        with pytest.raises(InputError, match="was used already"):
            team.do(accounts.accept, nonce=nonce, password_hash="#2")
    assert invite(team, dataset="books") is None
    assert account(team)["datasets"] == ["books", "news"]


def test_an_invitation_gets_old(team: Team) -> None:
    nonce = invite(team, days=2)
    team.clock.forward(2 * accounts.DAY + 1)
    with pytest.raises(InputError, match="too old"):
        team.do(accounts.invited, nonce=nonce)


@pytest.mark.parametrize("days", [0, -1, float("nan"), float("inf"), 1e30])
def test_an_invitation_is_good_for_a_while(team: Team, days: float) -> None:
    with pytest.raises(InputError, match="good for some days, up to 3,650, not "):
        invite(team, days=days)


def test_an_unknown_invitation(team: Team) -> None:
    with pytest.raises(InputError, match="not known here"):
        team.do(accounts.invited, nonce="made up")


def test_a_password_is_chosen_anew(team: Team) -> None:
    team.do(accounts.accept, nonce=invite(team), password_hash="#1")
    nonce = invite(team, reset=True)
    assert account(team)["password_hash"] is None
    assert account(team)["epoch"] == 2
    assert team.do(accounts.accept, nonce=nonce, password_hash="#2")["epoch"] == 3


def test_roles(team: Team) -> None:
    invite(team, role="operator")
    invite(team)
    assert account(team)["role"] == "operator"
    invite(team, role="annotator")
    assert account(team)["role"] == "annotator"
    with pytest.raises(InputError, match="no role 'king'; there are annotator and operator"):
        invite(team, role="king")


def test_a_disabled_account_is_shut_until_it_is_enabled(team: Team) -> None:
    nonce = invite(team)
    team.do(accounts.disable, name="ann")
    with pytest.raises(InputError, match="not known here"):
        team.do(accounts.accept, nonce=nonce, password_hash="#1")
    assert account(team)["disabled_at"] == team.clock.now
    team.do(accounts.enable, name="ann")
    assert team.do(accounts.accept, nonce=nonce, password_hash="#1")["disabled_at"] is None
    with pytest.raises(NotKnown, match="no account 'bob'"):
        team.do(accounts.disable, name="bob")


def test_the_list(team: Team) -> None:
    assert team.do(accounts.accounts) == []
    team.do(accounts.accept, nonce=invite(team, "cem", role="operator"), password_hash="#1")
    team.do(accounts.ensure_account, name="bob")
    invite(team, "ann")
    team.do(accounts.disable, name="bob")
    listed = team.do(accounts.accounts)
    assert [(one["name"], one["role"], one["state"], one["datasets"]) for one in listed] == [
        ("ann", "annotator", "invited", ["news"]),
        ("bob", "annotator", "disabled", None),
        ("cem", "operator", "active", ["news"]),
    ]
    assert "password_hash" not in listed[0]
