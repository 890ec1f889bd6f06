"""The start of a run: its dataset, its settings in the database, and the people who may come."""

import os
from typing import Any

from tallymark.channel.client import Address
from tallymark.components import RecipeComponents
from tallymark.config import Settings
from tallymark.config.people import Wanted
from tallymark.host.custom_code import custom_code_of
from tallymark.host.run_channel import RunChannel
from tallymark.host.say import Say, failed_at_start
from tallymark.names import canonical
from tallymark.routers import full_overlap, no_overlap
from tallymark.types import Channel


def start_run(
    components: RecipeComponents,
    *,
    dataset: str,
    recipe: str,
    command: str,
    settings: Settings,
    channel: Channel,
    address: Address,
    say: Say,
) -> RunChannel:
    """Make the dataset and its new run; every older run of it is fenced from here on."""
    wanted, meant = _wanted(components, settings)
    made = channel.call(
        "datasets.ensure_dataset",
        name=dataset,
        exclude_by=settings.exclude_by,
        overlap=wanted.least,
        share=wanted.share,
        most=wanted.most,
        ignore_counts=settings.ignore_counts,
        lease_seconds=settings.lease_seconds,
    )
    if settings.annotators:
        channel.call("seats.set_tags", annotators=settings.annotators)
    started = channel.call(
        "runs.start_run",
        dataset=made["name"],
        recipe=recipe,
        command=command,
        view_id=components.view_id,
        config=_config(components, settings, made["name"], wanted.least if meant else made["overlap"]),
        labels=_labels(settings),
        instructions=settings.instructions_text(),
        wants=[*components.callbacks, *(["events"] if components.event_hooks else [])],
        exclude=list(components.exclude),
        exclude_own=settings.exclude_for == "annotator",
        again=not settings.auto_exclude_current,
        host_pid=os.getpid(),
        address=address.url,
        secret=address.secret,
    )
    run = RunChannel(channel, run=started["run"], generation=started["generation"])
    _allow(channel, made["name"], _allowed(settings), say)
    if meant:
        _want(run, wanted, say)
    return run


def _allow(channel: Channel, dataset: str, names: list[str] | None, say: Say) -> None:
    """Seats for those who may come, and for nobody else."""
    if not names:
        return
    retired = channel.call("seats.allow_seats", dataset=dataset, names=names)["retired"]
    if retired:
        say(f"Not among the allowed sessions any more: {', '.join(retired)}. Others get what they held.")


def _wanted(components: RecipeComponents, settings: Settings) -> tuple[Wanted, bool]:
    """How many answers tasks want, and whether somebody said so for this start."""
    said = settings.feed_overlap or settings.annotations_per_task is not None
    router = components.callback("task_router")
    if not said and router in (full_overlap, no_overlap):
        return Wanted(None if router is full_overlap else 1), True
    return settings.wanted, said


def _want(run: RunChannel, wanted: Wanted, say: Say) -> None:
    """Let all tasks of the dataset want so many answers, also those of earlier starts."""
    told = run.call("wanting.want", least=wanted.least, share=wanted.share, most=wanted.most)
    if not told["changed"]:
        return
    after: int | None = 0
    while after is not None:
        after = run.call("wanting.want_part", after=after)["after"]
    say("Tasks queued before want as many answers as new ones from now on; answers they have stay counted.")


def _config(
    components: RecipeComponents, settings: Settings, dataset: str, overlap: int | None
) -> dict[str, Any]:
    """What the page is sent, and under `_server` what the server alone needs to know."""
    server = {
        "allowed_sessions": _allowed(settings),
        "overlap": overlap,
        "hooks": _hooks(settings),
        "suggested": settings.session or _own_name(components),
    }
    code = custom_code_of(settings.for_page(), dataset=dataset)
    return {**code.page, "_server": {**server, "custom_code": dict(code.server)}}


def _own_name(components: RecipeComponents) -> str | None:
    """The name that the recipe gives to sessions. Errors: `RecipeError` where its function fails."""
    named = components.callback("get_session_id")
    if named is None:
        return None
    try:
        return str(named())
    except (Exception, SystemExit) as error:
        raise failed_at_start("get_session_id", error) from error


def _allowed(settings: Settings) -> list[str] | None:
    allowed = settings.allowed_sessions
    return None if allowed is None else [canonical(name) for name in allowed]


def _hooks(settings: Settings) -> dict[str, Any]:
    if not settings.hooks:
        return {}
    return {
        "targets": dict(settings.hooks),
        "stuck_minutes": settings.stuck_minutes,
        "agreement_bound": settings.agreement_bound,
    }


def _labels(settings: Settings) -> list[str]:
    if settings.labels:
        return list(settings.labels)
    return [settings.label] if settings.label else []
