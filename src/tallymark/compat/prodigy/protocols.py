"""`prodigy.protocols`: shapes for annotations."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypedDict

from tallymark.compat.prodigy.types import TaskType

__all__ = ["ControllerComponentsDict", "RecipeEventHookProtocol"]


class ControllerComponentsDict(TypedDict, total=False):
    """What a recipe returns."""

    dataset: str | bool | None
    view_id: str
    stream: Iterable[TaskType]
    update: Callable[..., Any] | None
    progress: Callable[..., Any] | None
    db: Any
    exclude: list[str] | None
    on_load: Callable[..., Any] | None
    on_exit: Callable[..., Any] | None
    before_db: Callable[..., Any] | None
    validate_answer: Callable[..., Any] | None
    get_session_id: Callable[[], str] | None
    task_router: Callable[..., list[str]] | None
    session_factory: Callable[..., Any] | None
    event_hooks: dict[str, Callable[..., Any]]
    config: dict[str, Any]


class RecipeEventHookProtocol(Protocol):
    """A function that scripts of the page may call."""

    def __call__(self, ctrl: Any, **kwargs: Any) -> Any:
        """Gets the controller and what the script sent; gives what it is to receive, as JSON."""
