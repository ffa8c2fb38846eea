"""Command: show what a customer's text finds."""

from __future__ import annotations

import argparse

from kb_index.articles.model import Audience
from kb_index.commands import Subcommands, load
from kb_index.confidence.decision import Action
from kb_index.reading.follow_up import Said
from kb_index.search.understand import CHAT, Asked
from kb_index.settings import Settings


def register(commands: Subcommands) -> None:
    search = commands.add_parser("search", help="show what a customer's text finds")
    search.add_argument("text")
    search.add_argument("--tenant", default="demo")
    search.add_argument("--language", choices=("zh", "en"))
    search.add_argument("--audience", choices=[str(audience) for audience in Audience], default="public")
    search.add_argument("--before", action="append", default=[], metavar="TEXT", help="what the customer said before")
    search.add_argument("--channel", default=CHAT, help="whose wording to show: chat, page, or a kind of channel")
    search.set_defaults(run=_search)


def _search(settings: Settings, chosen: argparse.Namespace) -> int:
    asked = Asked(
        text=chosen.text,
        tenant=chosen.tenant,
        audience=Audience(chosen.audience),
        language=chosen.language,
        earlier=tuple(Said("customer", text) for text in chosen.before),
        limit=5,
        channel=chosen.channel,
    )
    found = load(settings).understand(
        asked,
        day=settings.today(),
        default_language=settings.default_language,
        unhappy_threshold=settings.unhappy_threshold,
    )
    decision, mood = found.decision, found.mood
    print(f"{decision.action} ({decision.rule}), probability {decision.probability:.2f}, {found.took_ms:.1f} ms")
    print(f"language {found.language}, {mood.label} {mood.unhappy:.2f} {' '.join(mood.evidence)}")
    for note in found.reading.notes if found.reading else ():
        print(f"read as ({note.kind}): {note.before} -> {note.after}")
    for hit in found.hits:
        print(f"{hit.probability:6.3f} {hit.score:6.3f}  {hit.article} [{hit.language}] {hit.title} <- {hit.passage}")
        if hit.doubt is not None:
            print(f"{'':15}in doubt: {hit.doubt}")
    if found.decision.action is Action.ANSWER:
        print(f"\n{found.hits[0].answer}")
    return 0
