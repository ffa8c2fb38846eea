"""Imports as people run them, through the command, and what they left behind."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kb_index.__main__ import main
from kb_index.articles.files import read_all
from kb_index.articles.model import Article


@dataclass
class Desk:
    """A folder of sources and a folder of articles."""

    folder: Path
    capsys: pytest.CaptureFixture[str]

    @property
    def kb(self) -> Path:
        return self.folder / "kb"

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / "sources" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def run(self, *sources: Path | str, code: int = 0, into: str | None = None, options: str = "") -> dict[str, Any]:
        """The report of an import; `code` is the exit code that it must have."""
        self.capsys.readouterr()
        arguments = ["import", *map(str, sources), "--tenant", "demo", "--into", into or str(self.kb)]
        found = main([*arguments, "--lexical", "--json", *options.split()])
        printed = self.capsys.readouterr()
        assert found == code, printed.out + printed.err
        report: dict[str, Any] = json.loads(printed.out)
        return report

    def articles(self) -> dict[str, Article]:
        """The articles of the folder by title."""
        return {article.title: article for article in read_all("demo", self.kb)[0]}

    def file_of(self, title: str) -> Path:
        article = self.articles()[title]
        return next((self.kb / article.language).rglob(f"{article.id}.md"))


def whys(report: dict[str, Any], action: str) -> str:
    """Everything that was said about what this happened to."""
    return "\n".join(
        f"{o['source']} {o.get('where', '')}: {o.get('why', '')}" for o in report["outcomes"] if o["action"] == action
    )
