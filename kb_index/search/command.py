"""Command: show what a customer's text finds."""

from __future__ import annotations

import argparse
from datetime import datetime
from zoneinfo import ZoneInfo

from kb_index.articles.model import Audience
from kb_index.commands import Subcommands, load
from kb_index.search.understand import Asked
from kb_index.settings import Settings


def register(commands: Subcommands) -> None:
    search = commands.add_parser("search", help="show what a customer's text finds")
    search.add_argument("text")
    search.add_argument("--tenant", default="demo")
    search.add_argument("--language", choices=("zh", "en"))
    search.add_argument("--audience", choices=[str(audience) for audience in Audience], default="public")
    search.set_defaults(run=_search)


def _search(settings: Settings, chosen: argparse.Namespace) -> int:
    asked = Asked(
        text=chosen.text,
        tenant=chosen.tenant,
        audience=Audience(chosen.audience),
        language=chosen.language,
        earlier=(),
        limit=5,
    )
    found = load(settings).understand(
        asked,
        day=datetime.now(ZoneInfo(settings.timezone)).date(),
        default_language=settings.default_language,
        unhappy_threshold=settings.unhappy_threshold,
    )
    decision, mood = found.decision, found.mood
    print(f"{decision.action} ({decision.rule}), probability {decision.probability:.2f}, {found.took_ms:.1f} ms")
    print(f"language {found.language}, {mood.label} {mood.unhappy:.2f} {' '.join(mood.evidence)}")
    for hit in found.hits:
        print(f"{hit.probability:6.3f} {hit.score:6.3f}  {hit.article} [{hit.language}] {hit.title} <- {hit.passage}")
    return 0
