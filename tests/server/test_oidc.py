"""Logging in at an OpenID Connect provider, with everything that can be wrong on the way."""

import functools
from collections.abc import Callable, Iterator

import httpx
import pytest
from joserfc.jwk import RSAKey
from tests.server.conftest import Serve, Served
from tests.server.provider import CLIENT_ID, CLIENT_SECRET, Provider, provider_running, state_of_address

from tallymark import queue
from tallymark.server.settings import OidcSettings, ServerSettings

Log = Callable[[], httpx.Response]


@pytest.fixture
def provider() -> Iterator[Provider]:
    with provider_running() as running:
        yield running


@pytest.fixture
def served(serve: Serve, provider: Provider) -> Served:
    """A server whose users log in at the provider."""
    made = serve(
        ServerSettings(
            oidc=OidcSettings(provider.discovery_url, CLIENT_ID, CLIENT_SECRET, operators=("eve",))
        )
    )
    made.enqueue(made.start(), ["one"])
    provider.redirect_uri = f"http://{made.client.headers['host']}/login/callback"
    return made


def to_provider(served: Served, query: str = "") -> str:
    """Where the server sends a browser that wants to log in."""
    reply = served.client.get(f"/login{query}")
    assert reply.status_code == 303, reply.text
    return reply.headers["location"]


def back(served: Served, address: str) -> httpx.Response:
    """The provider agrees at once, and the browser comes back."""
    confirmed = httpx.get(address)
    assert confirmed.status_code == 302, confirmed.text
    return served.client.get("/login/callback?" + confirmed.headers["location"].partition("?")[2])


def failure(reply: httpx.Response) -> str:
    assert (reply.status_code, reply.json()["code"]) == (401, "login_failed"), reply.text
    detail: str = reply.json()["detail"]
    return detail


def test_a_user_of_the_provider_has_an_account(served: Served) -> None:
    access = served.client.get("/api/v1/access").json()
    assert access == {"required": True, "provider": True, "account": None}
    assert served.client.get("/api/v1/project").status_code == 401
    reply = back(served, to_provider(served, "?dataset=news"))
    assert (reply.status_code, reply.headers["location"]) == (303, "../?dataset=news")
    assert served.client.get("/api/v1/access").json()["account"] == {"name": "ann", "role": "annotator"}
    assert served.post(served.claim("ann"), "lease")["tasks"][0]["task"] == {"text": "one"}
    assert served.client.get("/api/v1/audit").status_code == 403


def test_operators_are_named_in_the_settings(served: Served, provider: Provider) -> None:
    provider.user["preferred_username"] = "eve"
    back(served, to_provider(served))
    assert served.client.get("/api/v1/audit").status_code == 200


def test_a_disabled_account_stays_out(served: Served) -> None:
    back(served, to_provider(served))
    served.inner("accounts.disable", name="ann")
    served.client.cookies.clear()
    assert "is disabled here" in failure(back(served, to_provider(served)))


def test_a_login_that_was_not_begun_here(served: Served) -> None:
    address = to_provider(served)
    served.client.cookies.clear()
    assert "was not begun here" in failure(back(served, address))
    state = state_of_address(to_provider(served))
    assert "was not begun here" in failure(served.client.get(f"/login/callback?code=x&state={state}x"))
    assert "was not begun here" in failure(served.client.get("/login/callback"))


def test_a_code_is_good_once(served: Served) -> None:
    address = httpx.get(to_provider(served)).headers["location"]
    path = "/login/callback?" + address.partition("?")[2]
    cookies = dict(served.client.cookies)
    assert served.client.get(path).status_code == 303
    served.client.cookies.update(cookies)
    assert "did not confirm" in failure(served.client.get(path))


def test_a_user_who_says_no(served: Served) -> None:
    state = state_of_address(to_provider(served))
    reply = served.client.get(f"/login/callback?error=access_denied&state={state}")
    assert "did not confirm" in failure(reply)


def test_a_token_signed_with_another_key(served: Served, provider: Provider) -> None:
    provider.signs_with = RSAKey.generate_key(2048, {"kid": "one"})
    assert "does not hold" in failure(back(served, to_provider(served)))


def test_a_token_for_somebody_else(served: Served, provider: Provider) -> None:
    provider.audience = "another client"
    assert "does not hold" in failure(back(served, to_provider(served)))


def test_a_token_of_another_login(served: Served, provider: Provider) -> None:
    address = to_provider(served)
    confirmed = httpx.get(address).headers["location"]
    for code in provider.codes.values():
        code.nonce = "another"
    reply = served.client.get("/login/callback?" + confirmed.partition("?")[2])
    assert "does not hold" in failure(reply)


@pytest.mark.parametrize("user", [{"sub": "u1"}, {"sub": "u1", "preferred_username": " "}])
def test_a_user_without_a_name(served: Served, provider: Provider, user: dict[str, str]) -> None:
    provider.user = user
    assert "tells no 'preferred_username'" in failure(back(served, to_provider(served)))


def test_who_is_an_operator_no_longer(served: Served, provider: Provider) -> None:
    served.inner("accounts.invite", name="ann", role="operator")
    back(served, to_provider(served))
    assert served.client.get("/api/v1/audit").status_code == 403


def test_a_name_at_the_provider_does_not_open_an_account_with_a_password(served: Served) -> None:
    made = served.inner("accounts.invite", name="ann", role="operator").json()
    accepted = functools.partial(queue.accounts.accept, nonce=made["nonce"], password_hash="#")
    served.writer.call(accepted)
    assert "'ann' has a password here" in failure(back(served, to_provider(served)))
    assert served.client.get("/api/v1/access").json()["account"] is None


@pytest.mark.parametrize("told", [{"email_verified": False}, {}, {"email_verified": "no"}])
def test_an_email_that_was_not_verified(serve: Serve, provider: Provider, told: dict[str, object]) -> None:
    oidc = OidcSettings(provider.discovery_url, CLIENT_ID, CLIENT_SECRET, name_claim="email")
    served = serve(ServerSettings(oidc=oidc, public_url="http://annotate.example/n/"))
    provider.redirect_uri = "http://annotate.example/n/login/callback"
    provider.user = {"sub": "u1", "email": "ann@example.org", **told}
    assert "has not verified" in failure(back(served, to_provider(served)))


def test_cookies_of_an_address_with_tls_travel_with_it_alone(serve: Serve, provider: Provider) -> None:
    oidc = OidcSettings(provider.discovery_url, CLIENT_ID, CLIENT_SECRET)
    served = serve(ServerSettings(oidc=oidc, public_url="https://annotate.example"))
    assert "Secure" in served.client.get("/login").headers["set-cookie"]


def test_a_provider_that_does_not_answer(serve: Serve) -> None:
    served = serve(ServerSettings(oidc=OidcSettings("http://127.0.0.1:9/x", CLIENT_ID, CLIENT_SECRET)))
    assert "does not answer at http://127.0.0.1:9/x" in failure(served.client.get("/login"))


def test_without_a_provider_there_is_no_way_to_it(serve: Serve) -> None:
    served = serve()
    assert served.client.get("/login").status_code == 303
    assert "was not begun here" in failure(served.client.get("/login/callback?state=x"))
