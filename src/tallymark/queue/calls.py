"""The queue functions that a host or a command may call over the Channel, by name."""

from collections.abc import Callable
from typing import Any

from tallymark.queue import (
    accounts,
    adding,
    answers,
    datasets,
    demand,
    dropping,
    enqueue,
    erasing,
    history,
    importing,
    labelling,
    lease,
    operate,
    people,
    pushing,
    routing,
    runs,
    seats,
    servers,
    settle,
    sources,
    waiting,
    wanting,
)

CALLS: dict[str, Callable[..., Any]] = {
    f"{module.__name__.rpartition('.')[2]}.{function.__name__}": function
    for module, functions in (
        (accounts, (accounts.any_accounts, accounts.invite, accounts.disable, accounts.enable)),
        (
            adding,
            (adding.add_source, adding.added_sources, adding.added_source_state, adding.look_up_added),
        ),
        (answers, (answers.save,)),
        (datasets, (datasets.ensure_dataset,)),
        (dropping, (dropping.begin_drop, dropping.drop_part)),
        (enqueue, (sources.open_source, enqueue.enqueue, sources.source_done, demand.demand)),
        (erasing, (erasing.erase_record, erasing.erase_person)),
        (history, (history.history,)),
        (importing, (importing.import_answers,)),
        (
            labelling,
            (
                labelling.labels,
                labelling.add_label,
                labelling.rename_label,
                labelling.merge_labels,
                labelling.retire_label,
                labelling.set_instructions,
                labelling.affected,
                labelling.reopen_affected,
            ),
        ),
        (lease, (lease.lease, lease.release, lease.heartbeat)),
        (
            operate,
            (
                operate.pause,
                operate.resume,
                operate.release_all,
                operate.withdraw_task,
                operate.reopen_task,
                operate.withdraw_answer,
                operate.reinstate_answer,
                operate.set_overlap,
                operate.set_ineligible,
            ),
        ),
        (
            people,
            (
                people.withdraw_answers,
                people.reinstate_answers,
                people.send_answer_back,
                people.rename_seat,
                people.merge_seats,
            ),
        ),
        (pushing, (pushing.push,)),
        (
            runs,
            (
                runs.start_run,
                runs.beat,
                runs.end_run,
                runs.end_abandoned,
                runs.stream_state,
                runs.project,
            ),
        ),
        (routing, (routing.to_route, routing.route, routing.routed)),
        (
            seats,
            (seats.claim_seat, seats.reserve_seats, seats.allow_seats, seats.retire_seat, seats.set_tags),
        ),
        (servers, (servers.newest_server,)),
        (
            settle,
            (
                settle.due,
                settle.delivered,
                settle.forms_due,
                settle.store_forms,
                settle.unvalidated,
                settle.validated,
                settle.set_progress,
            ),
        ),
        (waiting, (waiting.awaiting, waiting.unfillable, waiting.open_to_all)),
        (wanting, (wanting.want, wanting.want_part)),
    )
    for function in functions
}

NEEDS_SHAPES = frozenset({"answers.save", "importing.import_answers"})
"""Calls that take `shapes`, which whoever executes them adds."""

BULK = frozenset(
    {
        "dropping.drop_part",
        "enqueue.enqueue",
        "importing.import_answers",
        "wanting.want_part",
        "routing.route",
        "labelling.reopen_affected",
        "people.reinstate_answers",
        "people.withdraw_answers",
        "settle.store_forms",
    }
)
"""Calls that give way to sessions in the writer."""
