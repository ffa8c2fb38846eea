"""docs/reliability.md promises nothing that no test checks: every test that it names exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


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


def test_no_figure_is_left_to_be_filled_in() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    assert [page.name for page in pages if "FIGURE" in page.read_text()] == []
