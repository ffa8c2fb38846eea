"""docs/reliability.md promises nothing that no test checks and leaves no fault out: every test that it names exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
# What can go wrong, as the tests number it; 83 to 108 are the security of pages and doors, which has tests of its own.
FAULTS = [*range(1, 83), *range(109, 117)]
TORTURE = "tests/handoff_service/web/torture"


def test_every_test_that_the_page_names_exists() -> None:
    missing = []
    named = NAMED.findall((ROOT / "docs" / "reliability.md").read_text())
    for path, test in named:
        source = ROOT / path
        if not source.is_file():
            missing.append(path)
        elif test:
            nodes = ast.walk(ast.parse(source.read_text()))
            functions = {node.name for node in nodes if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}
            if test not in functions:
                missing.append(f"{path}::{test}")
    assert len(named) > 30
    assert missing == []


def test_every_fault_has_a_row_that_names_its_test() -> None:
    rows = re.findall(r"^\| F-(\d+) \|(.+)\|(.+)\|$", (ROOT / "docs" / "reliability.md").read_text(), re.MULTILINE)
    assert [int(number) for number, _, _ in rows] == FAULTS
    assert [number for number, _, tests in rows if not any(test for _, test in NAMED.findall(tests))] == []


def test_every_file_of_the_torture_suite_is_in_its_table() -> None:
    page = (ROOT / "docs" / "reliability.md").read_text().partition("## The handoff torture suite")[2]
    table = page.partition("\n## ")[0]
    files = {path.relative_to(ROOT).as_posix() for path in (ROOT / TORTURE).glob("test_*.py")}
    assert {path for path, _ in NAMED.findall(table)} == files
    assert table.count(f"| `{TORTURE}/") == 15, "a line for each way in which handoffs go wrong elsewhere"


def test_no_figure_is_left_to_be_filled_in() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    assert [page.name for page in pages if "FIGURE" in page.read_text()] == []
