"""OpenID Connect: a provider says who somebody is (authorization code flow with PKCE).

The provider's library calls block, so everything here runs in a thread.
"""

import time
from typing import Any

from tallymark.server.problems import Refused
from tallymark.server.settings import OidcSettings

_SCOPES = "openid profile email"
_FRESH_SECONDS = 3_600.0
_TIMEOUT = 10.0


class Oidc:
    """One provider and our client there."""

    def __init__(self, settings: OidcSettings) -> None:
        self._settings = settings
        self._found: dict[str, Any] = {}
        self._found_at = float("-inf")

    @property
    def operators(self) -> tuple[str, ...]:
        """Names that are operators here."""
        return self._settings.operators

    def begin(self, redirect_uri: str) -> tuple[str, dict[str, str]]:
        """The provider's address to send a browser to, and what to remember until it comes back."""
        from authlib.common.security import generate_token

        remembered = {
            "nonce": generate_token(32),
            "verifier": generate_token(48),
            "redirect_uri": redirect_uri,
        }
        with self._session(redirect_uri) as session:
            url, state = session.create_authorization_url(
                self._provider()["authorization_endpoint"],
                nonce=remembered["nonce"],
                code_verifier=remembered["verifier"],
            )
        return str(url), {**remembered, "state": str(state)}

    def finish(self, remembered: dict[str, str], returned: str) -> str:
        """The name of whoever came back to this address. Errors: `Refused` login_failed."""
        from authlib.common.errors import AuthlibBaseError
        from requests import RequestException

        try:
            with self._session(remembered["redirect_uri"], remembered["state"]) as session:
                token = session.fetch_token(
                    self._provider()["token_endpoint"],
                    authorization_response=returned,
                    code_verifier=remembered["verifier"],
                    timeout=_TIMEOUT,
                )
        except (AuthlibBaseError, RequestException, ValueError) as error:
            raise Refused("login_failed", f"the provider did not confirm the login: {error}") from error
        claims = self._claims(token.get("id_token"), remembered["nonce"])
        name = claims.get(self._settings.name_claim)
        if not isinstance(name, str) or not name.strip():
            raise Refused("login_failed", f"the provider tells no {self._settings.name_claim!r} of this user")
        if self._settings.name_claim == "email" and str(claims.get("email_verified")).lower() != "true":
            raise Refused("login_failed", "the provider has not verified this user's email")
        return name

    def _claims(self, id_token: Any, nonce: str) -> dict[str, Any]:
        """What the provider signed about the user, checked as OpenID Connect Core 3.1.3.7 says."""
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        provider = self._provider()
        try:
            keys = KeySet.import_key_set(_get(provider["jwks_uri"]))
            token = jwt.decode(str(id_token), keys, algorithms=["RS256", "ES256", "EdDSA", "PS256"])
            registry = jwt.JWTClaimsRegistry(
                leeway=60,
                iss={"essential": True, "value": provider["issuer"]},
                aud={"essential": True, "value": self._settings.client_id},
                exp={"essential": True},
                nonce={"essential": True, "value": nonce},
                sub={"essential": True},
            )
            registry.validate(token.claims)
        except (JoseError, ValueError) as error:
            raise Refused("login_failed", f"what the provider signed does not hold: {error}") from error
        return dict(token.claims)

    def _provider(self) -> dict[str, Any]:
        """The provider's own description, at most an hour old. Errors: `Refused` login_failed."""
        if time.monotonic() - self._found_at > _FRESH_SECONDS:
            self._found = _get(self._settings.discovery_url)
            self._found_at = time.monotonic()
        return self._found

    def _session(self, redirect_uri: str, state: str | None = None) -> Any:
        from authlib.integrations.requests_client import OAuth2Session

        return OAuth2Session(
            self._settings.client_id,
            self._settings.client_secret,
            scope=_SCOPES,
            redirect_uri=redirect_uri,
            state=state,
            code_challenge_method="S256",
        )


def _get(url: str) -> Any:
    """A JSON document of the provider. Errors: `Refused` login_failed."""
    import requests

    try:
        reply = requests.get(url, timeout=_TIMEOUT)
        reply.raise_for_status()
        return reply.json()
    except (requests.RequestException, ValueError) as error:
        raise Refused("login_failed", f"the provider does not answer at {url}: {error}") from error
