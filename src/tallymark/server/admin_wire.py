"""The shapes of operators' requests. `dataset` may be left out where one is served."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class OfDataset(BaseModel):
    """Something is done with a dataset."""

    model_config = ConfigDict(extra="forbid")

    dataset: str | None = None


class OfSession(OfDataset):
    """Something is done with a session, or with all of them."""

    session: str | None = None


class OfTask(OfDataset):
    """A task is withdrawn or put back; with `session`, that session's answer to it."""

    task_id: Annotated[str, Field(max_length=100)]
    session: str | None = None


class OfTasks(OfDataset):
    """Something is done with some tasks, or with all of them."""

    task_ids: Annotated[list[str], Field(max_length=10_000)] | None = None


class OverlapRequest(OfDataset):
    """How many answers a task wants, or every task; null: everyone's."""

    overlap: Annotated[int, Field(ge=1, le=1_000_000)] | None
    task_id: Annotated[str, Field(max_length=100)] | None = None


class AnswersSince(OfDataset):
    """The answers of one session from a time on, in seconds (UNIX)."""

    session: str
    since: float = 0.0


class SendBackRequest(OfDataset):
    """An answer goes back to its author, with a comment that the card shows."""

    task_id: Annotated[str, Field(max_length=100)]
    session: str
    comment: Annotated[str, Field(min_length=1, max_length=2000)]


class RenameSeatRequest(OfDataset):
    """A session gets another name."""

    name: str
    new_name: str


class MergeSeatsRequest(OfDataset):
    """What the session `name` has goes to `into`, and `name` is retired."""

    name: str
    into: str


class RetireSeatRequest(OfDataset):
    """A session is closed."""

    name: str


class LabelRequest(OfDataset):
    """A label is added or retired."""

    label: Annotated[str, Field(min_length=1, max_length=200)]


class RenameLabelRequest(LabelRequest):
    """A label is offered under another name."""

    new: Annotated[str, Field(min_length=1, max_length=200)]


class MergeLabelsRequest(LabelRequest):
    """The label `into` is offered instead of `label`."""

    into: str


class InstructionsRequest(OfDataset):
    """Other instructions, as text or Markdown."""

    text: Annotated[str, Field(max_length=1_000_000)]


class ReopenAffectedRequest(OfDataset):
    """Answers given before a change of the labels (the last one) go back to their authors with a comment."""

    comment: Annotated[str, Field(min_length=1, max_length=2000)]
    label: str | None = None
    version: Annotated[int, Field(ge=0)] | None = None


class EraseRecordRequest(OfDataset):
    """The inputs of these tasks vanish from every dataset. `sure`: it cannot be taken back."""

    task_ids: Annotated[list[str], Field(min_length=1, max_length=1000)]
    sure: bool


class ErasePersonRequest(BaseModel):
    """A person's name vanishes from the whole database. `sure`: it cannot be taken back."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1)]
    sure: bool


BODIES: tuple[type[BaseModel], ...] = (
    OfDataset,
    OfSession,
    OfTask,
    OfTasks,
    OverlapRequest,
    AnswersSince,
    SendBackRequest,
    RenameSeatRequest,
    MergeSeatsRequest,
    RetireSeatRequest,
    LabelRequest,
    RenameLabelRequest,
    MergeLabelsRequest,
    InstructionsRequest,
    ReopenAffectedRequest,
    EraseRecordRequest,
    ErasePersonRequest,
)
