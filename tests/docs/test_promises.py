"""What the page of promises names is played through."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCENARIOS = ROOT / "tests" / "scenarios"
NAMED = re.compile(r"`(test_\w+\.py)::(test_\w+)`")


def scenarios_in(path: Path) -> set[tuple[str, str]]:
    """The tests of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = (each.name for each in tree.body if isinstance(each, ast.FunctionDef))
    return {(path.name, name) for name in functions if name.startswith("test_")}


def test_every_promise_names_tests_that_exist_and_every_scenario_of_a_complaint_is_named() -> None:
    rows = [
        line
        for line in (ROOT / "docs/concepts/promises.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| ") and not line.startswith("| complaint")
    ]
    assert len(rows) >= 20
    assert all(NAMED.search(row) for row in rows)
    named = {pair for row in rows for pair in NAMED.findall(row)}
    there = set[tuple[str, str]]().union(*map(scenarios_in, SCENARIOS.glob("test_*.py")))
    assert named - there == set()
    assert {pair for pair in there if pair[0] != "test_teams.py"} - named == set()
