"""The description of the API: `python -m tallymark.server.openapi` prints it.

The page's types are generated from it, so it names every body and reply exactly.
"""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from tallymark.server import admin_wire, replies, wire
from tallymark.server.problems import PROBLEM_TYPE

_REF = "#/components/schemas/{model}"
_BODIES: tuple[type[BaseModel], ...] = (
    wire.SessionRequest,
    wire.LeaseRequest,
    wire.AnswersRequest,
    wire.ReleaseRequest,
    wire.HeartbeatRequest,
    wire.LoginRequest,
    wire.AcceptRequest,
    *admin_wire.BODIES,
    replies.ProblemDocument,
)
_METHODS = ("get", "post")


def described(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, made once: hand-parsed bodies and problem documents included."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, routes=app.routes, description=app.description
        )
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas.update(_bodies())
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        for path in document["paths"].values():
            for method in _METHODS:
                if method in path:
                    _describe_problems(path[method])
        app.openapi_schema = document
    return app.openapi_schema


def _bodies() -> dict[str, Any]:
    _, definitions = models_json_schema([(body, "validation") for body in _BODIES], ref_template=_REF)
    schemas: dict[str, Any] = definitions["$defs"]
    return schemas


def _describe_problems(operation: dict[str, Any]) -> None:
    operation["responses"].pop("422", None)
    operation["responses"]["default"] = {
        "description": "A problem; its code is explained in the reference.",
        "content": {PROBLEM_TYPE: {"schema": {"$ref": _REF.format(model="ProblemDocument")}}},
    }


def main() -> None:
    """Print the document, with keys in order, so that a change shows as a small difference."""
    import json
    import sys
    import tempfile
    from pathlib import Path

    from tallymark.queue.writer import Writer
    from tallymark.server.app import create_app
    from tallymark.store import Store

    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(Path(folder) / "empty.db")
        writer = Writer(store)
        document = create_app(store, writer).openapi()
        writer.close()
        store.close()
    sys.stdout.write(json.dumps(document, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
