"""Command: import documents, FAQ sheets, a site or past conversations as articles."""

from __future__ import annotations

import argparse
import ipaddress
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from kb_index.articles.duplicates import Embed
from kb_index.articles.findings import FindingKind
from kb_index.commands import EXIT_FAILED, EXIT_MISUSED, Subcommands
from kb_index.errors import UnknownTenant
from kb_index.importing.report import Report
from kb_index.settings import Settings

LEDGER = ".imported.jsonl"


def register(commands: Subcommands) -> None:
    command = commands.add_parser("import", help="take documents, FAQ sheets, a site or conversations as articles")
    add = command.add_argument
    add("sources", nargs="+", metavar="SOURCE", help="file, folder, or address of a sitemap or page")
    add("--tenant", help="whose articles (needed when there are several tenants)")
    add("--into", metavar="FOLDER|database", help="where to (default: where the tenant's articles are)")
    add(
        "--language", choices=("zh", "en", "auto"), default="auto", help="of all articles (default: seen from the text)"
    )
    add("--category", default="imported", help="of articles whose source names none")
    add("--owner", default="imported", help="who answers for the articles")
    add("--audience", choices=("public", "agents"), default="public", help="who may read them")
    add("--map", default="", metavar="FIELD=COLUMN,…", help="columns of sheets: question=标准问,answer=3")
    add("--publish", action="store_true", help="publish those that the checks find nothing against")
    add("--retire-missing", action="store_true", help="retire what the source does not have any more")
    add("--dry-run", action="store_true", help="write nothing, only tell what would be done")
    add("--lexical", action="store_true", help="compare questions by their letters, without the model")
    add("--json", action="store_true", help="the report as JSON")
    add("--host", action="append", default=[], help="a further host whose pages may be read")
    add("--allow-address", action="append", default=[], metavar="IP", help="an address of our own network to allow")
    add("--pause", type=float, default=0.5, metavar="SECONDS", help="between two pages of a site")
    add("--pages", type=int, default=2000, help="of a site, at most")
    command.set_defaults(run=_import)


def _import(settings: Settings, chosen: argparse.Namespace) -> int:
    from kb_index.importing.columns import parse_map
    from kb_index.importing.drafting import Choices
    from kb_index.importing.run import Order, run_import
    from kb_index.importing.site import SiteRules
    from kb_index.importing.targets import target_of

    tenant = chosen.tenant or (next(iter(settings.tenants)) if len(settings.tenants) == 1 else None)
    if tenant is None:
        print(f"choose one with --tenant: {', '.join(settings.tenants)}", file=sys.stderr)
        return EXIT_MISUSED
    place = Path(chosen.into) if chosen.into not in (None, "database") else chosen.into or settings.tenants.get(tenant)
    if place is None:
        raise UnknownTenant(tenant)
    try:
        columns = parse_map(chosen.map)
        allowed = tuple(str(ipaddress.ip_address(each)) for each in chosen.allow_address)
    except ValueError as error:
        print(error, file=sys.stderr)
        return EXIT_MISUSED
    choices = Choices(
        tenant=tenant,
        day=settings.today(),
        language=chosen.language,
        category=chosen.category,
        owner=chosen.owner,
        audience=chosen.audience,
    )
    order = Order(
        sources=tuple(chosen.sources),
        choices=choices,
        into=str(place),
        columns=columns,
        site=SiteRules(tuple(chosen.host), allowed, max(chosen.pause, 0.0), max(chosen.pages, 1)),
        publish=chosen.publish,
        retire_missing=chosen.retire_missing,
        dry_run=chosen.dry_run,
    )
    ledger = place / LEDGER if isinstance(place, Path) else settings.store / "imported" / f"{tenant}.jsonl"
    target = target_of(place, tenant, database=settings.database)
    embed = None if chosen.lexical else _embed(settings)
    report = run_import(order, target, ledger, progress=_tell, embed=embed)
    own = place == (settings.tenants.get(tenant) or "database")
    opened = 0 if chosen.dry_run or not own else _follow(settings, tenant, report)
    if chosen.json:
        print(json.dumps(report.plain(), ensure_ascii=False, indent=1))
    else:
        for line in report.lines():
            print(line)
        if opened:
            print(f"{opened} tasks opened for the owners of articles: python -m kb_index tasks --tenant {tenant}")
    return EXIT_FAILED if report.needs_repair else 0


def _follow(settings: Settings, tenant: str, report: Report) -> int:
    """Open and close the tasks of what was imported and held back; returns how many were opened."""
    from kb_index.articles.stores import Stores
    from kb_index.articles.tasks.store import TaskStore

    tasks = TaskStore(tenant, Stores.of(settings).database)
    kinds = [FindingKind.HELD_BACK]
    return tasks.follow(report.held, now=datetime.now(UTC), of=report.checked, kinds=kinds).opened


def _tell(step: str) -> None:
    print(step, file=sys.stderr, flush=True)


def _embed(settings: Settings) -> Embed | None:
    """The encoder; letters are compared when it cannot be had."""
    from kb_index.errors import ModelUnavailable
    from kb_index.index.embedding import load_encoder

    try:
        return load_encoder(settings.model).encode
    except ModelUnavailable as error:
        _tell(f"{error} Questions are compared by their letters.")
        return None
