"""Golden questions: a tenant's own set, in a file that git keeps and in the database that the desk edits."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from kb_index.errors import TextsRefused
from kb_index.learning import store
from kb_index.learning.model import Golden
from kb_index.text.collections import json_lines
from kb_index.text.language import detect_language

FOLDER = "golden"


def golden_of(connection: sa.Connection, tenant: str, evaluation: Path) -> list[Golden]:
    """Those of `<evaluation>/golden/<tenant>.jsonl` and of the database, each wording once; the database's count.

    Raises TextsRefused.
    """
    path = evaluation / FOLDER / f"{tenant}.jsonl"
    found = {one.text: one for one in (read_golden(path) if path.is_file() else [])}
    found |= {one.text: one for one in store.all_golden(connection, tenant).values()}
    return list(found.values())


def read_golden(path: Path) -> list[Golden]:
    """Lines {"text", "article": id or null, "also": [ids], "language"} of one file; the last two may be missing."""
    golden = []
    for line, values in json_lines(path):
        text, article, also = values.get("text"), values.get("article"), values.get("also", [])
        if not isinstance(text, str) or not text.strip():
            raise TextsRefused(str(path), line, "'text' must be the question")
        if "article" not in values or not (article is None or isinstance(article, str)):
            raise TextsRefused(str(path), line, "'article' must be an article's id, or null when none may answer")
        if not isinstance(also, list) or not all(isinstance(each, str) for each in also):
            raise TextsRefused(str(path), line, "'also' must be a list of ids")
        language = values.get("language") or detect_language(text, known=None, default="zh")
        golden.append(Golden(text, article, str(language), tuple(also)))
    return golden
