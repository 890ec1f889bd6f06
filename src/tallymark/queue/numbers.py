"""Numbers as people and programs give them."""


def is_task_id(task_id: object) -> bool:
    """Whether this has the form of a task id of ours."""
    return isinstance(task_id, str) and task_id.isascii() and task_id.isdigit() and len(task_id) < 19


def within_64_bits(number: int) -> int:
    """The number, or the nearest one that a database can compare with."""
    return max(-(2**63), min(number, 2**63 - 1))
