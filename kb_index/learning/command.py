"""Commands: what customers ask in vain, and what a draft would change."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from kb_index.articles.editing import Desk
from kb_index.articles.files import parse_article
from kb_index.articles.stores import Stores
from kb_index.commands import EXIT_FAILED, Subcommands, load
from kb_index.errors import ArticlesRefused
from kb_index.learning.plain import gap_json, replay_json
from kb_index.learning.replay import Replay
from kb_index.learning.workbench import Workbench
from kb_index.settings import Settings


def register(commands: Subcommands) -> None:
    gaps = commands.add_parser("gaps", help="show what customers asked and nobody had an answer for")
    gaps.add_argument("--tenant", default="demo")
    gaps.add_argument("--days", type=int, default=90)
    gaps.add_argument("--limit", type=int, default=30)
    gaps.add_argument("--json", action="store_true", help="print everything as JSON")
    gaps.set_defaults(run=_gaps)
    replay = commands.add_parser("replay", help="show what publishing a draft would change; fails if for the worse")
    replay.add_argument("--draft", required=True, help="id of a draft, or an article's file such as zh/invoice.md")
    replay.add_argument("--tenant", default="demo")
    replay.add_argument("--json", action="store_true", help="print everything as JSON")
    replay.set_defaults(run=_replay)


def _bench(settings: Settings) -> Workbench:
    return Workbench(
        settings,
        Desk(Stores.of(settings), day=settings.today, withdraw=lambda *_: None),
        knowledge=cache(lambda: load(settings)),
        now=lambda: datetime.now(UTC),
    )


def _gaps(settings: Settings, chosen: argparse.Namespace) -> int:
    found = _bench(settings).gaps(chosen.tenant, days=chosen.days, most=chosen.limit)
    if chosen.json:
        print(json.dumps([gap_json(each) for each in found], ensure_ascii=False, indent=1))
        return 0
    if not found:
        print(f"No question of the last {chosen.days} days was left without an answer.")
    for each in found:
        gap = each.gap
        print(f"{gap.count:>5}  {gap.trend:<8} {gap.last_7_days:>4} / {gap.before_7_days:<4} {gap.id}  {gap.title}")
        for example in gap.examples[1:3]:
            print(f"{'':32}{example.count} x {example.text}")
        if gap.picked:
            print(f"{'':32}agents sent: {', '.join(gap.picked)}")
        elif each.nearest is not None:
            print(f"{'':32}nearest: {each.nearest.article} ({each.nearest.probability:.2f})")
    return 0


def _replay(settings: Settings, chosen: argparse.Namespace) -> int:
    bench, path = _bench(settings), Path(chosen.draft)
    if path.suffix == ".md":
        language = path.parent.name
        article, problems = parse_article(path.read_bytes(), path=path, tenant=chosen.tenant, language=language)
        if article is None:
            raise ArticlesRefused(problems)
        found = bench.replay_article(chosen.tenant, article)
    else:
        found = bench.replay(chosen.tenant, chosen.draft)
    if chosen.json:
        print(json.dumps(replay_json(found), ensure_ascii=False, indent=1))
    else:
        _print(found)
    return EXIT_FAILED if found.worse else 0


def _print(replay: Replay) -> None:
    print(f"{replay.asked} past and {replay.golden} golden questions, {replay.seconds} s, {replay.generation}")
    for action in ("answer", "clarify", "abstain"):
        print(f"  {action:<8} {replay.before.get(action, 0):>5} -> {replay.after.get(action, 0)}")
    for change in replay.changes:
        before, after = (f"{each.action} {','.join(each.articles)}".strip() for each in (change.before, change.after))
        mark = "WORSE" if change.worse else ""
        print(f"{mark:>5}  {change.key}  {change.question.source}: {change.question.text}  [{before}] -> [{after}]")
