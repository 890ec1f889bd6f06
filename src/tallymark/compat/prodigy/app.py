"""`prodigy.app`: serving a controller."""

from collections.abc import Mapping
from typing import Any

from tallymark.compat.components import as_components
from tallymark.errors import RecipeError

__all__ = ["server"]


def server(controller: Any, config: Mapping[str, Any] | None = None) -> int:
    """Serve what `Controller.from_components` made until it is stopped; `config` are settings."""
    from tallymark.cli.run import serve_components

    components = as_components(controller)
    if components is None:
        raise RecipeError("prodigy.app.server() takes what Controller.from_components() gives.")
    own = {**(components.get("config") or {}), **(config or {})}
    return serve_components({**components, "config": own}, name=controller.name)
