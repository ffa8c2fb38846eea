"""Commands: check the articles, list the tasks of their owners."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from kb_index.articles.checks import review
from kb_index.articles.duplicates import Embed
from kb_index.articles.findings import OF_PUBLISHED, Finding, Severity
from kb_index.articles.stores import Stores
from kb_index.articles.tasks.store import TaskStore
from kb_index.commands import EXIT_FAILED, Subcommands
from kb_index.settings import Settings


def register(commands: Subcommands) -> None:
    check = commands.add_parser("check", help="check what is published, and open and close the owners' tasks")
    check.add_argument("--tenant", help="only this one")
    check.add_argument("--lexical", action="store_true", help="compare questions by their letters, without the model")
    check.add_argument("--no-tasks", action="store_true", help="only print; open and close no tasks")
    check.set_defaults(run=_check)
    tasks = commands.add_parser("tasks", help="list what the owners of articles are to do")
    tasks.add_argument("--tenant", help="only this one")
    tasks.add_argument("--owner", help="only of this owner")
    tasks.add_argument("--done", action="store_true", help="those that are done")
    tasks.set_defaults(run=_tasks)


def _check(settings: Settings, chosen: argparse.Namespace) -> int:
    """Exit code 1 when there is an error."""
    stores = Stores.of(settings)
    embed = None if chosen.lexical else _embed(settings)
    day = settings.today()
    errors = 0
    for tenant in _chosen(settings, chosen):
        articles = stores.tenant(tenant).read().articles
        findings = review(articles, day, embed)
        for finding in findings:
            print(f"{tenant}: {finding}")
        errors += sum(finding.severity is Severity.ERROR for finding in findings)
        print(f"{tenant}: {len(articles)} articles, {_counted(findings)}.")
        if not chosen.no_tasks:
            followed = TaskStore(tenant, stores.database).follow(findings, now=datetime.now(UTC), kinds=OF_PUBLISHED)
            print(f"{tenant}: {followed.opened} tasks opened, {followed.closed} closed, {followed.open} are open.")
    return EXIT_FAILED if errors else 0


def _counted(findings: list[Finding]) -> str:
    if not findings:
        return "no findings"
    kinds = sorted({(finding.severity, finding.kind) for finding in findings})
    counts = (
        f"{sum((finding.severity, finding.kind) == each for finding in findings)} {each[1]} ({each[0]})"
        for each in kinds
    )
    return ", ".join(counts)


def _tasks(settings: Settings, chosen: argparse.Namespace) -> int:
    stores = Stores.of(settings)
    for tenant in _chosen(settings, chosen):
        for task in TaskStore(tenant, stores.database).tasks(owner=chosen.owner, done=chosen.done):
            until = f"done {task.done.date()}" if task.done is not None else f"due {task.due}"
            print(f"{tenant}  {until}  {task.finding.owner}  {task.finding}")
    return 0


def _chosen(settings: Settings, chosen: argparse.Namespace) -> list[str]:
    """The tenants of the command; raises UnknownTenant for one that is not in the settings."""
    if chosen.tenant is None:
        return sorted(settings.tenants)
    Stores.of(settings).tenant(chosen.tenant)
    return [str(chosen.tenant)]


def _embed(settings: Settings) -> Embed:
    from kb_index.index.embedding import load_encoder

    encoder = load_encoder(settings.model)
    return lambda texts: encoder.encode(list(texts))
