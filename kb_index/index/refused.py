"""Tenants whose articles cannot be read now: told to whoever asks, for as long as it lasts, by a file in the store."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from kb_index.articles.stores import Refusal
from kb_index.errors import Problem
from kb_index.index.durable import replace_durably

FILE = "refused.json"


@dataclass(frozen=True)
class Refused:
    """What is wrong with a tenant's articles, and since when; meanwhile its earlier ones are served."""

    since: str
    problems: tuple[Problem, ...]


class Refusals:
    """The file; any process may read it, whoever reads the articles writes it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    def all(self) -> dict[str, Refused]:
        """By tenant; nothing when the file was never written, or not by this version."""
        try:
            told = json.loads(self._path.read_bytes())
            return {
                tenant: Refused(each["since"], tuple(Problem(**problem) for problem in each["problems"]))
                for tenant, each in told.items()
            }
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return {}

    def tell(self, refused: Mapping[str, Refusal]) -> None:
        """Replace what is told; `since` stays for whoever was refused before."""
        before = self.all()
        now = datetime.now(UTC).isoformat(timespec="seconds")
        told = {
            tenant: Refused(before[tenant].since if tenant in before else now, refusal.problems)
            for tenant, refusal in refused.items()
        }
        if told != before:
            plain = {
                tenant: {"since": each.since, "problems": [vars(problem) for problem in each.problems]}
                for tenant, each in told.items()
            }
            replace_durably(self._path, json.dumps(plain, ensure_ascii=False, indent=1).encode())
