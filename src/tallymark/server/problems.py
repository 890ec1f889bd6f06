"""Every refusal of the server: a stable code, its HTTP status and what it means.

`docs/reference/errors.md` explains each code; a test holds the two equal.
"""

from dataclasses import dataclass
from typing import Any

from fastapi import Response

from tallymark import jsontext
from tallymark.errors import TallymarkError

PROBLEM_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Problem:
    """What a code means over HTTP."""

    status: int
    title: str


PROBLEMS: dict[str, Problem] = {
    "body_too_large": Problem(413, "The request body is too large"),
    "busy": Problem(409, "Somebody else holds what is needed"),
    "channel_down": Problem(503, "The other process does not answer"),
    "closing": Problem(503, "The server is stopping"),
    "cross_origin": Problem(403, "Another site may not use this server"),
    "database_busy": Problem(503, "Another process writes to this database"),
    "dataset_required": Problem(409, "Several datasets are served; name one"),
    "error": Problem(500, "Something went wrong"),
    "fenced": Problem(409, "This host was replaced by a newer one"),
    "host_busy": Problem(503, "The recipe is busy"),
    "host_down": Problem(503, "The recipe's process is not running"),
    "input": Problem(422, "Something given is wrong"),
    "internal": Problem(500, "The server failed"),
    "invalid_request": Problem(422, "The request does not have the expected shape"),
    "login_failed": Problem(401, "The login failed"),
    "login_required": Problem(401, "Log in first"),
    "media_type": Problem(415, "The request body must be application/json"),
    "media_unknown": Problem(404, "There is no such media file"),
    "method_not_allowed": Problem(405, "This address does not take that method"),
    "not_operator": Problem(403, "Operators work on the server's own machine"),
    "no_project": Problem(404, "No recipe has been started for this dataset"),
    "not_allowed": Problem(403, "This account may not do that"),
    "not_known": Problem(404, "There is no such thing"),
    "page_missing": Problem(503, "The page is not part of this installation"),
    "recipe": Problem(422, "The recipe asked for something impossible"),
    "session_erased": Problem(410, "This person was erased"),
    "session_not_allowed": Problem(403, "This name is not on the list of allowed sessions"),
    "session_unknown": Problem(404, "There is no such session"),
    "setting": Problem(422, "A setting is wrong"),
    "source": Problem(422, "A source cannot be read"),
    "store": Problem(500, "The database is damaged, gone or not ours"),
    "store_unavailable": Problem(503, "The database cannot be written just now"),
    "too_many_tries": Problem(429, "Too many failed tries"),
    "wrong_host": Problem(421, "This server does not answer to that host name"),
}


class Refused(TallymarkError):
    """A request the server itself refuses, by one of the codes above; `more` joins the problem document."""

    def __init__(self, code: str, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.code = code
        self.more = more


def problem(code: str, detail: str, **more: Any) -> Response:
    """The reply that reports a problem; `seconds` says when to try again."""
    known = PROBLEMS.get(code, PROBLEMS["error"])
    document = {
        "type": f"about:blank#{code}",
        "title": known.title,
        "status": known.status,
        "code": code,
        "detail": detail,
        **more,
    }
    headers = {"retry-after": str(more["seconds"])} if "seconds" in more else None
    return Response(
        jsontext.dumps(document), status_code=known.status, media_type=PROBLEM_TYPE, headers=headers
    )
